"""The engine in a child process: events, cancel, failure, death."""

import os
import signal
import threading
from collections.abc import Iterator

import numpy as np
import pytest

from desktop.worker.process import ProcessBackend
from engine.cancel import CancelToken
from engine.errors import CallProblem
from engine.events import Audio, Cancelled, Done, Failed, Loading, Progress, Started
from engine.job import GenerationSettings, Job
from engine.mix import Mix
from tests.engine.fake import FakeBackend, OneByOne

JOB = Job(prompt="rock", seed=5, settings=GenerationSettings(seconds=1), mix=Mix(knobs={"energy": 2}))


class Sleepy(OneByOne):
    """Runs until it is cancelled."""

    def run(self, job, cancel):
        yield Started(10, 80, 8000, 1)
        while not cancel.cancelled:
            yield Progress(1, 10, 1.0)
        yield Cancelled(None)


class Refusing(OneByOne):
    def run(self, job, cancel):
        yield Failed(CallProblem("No.", "Ask again."))


class Raising(OneByOne):
    def run(self, job, cancel):
        yield Loading("x")
        raise ValueError("deep inside")


class Stubborn(OneByOne):
    """Loads for ever, as a library that is imported does not hear of a cancel."""

    def run(self, job, cancel):
        yield Loading("x")
        threading.Event().wait()


class Placed(OneByOne):
    """Tells where it runs."""

    def __init__(self, device="the best"):
        self.device = device

    def run(self, job, cancel):
        yield Loading(self.device)
        yield Cancelled(None)


class Dying(OneByOne):
    def run(self, job, cancel):
        yield Loading("x")
        os.kill(os.getpid(), signal.SIGKILL)


@pytest.fixture
def backend(request) -> Iterator[ProcessBackend]:
    made = ProcessBackend(request.param)
    yield made
    made.close()


def of(name: str):
    return pytest.mark.parametrize("backend", [name], indirect=True)


@of("tests.engine.fake:FakeBackend")
def test_the_events_are_those_of_the_backend_itself(backend):
    there = list(backend.run(JOB, CancelToken()))
    here = list(FakeBackend().run(JOB, CancelToken()))
    assert [type(event) for event in there] == [type(event) for event in here]
    assert isinstance(there[-1], Done)
    take, expected = there[-1].take, here[-1].take
    np.testing.assert_array_equal(take.base, expected.base)
    np.testing.assert_array_equal(take.tuned, expected.tuned)
    assert take.recipe.job == JOB
    for one, other in zip(there, here, strict=True):
        if isinstance(one, Audio):
            np.testing.assert_array_equal(one.samples, other.samples)


@of("tests.engine.fake:FakeBackend")
def test_a_neutral_take_comes_back_as_one_clip(backend):
    end = list(backend.run(JOB.model_copy(update={"mix": Mix()}), CancelToken()))[-1]
    assert end.take.base is end.take.tuned


@of("tests.desktop.test_process:Sleepy")
def test_cancel_reaches_the_child_and_the_next_job_runs(backend):
    for _ in range(3):
        cancel = CancelToken()
        events = backend.run(JOB, cancel)
        assert isinstance(next(events), Started)
        cancel.cancel()
        assert isinstance(list(events)[-1], Cancelled)


@of("tests.desktop.test_process:Sleepy")
def test_a_job_that_is_left_early_is_stopped(backend):
    events = backend.run(JOB, CancelToken())
    next(events)
    pid = backend.child.pid
    events.close()
    events = backend.run(JOB, CancelToken())
    assert isinstance(next(events), Started)
    assert backend.child.pid == pid
    events.close()


@of("tests.desktop.test_process:Placed")
def test_the_next_job_runs_on_the_device_that_was_chosen(backend):
    told = []
    for device in (None, "cpu", None):
        backend.device = device
        told.append(next(iter(list(backend.run(JOB, CancelToken())))).what)
    assert told == ["the best", "cpu", "the best"]


@of("tests.desktop.test_process:Placed")
def test_the_child_knows_the_devices(backend):
    assert "cpu" in dict(backend.devices())


@of("tests.desktop.test_process:Refusing")
def test_a_refusal_keeps_its_words_and_kind(backend):
    (end,) = backend.run(JOB, CancelToken())
    assert isinstance(end.problem, CallProblem)
    assert (end.problem.what, end.problem.todo) == ("No.", "Ask again.")


@of("tests.desktop.test_process:Raising")
def test_an_exception_comes_with_its_traceback(backend):
    end = list(backend.run(JOB, CancelToken()))[-1]
    assert "deep inside" in end.problem.what
    assert "Traceback" in end.problem.details


@of("tests.desktop.test_process:Dying")
def test_the_death_of_the_child_fails_the_job_and_nothing_else(backend):
    for _ in range(2):
        end = list(backend.run(JOB, CancelToken()))[-1]
        assert isinstance(end, Failed)
        assert "-9" in end.problem.what


@of("tests.desktop.test_process:Stubborn")
def test_a_killed_child_ends_a_job_that_hears_nothing(backend):
    events = backend.run(JOB, CancelToken())
    assert isinstance(next(events), Loading)
    backend.child.kill()
    assert isinstance(list(events)[-1], Failed)
