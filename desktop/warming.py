"""Loading the model behind the window, so that the next take starts at once."""

from collections.abc import Iterator
from typing import Protocol

from desktop.actions import models
from desktop.app import App
from desktop.bridge import Bridge
from desktop.state import Place
from desktop.texts import tr
from engine.cancel import CancelToken
from engine.events import Event, Failed
from engine.job import GenerationSettings, Job


class Warmable(Protocol):
    """What of `desktop.worker.hosts.Hosts` is needed before the first job."""

    def places(self) -> list[Place]:
        """Where jobs can run, best first."""

    def run(self, job: Job, cancel: CancelToken) -> Iterator[Event]:
        """Run a job at the chosen place."""


def keep_warm(app: App, bridge: Bridge, hosts: Warmable) -> None:
    """Look for places, then load the draft's model, and again whenever the model or the place is changed.

    A place that was chosen once but is gone is chosen no more.
    """
    state = app.state
    wanted: tuple[str, Place | None] = ("", None)

    def looked(places: list[Place]) -> None:
        state.places.value = tuple(places)
        if state.place.value not in places:
            models.use_place(app, None)
        load()
        state.draft.changed.connect(load)
        state.place.changed.connect(load)

    def load(_: object = None) -> None:
        nonlocal wanted
        now = (state.draft.value.model, state.place.value)
        if now == wanted:
            return
        wanted = now
        state.engine.value = tr("Loading the model …")
        bridge.prepare(
            lambda: _warmed(hosts, now[0]) if now == wanted else "", lambda problem: loaded(now, problem)
        )

    def loaded(what: tuple[str, Place | None], problem: str) -> None:
        if what == wanted:
            state.engine.value = problem or tr("Ready")

    state.engine.value = tr("Loading the model …")
    bridge.prepare(hosts.places, looked)


def _warmed(hosts: Warmable, model: str) -> str:
    """Why it could not be loaded; nothing if it was."""
    job = Job(prompt="music", model=model, settings=GenerationSettings(seconds=1))
    *_, end = hosts.run(job, CancelToken())
    return end.problem.what if isinstance(end, Failed) else ""
