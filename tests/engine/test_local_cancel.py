import random
import threading
from pathlib import Path

import numpy as np
import pytest

from engine.cancel import CancelToken
from engine.events import Cancelled, Failed, Progress, Started
from engine.local import LocalBackend
from tests.engine import tiny
from tests.engine.local_jobs import ENDS, job_for, problem_of, random_pack_for, run, take_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.save(tiny.mono(), tmp_path_factory.mktemp("mono")).resolve()


@pytest.fixture(scope="module")
def shared() -> LocalBackend:
    """One backend for all tests that leave it as it was: what a session of the app looks like."""
    return LocalBackend(device="cpu")


@pytest.fixture
def pack(folder: Path) -> Path:
    return random_pack_for(folder)


def test_a_job_cancelled_beforehand_decodes_nothing(shared: LocalBackend, folder: Path) -> None:
    cancel = CancelToken()
    cancel.cancel()
    events = list(shared.run(job_for(folder), cancel))
    assert events[-1] == Cancelled(None)
    assert not any(isinstance(event, Started) for event in events)


def test_cancelling_takes_effect_within_a_step_and_keeps_what_was_decoded(
    shared: LocalBackend, folder: Path, pack: Path
) -> None:
    job, cancel, events = job_for(folder, knobs={"energy": 5}), CancelToken(), []
    for event in shared.run(job, cancel):
        events.append(event)
        if isinstance(event, Progress) and event.step == 60:
            cancel.cancel()
    assert [event.step for event in events if isinstance(event, Progress)] == list(range(1, 61))
    partial = events[-1].partial
    whole = take_of(shared, job)
    frames = 61 - 3
    sure = (frames - 20) * tiny.HOP
    for part, full in ((partial.base, whole.base), (partial.tuned, whole.tuned)):
        assert part.shape == (1, frames * tiny.HOP)
        np.testing.assert_allclose(part[:, :sure], full[:, :sure], atol=1e-3)
    assert partial.recipe.partial and not whole.recipe.partial


def test_a_hundred_cancels_at_random_leave_nothing_behind(
    shared: LocalBackend, folder: Path, pack: Path
) -> None:
    """From another thread, at any moment of the job; the next job is not affected."""
    chance = random.Random(0)
    expected = take_of(shared, job_for(folder, seconds=1, knobs={"energy": 5}))
    threads = threading.active_count()
    ends = set()
    for _ in range(100):
        cancel, events = CancelToken(), []
        after = chance.randrange(60)
        reached = threading.Event()
        canceller = threading.Thread(target=lambda r=reached, c=cancel: (r.wait(), c.cancel()))
        canceller.start()
        for event in shared.run(job_for(folder, seconds=1, knobs={"energy": 5}), cancel):
            events.append(event)
            if len(events) == after:
                reached.set()
        reached.set()
        canceller.join()
        assert [isinstance(event, ENDS) for event in events] == [False] * (len(events) - 1) + [True]
        assert not isinstance(events[-1], Failed)
        if isinstance(events[-1], Cancelled) and events[-1].partial:
            partial = events[-1].partial
            assert 0 < partial.base.shape[1] == partial.tuned.shape[1] <= expected.base.shape[1]
        ends.add(type(events[-1]))
    assert Cancelled in ends
    assert threading.active_count() == threads
    again = take_of(shared, job_for(folder, seconds=1, knobs={"energy": 5}))
    assert np.array_equal(again.base, expected.base) and np.array_equal(again.tuned, expected.tuned)


def test_what_the_codec_raises_fails_the_job_and_leaves_no_thread(
    shared: LocalBackend, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise ValueError("no sound")

    with monkeypatch.context() as patch:
        patch.setattr("engine.playback.StreamDecoder.push", fail)
        assert "no sound" in str(problem_of(shared, job_for(folder)))
    assert not any(thread.name.startswith("codec") for thread in threading.enumerate())
    take_of(shared, job_for(folder))


def test_a_consumer_that_stops_listening_frees_the_device(shared: LocalBackend, folder: Path) -> None:
    events = shared.run(job_for(folder), CancelToken())
    assert next(events)
    events.close()
    take_of(shared, job_for(folder))


def test_a_job_waits_for_the_one_before_it(shared: LocalBackend, folder: Path) -> None:
    first = shared.run(job_for(folder), CancelToken())
    next(first)
    order: list[str] = []
    second = threading.Thread(target=lambda: order.append(type(run(shared, job_for(folder))[-1]).__name__))
    second.start()
    second.join(0.3)
    assert second.is_alive() and order == []
    order.append("first")
    list(first)
    second.join()
    assert order == ["first", "Done"]


def test_a_waiting_job_can_be_cancelled(shared: LocalBackend, folder: Path) -> None:
    first = shared.run(job_for(folder), CancelToken())
    next(first)
    cancel = CancelToken()
    cancel.cancel()
    assert list(shared.run(job_for(folder), cancel)) == [Cancelled(None)]
    first.close()
