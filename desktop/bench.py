"""`tunedial bench window`: from the start of the interpreter until the window can be used.

Beside it stands an empty window of Qt, started the same way: what no app in Python can be below.
"""

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Mapping

import click

from engine.commands.common import echo_json, json_option, note

_END = "os.write(1, str(time.monotonic()).encode()); os._exit(0)"
_OURS = f"""
import os, sys, time
from PySide6.QtWidgets import QApplication
from desktop.main import start
from desktop.worker.process import ProcessBackend, ProcessMeasurer
application = QApplication([])
running = start(application, ProcessBackend(), ProcessMeasurer())
def usable():
    if "torch" in sys.modules:
        os._exit(1)
    {_END}
running.window.ready.connect(usable)
running.window.show()
application.exec()
"""
_EMPTY = f"""
import os, time
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication, QMainWindow
application = QApplication([])
window = QMainWindow()
def usable():
    {_END}
QTimer.singleShot(0, usable)
window.show()
application.exec()
"""
WAYS: Mapping[str, str] = {"tunedial": _OURS, "an empty window": _EMPTY}


def seconds_to(program: str) -> float:
    """Seconds from the start of an interpreter with `program` until it writes the time.

    Off screen if there is no display. Raises CalledProcessError if it fails, as our window does with torch.
    """
    from desktop.main import has_display

    environment = dict(os.environ) if has_display() else {**os.environ, "QT_QPA_PLATFORM": "offscreen"}
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, stdout=subprocess.PIPE, check=True
    )
    return float(done.stdout) - begun


@click.command()
@click.option("--runs", type=click.IntRange(1, 100), default=5, show_default=True, help="Of A B A B.")
@json_option
def window(runs: int, as_json: bool) -> None:
    """Time how long the window takes to be there and usable, beside an empty one.

    \b
    tunedial bench window
    tunedial bench window --runs 20 --json
    """
    times: dict[str, list[float]] = {name: [] for name in WAYS}
    for program in WAYS.values():
        seconds_to(program)  # reads the files that the others then find in memory
    for _ in range(runs):
        for name, program in WAYS.items():
            times[name].append(seconds_to(program))
            note(f"{name}: {times[name][-1]:.2f} s")
    ours, empty = (times[name] for name in WAYS)
    found = {
        "window_s": statistics.median(ours),
        "empty_window_s": statistics.median(empty),
        "over_empty": statistics.median(a / b for a, b in zip(ours, empty, strict=True)),
    }
    if as_json:
        echo_json(found)
    else:
        click.echo(f"the window is usable after   {found['window_s']:6.2f} s")
        click.echo(f"an empty window              {found['empty_window_s']:6.2f} s")
        click.echo(f"over it                      {found['over_empty']:6.2f}")
