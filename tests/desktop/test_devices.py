"""Where jobs run: the places of all backends, what was chosen, and what was chosen once but is gone."""

import pytest

from desktop import session
from desktop.state import Place
from desktop.warming import keep_warm
from desktop.worker.hosts import Hosts
from engine.cancel import CancelToken
from engine.events import Cancelled, Loading
from engine.job import Job
from tests.engine.fake import FakeBackend, OneByOne

JOB = Job(prompt="rock")


class Host(OneByOne):
    """Has devices, and tells which one a job runs on."""

    def __init__(self, name, devices):
        self.name, self.found, self.device = name, devices, None

    def devices(self):
        return self.found

    def run(self, job, cancel):
        yield Loading(f"{self.name} {self.device}")
        yield Cancelled(None)


@pytest.fixture
def hosts():
    here = Host("here", [("cuda:0", "Fast GPU"), ("cpu", "CPU, 2 threads")])
    return Hosts({"here": here, "studio": Host("studio", [("mps", "Apple GPU")])})


@pytest.fixture
def place(running, app, window, hosts, qtbot):
    window.open_tab("models")
    app.state.place.watch(hosts.choose)
    keep_warm(app, running.bridge, hosts)
    qtbot.waitUntil(lambda: app.state.engine.value == "Ready")
    return window.panels["models"].place


def pick(place, index):
    place.setCurrentIndex(index)
    place.activated.emit(index)


def ran_on(hosts):
    """Where a job runs, alone and in a batch."""
    alone = next(iter(hosts.run(JOB, CancelToken()))).what
    (_, event), *_ = hosts.run_seeds(JOB, [1], CancelToken())
    assert event.what == alone
    return alone


def test_places_can_be_chosen_and_are_remembered(app, place, hosts):
    assert [place.itemText(i) for i in range(place.count())] == [
        "Automatic: Fast GPU",
        "Fast GPU",
        "CPU, 2 threads",
        "Apple GPU",
    ]
    assert ran_on(hosts) == "here None"
    pick(place, 2)
    assert place.currentText() == "CPU, 2 threads" and session.current.place == ("here", "cpu")
    assert ran_on(hosts) == "here cpu"
    pick(place, 3)
    assert ran_on(hosts) == "studio mps"
    pick(place, 0)
    assert app.state.place.value is None is session.current.place
    assert ran_on(hosts) == "here None"


def test_a_place_that_is_gone_is_chosen_no_more(running, app, place, hosts, qtbot):
    for gone in (Place("here", "cuda:7"), Place("attic", "cpu")):
        app.state.place.value = gone
        keep_warm(app, running.bridge, hosts)
        qtbot.waitUntil(lambda: app.state.place.value is None)
        assert place.currentIndex() == 0 and ran_on(hosts) == "here None"


def test_the_place_of_the_last_run_is_chosen_from_the_start(make_app):
    last = session.Session(place=("here", "cpu"))
    session.save(last.model_dump_json())
    assert make_app(FakeBackend()).app.state.place.value == Place("here", "cpu")
