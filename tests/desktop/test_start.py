"""A first start: the window can be used, and nothing heavy comes into its process."""

import json
import os
import subprocess
import sys

PROGRAM = """
import json, os, sys
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
from desktop.main import start
from desktop.warming import keep_warm
from desktop.worker.hosts import HERE, Hosts
from desktop.worker.process import ProcessBackend
application = QApplication([])
hosts = Hosts({HERE: ProcessBackend()})
running = start(application, hosts)
window, seen = running.window, []

def look():
    prompt, knobs = window.panels["prompt"], window.panels["knobs"].knobs
    seen.append({
        "heavy": [name for name in ("torch", "transformers", "peft", "librosa") if name in sys.modules],
        "prompt": prompt.text.toPlainText(),
        "model": running.app.state.draft.value.model,
        "generate": prompt.generate.isVisible() and prompt.generate.isEnabled(),
        "knobs": sum(knob.isEnabled() for knob in knobs.values()),
        "engine": window.status.job.text(),
    })

def begin():
    keep_warm(running.app, running.bridge, hosts)
    look()
    later.start(20)

def end():
    if window.status.job.text() != "Loading the model …":
        look()
        hosts.kill()
        os.write(1, json.dumps(seen).encode())
        os._exit(0)

later = QTimer()
later.timeout.connect(end)
window.ready.connect(begin)
window.show()
application.exec()
"""


def test_the_window_can_be_used_while_the_starter_loads_in_another_process():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env=os.environ, stdout=subprocess.PIPE, check=True, timeout=300
    )
    at_first, later = json.loads(done.stdout)
    for found in (at_first, later):
        assert found["heavy"] == []
        assert (found["model"], found["prompt"]) == ("starter", "jazz, piano, double bass, drums")
        assert found["generate"]
    assert (at_first["engine"], later["engine"]) == ("Loading the model …", "Ready")
    assert later["knobs"] == 13
