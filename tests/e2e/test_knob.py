"""A knob is dragged further than the screen is high, by a real pointer."""

import json

import pytest

ENERGY = (644, 594)
UP = 800


def test_a_drag_goes_beyond_the_edge_of_the_screen_and_the_pointer_comes_back(desk):
    desk.xdo("mousemove", "--window", desk.window, *map(str, ENERGY))
    before = desk.xdo("getmouselocation")
    desk.xdo("mousedown", "1", "keydown", "shift")
    stroke = ["mousemove_relative", "--", "0", "-8", "sleep", "0.02"] * 5
    desk.xdo(*[*stroke, "sleep", "0.3"] * (UP // 40))  # slowly: a busy machine must see it come to the edge
    desk.xdo("keyup", "shift", "mouseup", "1")
    desk.until(lambda: desk.xdo("getmouselocation") == before)
    desk.xdo("key", "ctrl+q")
    assert desk.process.wait(60) == 0
    knobs = json.loads((desk.home / "session.json").read_text())["slot_a"]["knobs"]
    assert knobs["energy"] == pytest.approx(UP / 2000 * 10, abs=0.1)
