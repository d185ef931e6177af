"""Intervals for means over raters and items, both of which are samples of many."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Interval = tuple[float, float]

RESAMPLES = 2000


def crossed_weights(raters: int, items: int, seed: int = 0) -> tuple[Array, Array]:
    """How often each rater [N, raters] and item [N, items] is drawn in N resamples of both, each by itself.

    The pigeonhole bootstrap (Owen 2007): a rating counts as often as its rater times its item was drawn. It
    errs on the wide side, where resampling the ratings would take one rater's many answers for many raters'.
    """
    rng = np.random.default_rng(seed)
    drawn = [rng.multinomial(count, np.full(count, 1 / count), RESAMPLES) for count in (raters, items)]
    return drawn[0].astype(np.float64), drawn[1].astype(np.float64)


def crossed_mean(values: Array) -> tuple[float, Interval | None]:
    """The mean of `values` [raters, items], and its 95 % interval (percentiles) for other raters and items.

    No interval for fewer than two raters or two items: one of either tells nothing of others.
    """
    mean = float(values.mean())
    if min(values.shape) < 2:
        return mean, None
    raters, items = crossed_weights(*values.shape)
    drawn = ((raters @ values) * items).sum(1) / values.size
    low, high = np.percentile(drawn, (2.5, 97.5))
    return mean, (float(low), float(high))
