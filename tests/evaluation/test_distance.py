"""FAD, KL and IS against closed forms and scipy."""

import numpy as np
import pytest
from scipy import linalg, special

from engine.errors import Problem
from evaluation.distance import divergence, frechet, inception_score
from evaluation.statistics import jackknife_interval

RNG = np.random.default_rng(0)
A = RNG.normal(size=(60, 8)) @ RNG.normal(size=(8, 8))
B = RNG.normal(0.5, 1.3, size=(50, 8)) @ RNG.normal(size=(8, 8))


def by_scipy(a: np.ndarray, b: np.ndarray) -> float:
    """Heusel's equation 6 with scipy's matrix root, as the usual implementations have it."""
    means = a.mean(0) - b.mean(0)
    covariances = np.cov(a, rowvar=False), np.cov(b, rowvar=False)
    root = linalg.sqrtm(covariances[0] @ covariances[1]).real
    return float(means @ means + np.trace(covariances[0] + covariances[1] - 2 * root))


def test_the_frechet_distance_is_scipys():
    assert frechet(A, B) == pytest.approx(by_scipy(A, B), rel=1e-6)
    assert frechet(A, B) == pytest.approx(frechet(B, A), rel=1e-9)


def test_the_frechet_distance_is_that_of_frechet_audio_distance():
    rng = np.random.default_rng(7)
    a, b = rng.normal(size=(40, 6)), rng.normal(0.3, 1.4, size=(35, 6))
    assert frechet(a, b) == pytest.approx(2.7984646020608253, rel=1e-9), "by its version 0.3.4"


def test_in_one_dimension_it_is_known():
    a, b = A[:, :1], B[:, :1]
    expected = (a.mean() - b.mean()) ** 2 + (a.std(ddof=1) - b.std(ddof=1)) ** 2
    assert frechet(a, b) == pytest.approx(expected, rel=1e-9)


def test_a_set_is_not_far_from_itself_and_a_shift_is_its_square():
    assert frechet(A, A) == pytest.approx(0, abs=1e-9)
    assert frechet(A, A + 3) == pytest.approx(8 * 9, rel=1e-9)


def test_fewer_clips_than_features_do_no_harm():
    few = RNG.normal(size=(5, 300))
    assert frechet(few, few + 1) == pytest.approx(300, rel=1e-9)
    with pytest.raises(Problem, match="at least two clips"):
        frechet(few[:1], few)


def test_what_is_not_finite_or_of_another_width_is_a_fault_of_the_caller():
    with pytest.raises(ValueError, match="not finite"):
        frechet(A, np.full_like(A, np.nan))
    with pytest.raises(ValueError, match="shapes"):
        frechet(A, B[:, :3])


def test_kl_is_scipys():
    p, q = (special.softmax(RNG.normal(size=(9, 6)), axis=1) for _ in range(2))
    assert divergence(p, q, exclusive=True) == pytest.approx(special.rel_entr(p, q).sum(1), rel=1e-9)
    both = special.rel_entr(p, q) + special.rel_entr(1 - p, 1 - q)
    assert divergence(p, q, exclusive=False) == pytest.approx(both.sum(1), rel=1e-9)
    assert divergence(p, p, exclusive=True) == pytest.approx(np.zeros(9))


def test_certainty_gives_no_infinity():
    sure = np.eye(3)
    assert np.isfinite(divergence(sure, np.roll(sure, 1, axis=1), exclusive=True)).all()


def test_the_inception_score_is_1_for_sameness_and_the_number_of_classes_at_best():
    assert inception_score(np.full((5, 4), 0.25), exclusive=True) == pytest.approx(1)
    assert inception_score(np.eye(4), exclusive=True) == pytest.approx(4, rel=1e-4)
    assert inception_score(np.eye(4)[:1], exclusive=True) == pytest.approx(1)


def test_the_jackknife_of_a_mean_is_its_standard_error():
    values = RNG.normal(3, 2, 200)
    low, high = jackknife_interval(lambda some: float(values[some].mean()), 200, groups=200)
    error = values.std(ddof=1) / np.sqrt(200)
    assert (low, high) == pytest.approx((values.mean() - 1.96 * error, values.mean() + 1.96 * error))
    assert jackknife_interval(lambda some: 0.0, 3) is None
