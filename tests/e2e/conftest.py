"""A real window of a real process under Xvfb, driven with xdotool; skipped where those are not installed."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

SIZE = "1400x900x24"
PATIENCE_S = 300
STROKE_S = 0.05  # a hand is no faster
COMMAND = Path(sys.executable).with_name("tunedial")


@dataclass
class Desk:
    """A display and the app on it."""

    display: str
    home: Path
    process: subprocess.Popen[bytes]
    window: str = ""

    def xdo(self, *words: str) -> str:
        """Run xdotool; what it printed."""
        env = os.environ | {"DISPLAY": self.display}
        done = subprocess.run(["xdotool", *words], env=env, capture_output=True, text=True, timeout=60)
        return done.stdout.strip()

    def wait_for_window(self, name: str) -> str:
        """The id of the window of that name, once it is there."""
        self.until(lambda: self.xdo("search", "--onlyvisible", "--name", name))
        return self.xdo("search", "--onlyvisible", "--name", name).splitlines()[-1]

    def click(self, x: int, y: int) -> None:
        """Click at a place in the window."""
        self.xdo("mousemove", "--window", self.window, str(x), str(y), "click", "1")

    def drag(self, x: int, y: int, dx: int, dy: int) -> None:
        """Press, move in steps, release."""
        self.xdo("mousemove", "--window", self.window, str(x), str(y), "mousedown", "1")
        for step in range(1, 11):
            self.xdo("mousemove", "--window", self.window, str(x + dx * step // 10), str(y + dy * step // 10))
            time.sleep(STROKE_S)
        self.xdo("mouseup", "1")

    def until(self, met) -> None:
        """Wait until `met` is true."""
        deadline = time.monotonic() + PATIENCE_S
        while not met():
            assert time.monotonic() < deadline, "it did not happen"
            assert self.process.poll() is None, "the app ended"
            time.sleep(0.1)


@pytest.fixture
def display() -> Iterator[str]:
    """An X server of its own."""
    if not (shutil.which("Xvfb") and shutil.which("xdotool")):
        pytest.skip("Xvfb and xdotool are not installed")
    read, write = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(write), "-screen", "0", SIZE, "-nolisten", "tcp"],
        pass_fds=[write],
        stderr=subprocess.DEVNULL,
    )
    os.close(write)
    with os.fdopen(read) as told:
        number = told.readline().strip()
    yield f":{number}"
    server.terminate()
    server.wait(10)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The app's folder, as it is on the first start."""
    return tmp_path / "home"


@pytest.fixture
def desk(display: str, home: Path) -> Iterator[Desk]:
    """The app, started as a user starts it, with its window up."""
    env = os.environ | {"DISPLAY": display, "QT_QPA_PLATFORM": "xcb", "TUNEDIAL_HOME": str(home)}
    process = subprocess.Popen([COMMAND], env=env, stderr=subprocess.DEVNULL)
    made = Desk(display, home, process)
    made.window = made.wait_for_window("^Tunedial$")
    made.xdo("windowmove", made.window, "0", "0")
    made.xdo("windowfocus", made.window)
    yield made
    if process.poll() is None:
        process.kill()
    process.wait(10)
