"""Do raters agree? Krippendorff's alpha, for ordered answers.

1 is agreement, 0 what chance gives, below 0 contradiction. Krippendorff, "Computing Krippendorff's
Alpha-Reliability" (2011); he asks for 0.8, and 0.667 for tentative conclusions.
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def _nominal(values: Array, counts: Array) -> Array:
    return np.asarray(values[:, None] != values, dtype=np.float64)


def _ordinal(values: Array, counts: Array) -> Array:
    """Squared ranks between: (sum of counts from a to b, minus half of those at a and b) ** 2."""
    upto = np.cumsum(counts) - counts / 2
    return np.asarray((upto[:, None] - upto) ** 2)


def _interval(values: Array, counts: Array) -> Array:
    return np.asarray((values[:, None] - values) ** 2)


SCALES: Mapping[str, Callable[[Array, Array], Array]] = {
    "nominal": _nominal,
    "ordinal": _ordinal,
    "interval": _interval,
}


def alpha(answers: Array, scale: str = "ordinal") -> float | None:
    """Krippendorff's alpha of `answers` [raters, units], NaN where a rater said nothing of a unit.

    None where it is not defined: no unit has two answers, or all answers are the same.
    """
    answers = answers[:, np.isfinite(answers).sum(0) >= 2]
    known = answers[np.isfinite(answers)]
    values = np.unique(known)
    if len(values) < 2:
        return None
    by_unit = (answers[None] == values[:, None, None]).sum(1).astype(np.float64)  # [values, units]
    raters = by_unit.sum(0)
    together = (by_unit / (raters - 1)) @ by_unit.T
    together -= np.diag((by_unit / (raters - 1)).sum(1))
    counts = together.sum(1)
    distance = SCALES[scale](values, counts)
    expected = float((np.outer(counts, counts) * distance).sum() / (counts.sum() - 1))
    return 1 - float((together * distance).sum()) / expected
