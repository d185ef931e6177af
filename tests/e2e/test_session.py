"""One sitting of a composer: type a prompt, generate, listen, save a preset, quit."""

import json

import psutil

from engine.library import open_library
from engine.preset import load_preset
from engine.take import is_take

PROMPT = (600, 78)
TYPED = "slow blues, piano"


def test_a_sitting(desk, monkeypatch):
    desk.click(*PROMPT)
    desk.xdo("key", "ctrl+a")
    desk.xdo("type", "--delay", "30", TYPED)
    desk.xdo("key", "ctrl+Return")
    takes = desk.home / "takes"
    desk.until(lambda: any(takes.glob("*/recipe.json")))
    (recipe,) = takes.glob("*/recipe.json")
    assert json.loads(recipe.read_text())["job"]["prompt"] == TYPED
    desk.xdo("key", "ctrl+shift+s")
    desk.xdo("key", "ctrl+a")
    desk.xdo("type", "--delay", "30", "Sitting")
    desk.xdo("key", "Return")
    preset = desk.home / "presets" / "Sitting.tunedial"
    desk.until(preset.exists)
    assert load_preset(preset).prompt == TYPED
    desk.xdo("key", "ctrl+q")
    assert desk.process.wait(60) == 0
    assert json.loads((desk.home / "session.json").read_text())["prompt"] == TYPED
    monkeypatch.setenv("TUNEDIAL_HOME", str(desk.home))
    with open_library() as library:
        assert [entry.prompt for entry in library.search()] == [TYPED]


def test_the_window_survives_a_killed_engine_and_only_complete_takes_are_kept(desk):
    desk.xdo("key", "ctrl+Return")
    app = psutil.Process(desk.process.pid)
    desk.until(lambda: engines(app))
    for engine in engines(app):
        engine.kill()
    desk.xdo("key", "ctrl+Return")
    takes = desk.home / "takes"
    desk.until(lambda: any(takes.glob("*/recipe.json")))
    assert all(is_take(folder) for folder in takes.iterdir() if not folder.name.startswith("."))
    desk.xdo("key", "ctrl+q", "ctrl+q")  # the first may ask, since a job may still run
    assert desk.process.wait(60) == 0


def engines(app: psutil.Process) -> list[psutil.Process]:
    """The children in which the app decodes and measures."""
    return [child for child in app.children() if "spawn_main" in " ".join(child.cmdline())]
