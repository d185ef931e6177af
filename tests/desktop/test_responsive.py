"""The window never stands still for longer than 100 ms while a job runs, be it fake or real.

Beside the window runs a control, a process that does nothing but wake up as often: its longest pause is what
the machine's other work costs anyone, and does not count.
"""

import sys
import time
from collections.abc import Callable
from subprocess import PIPE, Popen

import pytest
from PySide6.QtCore import QTimer

from desktop.actions import generating, mixing, prompting
from desktop.app import App
from desktop.worker.process import ProcessBackend, ProcessMeasurer
from tests.desktop.conftest import ended

BAR_S = 0.1
RUNS = 5  # what else the machine does varies, so the best of several runs counts
TICK_MS = 5


CONTROL = """
import sys, threading, time
ended = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
worst, last = 0.0, time.perf_counter()
while not ended.wait(0.005):
    now = time.perf_counter()
    worst, last = max(worst, now - last), now
print(worst)
"""


class Watchdog:
    """The longest time between two turns of the window's event loop, less that of the control."""

    def __init__(self) -> None:
        self._longest = 0.0
        self.worst = 0.0
        self._timer = QTimer()
        self._timer.setInterval(TICK_MS)
        self._timer.timeout.connect(self._tick)

    def __enter__(self) -> "Watchdog":
        self._control = Popen([sys.executable, "-c", CONTROL], stdin=PIPE, stdout=PIPE, text=True)
        self._last = time.perf_counter()
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.stop()
        told, _ = self._control.communicate()
        self.worst = self._longest - float(told)

    def _tick(self) -> None:
        now = time.perf_counter()
        self._longest = max(self._longest, now - self._last)
        self._last = now


def best_of(runs: int, work: Callable[[], None]) -> float:
    """The smallest of the worst pauses of up to `runs` runs; stops at the first below the bar."""
    worst = []
    for _ in range(runs):
        with Watchdog() as dog:
            work()
        worst.append(dog.worst)
        if dog.worst <= BAR_S:
            break
    return min(worst)


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
    assert best_of(RUNS, lambda: make_take(app, qtbot)) <= BAR_S


def test_the_starter_loads_plays_and_is_measured_beside_the_window(make_app, closing, qtbot):
    """In a new child for each run, so that each includes loading torch and the model."""
    backend, measurer = ProcessBackend(), ProcessMeasurer()
    closing.extend((backend, measurer))
    app = make_app(backend, measurer).app
    prompting.set_prompt(app, "jazz, piano, drums")
    prompting.set_seconds(app, 2)
    mixing.reset(app)

    def work() -> None:
        backend.close()
        make_take(app, qtbot)
        folder = app.state.pair.value.folder
        qtbot.waitUntil(lambda: folder / "tuned.wav" in app.state.measured.value)

    assert best_of(RUNS, work) <= BAR_S
