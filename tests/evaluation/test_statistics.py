import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from evaluation.statistics import (
    holm,
    mean_interval,
    nan_mean,
    nan_sd,
    paired_greater,
    ratio_interval,
    spearman,
)

RNG = np.random.default_rng(0)


def test_a_shift_is_found_and_noise_is_not():
    low = RNG.normal(size=60)
    assert paired_greater(low + RNG.normal(0.5, 0.5, 60), low) < 0.001
    assert paired_greater(low, low + 0.5) > 0.99
    assert paired_greater(low + RNG.normal(0, 0.5, 60), low) > 0.01


def test_prompts_without_a_value_do_not_count():
    low = RNG.normal(size=30)
    high = low + np.linspace(0.1, 1, 30)
    assert paired_greater(np.append(high, np.nan), np.append(low, 9.0)) == paired_greater(high, low)
    assert paired_greater(high[:4], low[:4]) == 1.0
    assert paired_greater(low, low) == 1.0


def test_holm_by_hand():
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.6, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_holm_never_helps(p):
    corrected = holm(p)
    assert all(after >= before for before, after in zip(p, corrected, strict=True))
    assert max(corrected) <= 1


@given(st.lists(st.floats(-5, 5).map(lambda x: round(x, 1)), min_size=5, max_size=5))
def test_rank_correlation_is_scipys(means):
    values = np.array(means)
    if len(set(means)) > 1:
        expected = stats.spearmanr([-5, -2.5, 0, 2.5, 5], values).statistic
        assert spearman([-5, -2.5, 0, 2.5, 5], values) == pytest.approx(expected)
    else:
        assert spearman([-5, -2.5, 0, 2.5, 5], values) == 0.0


def test_the_interval_holds_the_mean_and_is_that_of_theory():
    values = RNG.normal(3, 2, 400)
    low, high = mean_interval(values)
    assert low < values.mean() < high
    assert high - low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)
    assert mean_interval(np.append(values, np.nan)) == (low, high)
    assert np.isnan(mean_interval(np.array([np.nan]))).all()


def test_means_and_spreads_leave_out_what_is_not_known():
    rows = np.array([[1.0, np.nan], [3.0, np.nan]])
    assert nan_mean(rows, axis=0).tolist()[0] == 2.0
    assert np.isnan(nan_mean(rows, axis=0)[1])
    assert nan_sd(np.array([1.0, 3.0, np.nan])) == pytest.approx(np.sqrt(2))
    assert np.isnan(nan_sd(np.array([1.0])))


def test_the_interval_of_a_ratio_covers_it_and_needs_two_pairs() -> None:
    rng = np.random.default_rng(1)
    below = rng.uniform(0.2, 0.6, 400)
    above = 0.8 * below + rng.normal(0, 0.05, 400)
    low, high = ratio_interval(above, below) or (0.0, 0.0)
    assert low < 0.8 < high and high - low < 0.05
    assert ratio_interval(np.r_[above, np.nan], np.r_[below, 0.5]) == (low, high)
    assert ratio_interval(above[:1], below[:1]) is None
    assert ratio_interval(above, 0 * below) is None
