"""Estimates and comparisons as results hold them, from values over prompts."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from evaluation.results import Comparison, Estimate
from evaluation.statistics import effect_size, holm, mean_interval

Array = NDArray[np.float64]
Test = Callable[[Array, Array], float]


def estimate(values: Array) -> Estimate:
    """The mean of `values` [prompts], NaN left out; one value has no interval, none has no mean."""
    known = values[np.isfinite(values)]
    if not len(known):
        return Estimate(mean=None, interval=None, n=0)
    interval = tuple(plain(edge) for edge in mean_interval(known)) if len(known) > 1 else None
    return Estimate(mean=plain(known.mean()), interval=interval, n=len(known))


def compare(pairs: Sequence[tuple[Array, Array]], test: Test) -> list[Comparison]:
    """a against b for each of `pairs` by `test` (see `statistics`), corrected for their number (Holm)."""
    found = [test(a, b) for a, b in pairs]
    return [_compare(a, b, p, fixed) for (a, b), p, fixed in zip(pairs, found, holm(found), strict=True)]


def plain(value: float) -> float:
    """A number with as many digits as mean anything."""
    return round(float(value), 6)


def finite(value: float) -> float | None:
    """`plain`, or None where the value is not defined."""
    return plain(value) if np.isfinite(value) else None


def _compare(a: Array, b: Array, p: float, corrected: float) -> Comparison:
    difference = estimate(a - b)
    return Comparison(
        n=difference.n,
        difference=difference.mean,
        interval=difference.interval,
        effect=finite(effect_size(a, b)),
        p=p,
        p_holm=corrected,
    )
