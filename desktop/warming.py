"""Loading the model behind the window, so that the next take starts at once."""

from collections.abc import Iterator
from typing import Protocol

from desktop.actions import models
from desktop.app import App
from desktop.bridge import Bridge
from desktop.texts import tr
from engine.events import Event, Failed


class Warmable(Protocol):
    """What `desktop.worker.process.ProcessBackend` can do before the first job."""

    def devices(self) -> list[tuple[str, str]]:
        """The id and the name of what can be computed on, best first."""

    def warm_up(self, model: str) -> Iterator[Event]:
        """Load a model and run it for a moment."""


def keep_warm(app: App, bridge: Bridge, backend: Warmable) -> None:
    """Look for devices, then load the draft's model, and again whenever the model or the device is changed.

    A device that was chosen once but is gone is chosen no more.
    """
    state = app.state
    wanted = ("", "")

    def looked(devices: list[tuple[str, str]]) -> None:
        state.devices.value = tuple(devices)
        if state.device.value not in dict(devices):
            models.use_device(app, "")
        load()
        state.draft.changed.connect(load)
        state.device.changed.connect(load)

    def load(_: object = None) -> None:
        nonlocal wanted
        now = (state.draft.value.model, state.device.value)
        if now == wanted:
            return
        wanted = now
        state.engine.value = tr("Loading the model …")
        bridge.prepare(
            lambda: _warmed(backend, now[0]) if now == wanted else "", lambda problem: loaded(now, problem)
        )

    def loaded(what: tuple[str, str], problem: str) -> None:
        if what == wanted:
            state.engine.value = problem or tr("Ready")

    state.engine.value = tr("Loading the model …")
    bridge.prepare(backend.devices, looked)


def _warmed(backend: Warmable, model: str) -> str:
    """Why it could not be loaded; nothing if it was."""
    *_, end = backend.warm_up(model)
    return end.problem.what if isinstance(end, Failed) else ""
