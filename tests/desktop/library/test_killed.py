"""A process that is killed in the middle of a job leaves complete takes only, and a library that opens."""

import os
import signal
import subprocess
import sys

import pytest

from desktop.library.panel import LibraryPanel
from engine.paths import takes_dir
from tests.desktop.alone import make_app

# Runs the app's own way of work, without a window: a job that ends, then one that stops at a given place.
APP = """
import sys, threading
from PySide6.QtCore import QCoreApplication
from desktop.actions import generating
from desktop.app import App
from desktop.bridge import Bridge
from desktop.draft import Draft
from desktop.history import History
from desktop.state import State
from engine import take
from engine.job import GenerationSettings
from engine.mix import Mix
from tests.engine.fake import FakeBackend

place = sys.argv[1]

def stop_here():
    print("here", flush=True)
    threading.Event().wait()

def on_step(step):
    if place == "decoding" and len(backend.jobs) == 2 and step == 3:
        stop_here()

def write_bytes(path, data, written=take.write_bytes):
    written(path, data)
    if place == "writing" and len(backend.jobs) == 2 and path.name == "tuned.wav":
        stop_here()

take.write_bytes = write_bytes
qt = QCoreApplication([])
backend = FakeBackend(on_step)
bridge = Bridge(backend)
state = State()
app = App(state, History(state.draft, state.preset), bridge)
bridge.job_event.connect(lambda number, event: generating.on_event(app, number, event))
mix, settings = Mix(knobs={"energy": 1}), GenerationSettings(seconds=1)
state.draft.value = Draft(prompt="jazz", slot_a=mix, settings=settings, seed_locked=True)
state.library_changed.connect(lambda: generating.generate(app) if len(backend.jobs) == 1 else None)
generating.generate(app)
qt.exec()
"""


@pytest.mark.parametrize("place", ["decoding", "writing"])
def test_a_killed_app_loses_only_the_take_it_was_making(qapp, qtbot, place):
    app = subprocess.Popen(
        [sys.executable, "-c", APP, place],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": "."},
    )
    try:
        assert app.stdout.readline() == "here\n"
    finally:
        app.send_signal(signal.SIGKILL)
        app.wait()
        app.stdout.close()
    assert app.returncode == -signal.SIGKILL
    left = sorted(path.name for path in takes_dir().iterdir())
    assert len(left) == (2 if place == "writing" else 1)
    panel = LibraryPanel(make_app())
    qtbot.addWidget(panel)
    (entry,) = panel.model.entries
    assert entry.prompt == "jazz" and not entry.partial
    panel.select(0)
    panel.open()
    assert panel._app.state.pair.value.folder == entry.folder
