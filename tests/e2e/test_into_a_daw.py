"""Turn a knob, generate, switch between A and B, and drag each clip into a window that plays the DAW."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.audio import audio_info
from engine.catalog import find_model
from engine.model import load_model
from tests.engine.random_pack import write_pack

ENERGY = (644, 594)
CLIP = (1108, 496)  # the handle in the transport
DAW = (1290, 250, 100, 400)  # beside the app's window


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """The app's folder with a pack for the starter, and a length of two seconds."""
    home = tmp_path / "home"
    write_pack(home / "packs" / "random", load_model(find_model("starter").folder).decoder.like_weights)
    (home / "session.json").write_text(json.dumps({"settings": {"seconds": 2}}))
    return home


@pytest.fixture
def dropped(display: str) -> Iterator[list[Path]]:
    """The files that were dropped on the DAW so far."""
    env = os.environ | {"DISPLAY": display, "QT_QPA_PLATFORM": "xcb"}
    daw = subprocess.Popen(
        [sys.executable, "-m", "tests.e2e.daw", *map(str, DAW)], env=env, stdout=subprocess.PIPE, text=True
    )
    came: list[Path] = []
    reader = threading.Thread(target=lambda: came.extend(Path(line.strip()) for line in daw.stdout))
    reader.start()
    yield came
    daw.kill()
    daw.wait(10)
    reader.join()
    daw.stdout.close()


def test_a_tuned_take_goes_into_the_daw(desk, dropped):
    daw = desk.wait_for_window("^Daw$")
    desk.xdo("windowmove", daw, str(DAW[0]), str(DAW[1]))
    desk.drag(*ENERGY, 0, -60)
    desk.xdo("key", "ctrl+Return")
    takes = desk.home / "takes"
    desk.until(lambda: any(takes.glob("*/recipe.json")))
    (recipe,) = takes.glob("*/recipe.json")
    assert json.loads(recipe.read_text())["job"]["mix"]["knobs"]["energy"] == pytest.approx(3, abs=0.3)
    for key, which in (("b", "tuned"), ("a", "base")):
        desk.xdo("key", key)
        desk.until(lambda which=which: came_into_the_daw(desk, dropped, which))
        assert audio_info(dropped[-1]).seconds == pytest.approx(2, abs=0.1)


def came_into_the_daw(desk, dropped: list[Path], which: str) -> bool:
    """Drag the clip that is heard into the DAW; one still being written does not come along at once."""
    desk.drag(*CLIP, DAW[0] + DAW[2] // 2 - CLIP[0], 0)
    return bool(dropped) and which in dropped[-1].stem
