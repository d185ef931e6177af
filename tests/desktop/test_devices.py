"""Where jobs run: what the child found, what was chosen, and what was chosen once but is gone."""

import pytest

from desktop import session
from desktop.warming import keep_warm
from engine.events import Done

FOUND = [("cuda:0", "Fast GPU"), ("cpu", "CPU, 2 threads")]


class Devices:
    """Stands for the process that runs the jobs."""

    def devices(self):
        return FOUND

    def warm_up(self, model):
        yield Done(None)


@pytest.fixture
def place(running, window, qtbot):
    window.open_tab("models")
    keep_warm(running.app, running.bridge, Devices())
    qtbot.waitUntil(lambda: running.app.state.engine.value == "Ready")
    return window.panels["models"].place


def pick(place, index):
    place.setCurrentIndex(index)
    place.activated.emit(index)


def test_devices_can_be_chosen_and_are_remembered(app, place):
    assert [place.itemText(i) for i in range(place.count())] == [
        "Automatic: Fast GPU",
        "Fast GPU",
        "CPU, 2 threads",
    ]
    pick(place, 2)
    assert app.state.device.value == session.current.device == "cpu"
    assert place.currentText() == "CPU, 2 threads"
    pick(place, 0)
    assert app.state.device.value == ""


def test_a_device_that_is_gone_is_chosen_no_more(running, app, place, qtbot):
    app.state.device.value = "cuda:7"
    keep_warm(running.app, running.bridge, Devices())
    qtbot.waitUntil(lambda: app.state.device.value == "")
    assert place.currentIndex() == 0
