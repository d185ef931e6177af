"""The window never stands still for longer than 100 ms while a job runs, be it fake or real, in any run.

Not counted is the time in which the kernel kept the window's thread waiting for a core, which Linux tells:
that is what the machine's other work costs anyone.
"""

import time
from pathlib import Path

import pytest
from PySide6.QtCore import QTimer

from desktop.actions import generating, mixing, prompting
from desktop.app import App
from desktop.worker.process import ProcessBackend, ProcessMeasurer
from tests.desktop.conftest import ended

BAR_S = 0.1
RUNS = 3
TICK_MS = 5


class Watchdog:
    """The longest time between two turns of the window's event loop, less what it waited for a core."""

    def __init__(self) -> None:
        self.worst = 0.0
        self._timer = QTimer()
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)

    def __enter__(self) -> "Watchdog":
        self._last = own_time()
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.stop()

    def _tick(self) -> None:
        now = own_time()
        self.worst = max(self.worst, now - self._last)
        self._last = now


def own_time() -> float:
    """Seconds that pass for this thread: running or blocked, but not while it waits for a core."""
    try:
        waited_ns = int(Path("/proc/thread-self/schedstat").read_text().split()[1])
    except OSError:
        waited_ns = 0
    return time.perf_counter() - waited_ns / 1e9


def make_take(app: App, qtbot) -> None:
    generating.generate(app)
    qtbot.waitUntil(lambda: ended(app))
    assert app.state.queue.value[-1].status == "done", app.state.queue.value[-1].problem


@pytest.fixture
def closing():
    """Closes at the end what is put into it."""
    made: list[ProcessBackend | ProcessMeasurer] = []
    yield made
    for one in made:
        one.close()


def test_the_watchdog_sees_a_block(qtbot):
    with Watchdog() as dog:
        QTimer.singleShot(20, lambda: time.sleep(2 * BAR_S))
        qtbot.wait(400)
    assert dog.worst > BAR_S


def test_a_minute_of_audio_streams_in(make_app, closing, qtbot):
    backend = ProcessBackend("tests.engine.fake:FakeBackend")
    closing.append(backend)
    app = make_app(backend).app
    prompting.set_seconds(app, 60)
    for _ in range(RUNS):
        with Watchdog() as dog:
            make_take(app, qtbot)
        assert dog.worst <= BAR_S


def test_the_starter_loads_plays_and_is_measured_beside_the_window(make_app, closing, qtbot):
    """In a new child for each run, so that each includes loading torch and the model."""
    backend, measurer = ProcessBackend(), ProcessMeasurer()
    closing.extend((backend, measurer))
    app = make_app(backend, measurer).app
    prompting.set_prompt(app, "jazz, piano, drums")
    prompting.set_seconds(app, 2)
    mixing.reset(app)

    for _ in range(RUNS):
        backend.close()  # waits for the child's end, which is no part of a job
        with Watchdog() as dog:
            make_take(app, qtbot)
            folder = app.state.pair.value.folder
            qtbot.waitUntil(lambda folder=folder: folder / "tuned.wav" in app.state.measured.value)
        assert dog.worst <= BAR_S
