"""Previews scouted by the starter, in one batch, are the beginnings of the takes that are made in full."""

import numpy as np
import pytest

from desktop.actions.generating import LOOK_AHEAD_S
from desktop.pairs import beginning, pair_of
from engine.cancel import CancelToken
from engine.events import Cancelled, Done, Progress
from engine.job import GenerationSettings, Job
from engine.local import LocalBackend

PREVIEW_S, FULL_S = 1, 3
SEEDS = (11, 12, 13)


@pytest.fixture(scope="module")
def backend() -> LocalBackend:
    return LocalBackend("cpu")


def job_of(seconds: float, seed: int = 0) -> Job:
    return Job(prompt="jazz, piano", seed=seed, settings=GenerationSettings(seconds=seconds))


def test_a_preview_is_exactly_the_beginning_of_the_full_take(backend):
    ends = {}
    for place, event in backend.run_seeds(job_of(PREVIEW_S + LOOK_AHEAD_S), SEEDS, CancelToken()):
        ends[place] = event
    *_, full = backend.run(job_of(FULL_S, SEEDS[1]), CancelToken())
    assert all(isinstance(end, Done) for end in (*ends.values(), full))
    assert [ends[place].take.recipe.job.seed for place in range(3)] == list(SEEDS)
    previews = [beginning(pair_of(ends[place].take), PREVIEW_S).base.audio for place in range(3)]
    whole = pair_of(full.take)
    np.testing.assert_array_equal(previews[1], beginning(whole, PREVIEW_S).base.audio)
    assert previews[1].shape[1] == PREVIEW_S * whole.sample_rate
    assert not np.array_equal(previews[0], previews[2])


def test_stopping_a_scout_ends_all_of_its_previews(backend):
    token, ends = CancelToken(), {}
    for place, event in backend.run_seeds(job_of(FULL_S), SEEDS, token):
        if isinstance(event, Progress) and event.step >= 60:
            token.cancel()
        ends[place] = event
    assert [type(end) for end in ends.values()] == [Cancelled] * 3
    assert all(end.partial is not None and end.partial.recipe.partial for end in ends.values())
