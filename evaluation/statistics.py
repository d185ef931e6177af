"""Paired statistics over prompts; NaN is where nothing could be measured."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

RESAMPLES = 4000


def paired_greater(high: Array, low: Array) -> float:
    """How probably `high` [prompts] lies this far above `low` by chance: Wilcoxon's signed ranks, one-sided.

    Prompts where either is NaN do not count; 1 if fewer than five are left, or none differs.
    """
    return _signed_ranks(high - low, "greater")


def paired_differs(a: Array, b: Array) -> float:
    """How probably `a` and `b` [prompts] lie this far apart by chance: as `paired_greater`, two-sided."""
    return _signed_ranks(a - b, "two-sided")


def effect_size(a: Array, b: Array) -> float:
    """Cohen's d of paired values: the mean of a - b over its standard deviation (n - 1).

    NaN for fewer than two pairs, or differences that are all the same.
    """
    difference = a - b
    difference = difference[np.isfinite(difference)]
    if len(difference) < 2 or not (spread := float(difference.std(ddof=1))) > 0:
        return float("nan")
    return float(difference.mean() / spread)


def _signed_ranks(difference: Array, alternative: str) -> float:
    from scipy.stats import wilcoxon

    difference = difference[np.isfinite(difference)]
    if len(difference) < 5 or not difference.any():
        return 1.0
    return float(wilcoxon(difference, alternative=alternative).pvalue)


def holm(p: Sequence[float]) -> list[float]:
    """Probabilities corrected for there being several (Holm 1979), in the order given, at most 1."""
    order = np.argsort(p, kind="stable")
    corrected = np.empty(len(p))
    steps = np.asarray(p)[order] * np.arange(len(p), 0, -1)
    corrected[order] = np.minimum(1.0, np.maximum.accumulate(steps))
    return [float(value) for value in corrected]


def spearman(doses: Sequence[float], means: Array) -> float:
    """The rank correlation of dose and mean, 1 if more always gives more; 0 if it is not defined."""
    from scipy.stats import rankdata

    known = np.isfinite(means)
    if known.sum() < 3:
        return 0.0
    ranks = [rankdata(values) for values in (np.asarray(doses, dtype=float)[known], means[known])]
    if any(rank.std() == 0 for rank in ranks):
        return 0.0
    return round(float(np.corrcoef(*ranks)[0, 1]), 9)  # so that a bar of 0.9 is reached by 0.9


def mean_interval(values: Array, seed: int = 0) -> tuple[float, float]:
    """The 95 % bootstrap interval (percentiles) of the mean of `values` [prompts]; NaN are left out."""
    known = values[np.isfinite(values)]
    if len(known) == 0:
        return float("nan"), float("nan")
    drawn = np.random.default_rng(seed).integers(0, len(known), (RESAMPLES, len(known)))
    low, high = np.percentile(known[drawn].mean(axis=1), (2.5, 97.5))
    mean = float(known.mean())
    return min(float(low), mean), max(float(high), mean)


def ratio_interval(above: Array, below: Array, seed: int = 0) -> tuple[float, float] | None:
    """The 95 % bootstrap interval (percentiles) of mean(above) / mean(below), resampling pairs [prompts].

    Pairs with NaN are left out. None for fewer than two pairs, or a mean below that is not positive.
    """
    known = np.isfinite(above) & np.isfinite(below)
    count = int(known.sum())
    if count < 2 or not below[known].mean() > 0:
        return None
    drawn = np.random.default_rng(seed).integers(0, count, (RESAMPLES, count))
    means = [side[known][drawn].mean(axis=1) for side in (above, below)]
    ratios = means[0] / np.maximum(means[1], 1e-12)
    low, high = np.percentile(ratios, (2.5, 97.5))
    return float(low), float(high)


def jackknife_interval(
    statistic: Callable[[NDArray[np.int64]], float], count: int, groups: int = 10
) -> tuple[float, float] | None:
    """The 95 % interval of a statistic of `count` clips that no mean over clips gives, such as a distance.

    `statistic` works it out from the clips it is told. It is asked for all clips and for all but each of
    `groups` groups (delete-a-group jackknife, Kott 2001): the variance is (g - 1) / g of the sum of squared
    deviations. Resampling with replacement would shrink a distance between distributions: clips would come
    twice. None for fewer than four clips.
    """
    if count < 4:
        return None
    g = min(groups, count)
    order = np.random.default_rng(0).permutation(count)
    whole = statistic(np.arange(count))
    left = np.array([statistic(np.sort(order[np.arange(count) % g != group])) for group in range(g)])
    half = 1.96 * float(np.sqrt((g - 1) / g * ((left - left.mean()) ** 2).sum()))
    return whole - half, whole + half


def nan_mean(values: Array, axis: int | tuple[int, ...] | None = None) -> Array:
    """The mean of what is not NaN; NaN, without a warning, where nothing is."""
    known = np.isfinite(values)
    count = known.sum(axis=axis)
    total = np.where(known, values, 0.0).sum(axis=axis)
    return np.asarray(np.divide(total, count, out=np.full(np.shape(count), np.nan), where=count > 0))


def nan_sd(values: Array) -> float:
    """The standard deviation (n - 1) of what is not NaN; NaN for fewer than two."""
    known = values[np.isfinite(values)]
    return float(known.std(ddof=1)) if len(known) > 1 else float("nan")
