"""A scouted preview by the starter is the beginning of the take that is made in full."""

import numpy as np

from desktop.actions.generating import LOOK_AHEAD_S
from desktop.pairs import beginning, pair_of
from engine.cancel import CancelToken
from engine.events import Done
from engine.job import GenerationSettings, Job
from engine.local import LocalBackend

PREVIEW_S, FULL_S = 1, 3


def test_a_preview_is_exactly_the_beginning_of_the_full_take():
    backend = LocalBackend("cpu")
    clips = []
    for seconds in (PREVIEW_S + LOOK_AHEAD_S, FULL_S):
        job = Job(prompt="jazz, piano", seed=11, settings=GenerationSettings(seconds=seconds))
        *_, end = backend.run(job, CancelToken())
        assert isinstance(end, Done), end
        clips.append(pair_of(end.take))
    preview, full = (beginning(pair, PREVIEW_S).base.audio for pair in clips)
    assert preview.shape[1] == PREVIEW_S * clips[0].sample_rate
    np.testing.assert_array_equal(preview, full)
