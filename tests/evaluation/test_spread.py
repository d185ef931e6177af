"""Variance of outputs by the spread of their embeddings."""

import numpy as np
import pytest
from scipy.spatial.distance import cosine, pdist

from evaluation.spread import distances_within, pairwise_distances, spread_row

RNG = np.random.default_rng(0)
CENTRES = RNG.normal(size=(30, 16))


def embeddings(between: float, within: float) -> np.ndarray:
    """[2 seeds, 30 prompts, 16]."""
    return 1 + between * CENTRES + within * RNG.normal(size=(2, 30, 16))


def test_distances_are_scipys():
    found = pairwise_distances(CENTRES)
    assert found[np.triu_indices(30, 1)] == pytest.approx(pdist(CENTRES, "cosine"))
    pair = CENTRES[:2][:, None]
    assert distances_within(pair) == pytest.approx([cosine(CENTRES[0], CENTRES[1])])


def test_more_varied_and_less_varied_are_found():
    base = embeddings(0.5, 0.2)
    wide = spread_row("energy+", embeddings(0.8, 0.2), base)
    assert wide.across_ratio_interval[0] > 1.2
    narrow = spread_row("energy+", embeddings(0.5, 0.05), base)
    assert narrow.within_ratio_interval[1] < 0.3
    assert wide.across_ratio_interval[0] < wide.across_ratio < wide.across_ratio_interval[1]


def test_the_same_again_says_nothing():
    same = spread_row("energy+", embeddings(0.5, 0.2), embeddings(0.5, 0.2))
    low, high = same.across_ratio_interval
    assert low < 1 < high
    base = embeddings(0.5, 0.2)
    itself = spread_row("base", base, base)
    assert itself.across_ratio == 1.0 and itself.across_ratio_interval is None


def test_one_seed_has_no_spread_within_a_prompt():
    base = embeddings(0.5, 0.2)[:1]
    row = spread_row("energy+", base, base)
    assert row.across is not None
    assert (row.within, row.within_ratio, row.within_ratio_interval) == (None, None, None)


def test_silent_clips_are_left_out_and_one_clip_has_no_spread():
    base, tuned = embeddings(0.5, 0.2), embeddings(0.5, 0.2)
    tuned[0, 3] = np.nan
    tuned[:, 5] = np.nan
    row = spread_row("energy+", tuned, base)
    assert row.across == pytest.approx(spread_row("energy+", base, base).across, rel=0.2)
    alone = spread_row("energy+", tuned[:1, :1], base[:1, :1])
    assert (alone.across, alone.across_ratio, alone.across_ratio_interval) == (None, None, None)
