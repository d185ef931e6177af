"""The model is loaded behind the window, at the start and when another is chosen, and the state says so."""

import threading

import pytest

from desktop.actions import models, prompting
from desktop.state import Place
from desktop.warming import keep_warm
from engine.errors import Problem
from engine.events import Done, Failed

CPU = Place("here", "cpu", "CPU")


class Slow:
    """Stands for the process that runs the jobs: loads when it is let to. `loaded` keeps what."""

    def __init__(self):
        self.loaded = []
        self.begun = ""
        self.let = threading.Semaphore(0)

    def places(self):
        return [CPU]

    def run(self, job, cancel):
        self.begun = job.model
        assert self.let.acquire(timeout=60)
        self.loaded.append(job.model)
        yield Failed(Problem("It is broken.", "")) if job.model == "broken" else Done(None)


@pytest.fixture
def slow(running, app, qtbot):
    made = Slow()
    keep_warm(app, running.bridge, made)
    assert app.state.engine.value == "Loading the model …"
    made.let.release()
    qtbot.waitUntil(lambda: app.state.engine.value == "Ready")
    yield made
    made.let.release(100)


def test_another_model_is_loaded_when_it_is_chosen(app, window, slow, qtbot):
    prompting.set_model(app, "owner/other")
    assert window.status.job.text() == "Loading the model …"
    slow.let.release()
    qtbot.waitUntil(lambda: app.state.engine.value == "Ready")
    assert slow.loaded == ["starter", "owner/other"]


def test_another_place_loads_the_model_again(app, slow, qtbot):
    models.use_place(app, CPU)
    assert app.state.engine.value == "Loading the model …"
    slow.let.release()
    qtbot.waitUntil(lambda: app.state.engine.value == "Ready")
    assert slow.loaded == ["starter", "starter"]


def test_a_model_that_was_passed_over_is_not_loaded(app, slow, qtbot):
    prompting.set_model(app, "owner/one")
    qtbot.waitUntil(lambda: slow.begun == "owner/one")
    prompting.set_model(app, "owner/two")
    prompting.set_model(app, "owner/three")
    slow.let.release(100)
    qtbot.waitUntil(lambda: app.state.engine.value == "Ready")
    assert slow.loaded == ["starter", "owner/one", "owner/three"]


def test_other_changes_load_nothing(app, slow):
    prompting.set_prompt(app, "polka")
    assert app.state.engine.value == "Ready"


def test_a_model_that_cannot_be_loaded_says_why(app, slow, qtbot):
    prompting.set_model(app, "broken")
    slow.let.release()
    qtbot.waitUntil(lambda: app.state.engine.value == "It is broken.")
