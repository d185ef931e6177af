"""A running app on a fake backend, with its window shown offscreen."""

import threading
from collections.abc import Callable, Iterator

import pytest
from pytestqt.qtbot import QtBot

from desktop import places, session
from desktop.app import App
from desktop.main import Running, start
from engine.packs import Card, PackAdapter
from engine.paths import home
from tests.engine.fake import FakeBackend

PATIENCE_MS = 60_000  # a busy machine fails no test


class PatientBot(QtBot):
    """pytest-qt's robot, which waits longer before it gives up."""

    def waitUntil(self, callback, *, timeout=PATIENCE_MS):
        super().waitUntil(callback, timeout=timeout)

    def waitSignal(self, signal, *, timeout=PATIENCE_MS, **options):
        return super().waitSignal(signal, timeout=timeout, **options)

    def waitSignals(self, signals, *, timeout=PATIENCE_MS, **options):
        return super().waitSignals(signals, timeout=timeout, **options)


@pytest.fixture
def qtbot(qapp, request) -> QtBot:
    return PatientBot(request)


class Gate:
    """Lets the fake's steps through one by one, or all."""

    def __init__(self) -> None:
        self.reached = threading.Semaphore(0)
        self._open = threading.Semaphore(0)
        self._all = False

    def __call__(self, step: int) -> None:
        self.reached.release()
        if not self._all:
            assert self._open.acquire(timeout=60)

    def let(self, steps: int = 1) -> None:
        for _ in range(steps):
            self._open.release()

    def let_all(self) -> None:
        self._all = True
        self._open.release(100)


@pytest.fixture
def backend() -> FakeBackend:
    return FakeBackend()


@pytest.fixture
def gate(backend: FakeBackend) -> Iterator[Gate]:
    """Holds the backend at every step."""
    made = Gate()
    backend.on_step = made
    yield made
    made.let_all()


@pytest.fixture
def make_app(qapp, qtbot, monkeypatch) -> Iterator[Callable[..., Running]]:
    """Makes running apps without sound and MIDI, which have tests of their own, and ends them."""
    monkeypatch.setattr(places, "LATER", ())
    made: list[Running] = []

    def make(backend, measurer=None) -> Running:
        running = start(qapp, backend, measurer)
        made.append(running)
        with qtbot.waitSignal(running.window.ready):
            running.window.show()
        return running

    yield make
    for running in made:
        running.window._asked_to_close = True
        running.window.close()
        running.bridge.close()
        running.window.deleteLater()
    session.current = session.Session()


@pytest.fixture
def running(backend: FakeBackend, make_app) -> Running:
    return make_app(backend)


@pytest.fixture
def app(running: Running) -> App:
    return running.app


@pytest.fixture
def window(running: Running):
    return running.window


@pytest.fixture
def settled(running: Running, qtbot) -> None:
    """What the window asked the disk for when it started has come back."""
    came = []
    running.bridge.call(lambda: None, came.append)
    qtbot.waitUntil(lambda: bool(came))


@pytest.fixture
def adapters(app: App, settled: None) -> None:
    """Adapters for all knobs, as far as the window looks at them; Tempo only has the one that raises it."""
    made = {}
    for name in ("energy", "valence", "acousticness", "danceability", "popularity"):
        for direction in ("positive", "negative"):
            card = Card(
                metric=name,
                direction=direction,
                trained_on="nothing",
                method="none",
                measured_as=f"vibenet {name}, 0 to 1",
                verdict="works",
            )
            made[name, direction] = PackAdapter(name, direction, home(), card)
    made["tempo", "positive"] = PackAdapter("tempo", "positive", home(), None)
    app.state.adapters.value = made


def ended(app: App) -> bool:
    """True when no job runs and every take is in the library."""
    queue = app.state.queue.value
    return bool(queue) and all(
        entry.over
        and (
            entry.status != "done"
            or entry.scout
            or (entry.pair is not None and entry.pair.folder is not None)
        )
        for entry in queue
    )
