"""How much a model's outputs vary: the "variance evaluation" that the paper left for later.

The spread of embeddings is the mean cosine distance of two clips, 0 (all alike) to 2. It is compared with the
base's by resampling prompts, the same for both, so that the interval is of the ratio itself.
"""

import numpy as np
from numpy.typing import NDArray

from evaluation.compare import finite
from evaluation.results import SpreadRow
from evaluation.statistics import nan_mean

Array = NDArray[np.float64]

RESAMPLES = 2000
_FEWEST = 5  # prompts, for an interval


def spread_row(model: str, tuned: Array, base: Array) -> SpreadRow:
    """The spreads of `tuned` against `base`, embeddings [seeds, prompts, D] (NaN where a clip is silent)."""
    across, across_base = (_distances_across(vectors) for vectors in (tuned, base))
    within, within_base = (distances_within(vectors) for vectors in (tuned, base))
    P = tuned.shape[1]
    weights = np.random.default_rng(0).multinomial(P, np.full(P, 1 / P), size=RESAMPLES).astype(np.float64)
    pairs = (_weighted_pairs(across, weights), _weighted_pairs(across_base, weights))
    means = (_weighted_means(within, weights), _weighted_means(within_base, weights))
    one = np.ones((1, P))
    across_ratio = _ratio(_weighted_pairs(across, one), _weighted_pairs(across_base, one))
    within_ratio = _ratio(_weighted_means(within, one), _weighted_means(within_base, one))
    enough = P >= _FEWEST and model != "base"
    return SpreadRow(
        model=model,
        across=finite(_weighted_pairs(across, one)[0]),
        across_ratio=finite(across_ratio[0]),
        across_ratio_interval=_interval(_ratio(*pairs)) if enough else None,
        within=finite(_weighted_means(within, one)[0]),
        within_ratio=finite(within_ratio[0]),
        within_ratio_interval=_interval(_ratio(*means)) if enough else None,
    )


def pairwise_distances(vectors: Array) -> Array:
    """The cosine distances [n, n] of vectors [n, D]: 1 - cos."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    distances: Array = 1 - unit @ unit.T
    return distances


def distances_within(vectors: Array) -> Array:
    """The mean distance of two seeds' clips for each prompt [P], of vectors [S, P, D]; NaN for one seed."""
    S, P, _ = vectors.shape
    upper = np.triu_indices(S, 1)
    if S < 2:
        return np.full(P, np.nan)
    return np.stack([nan_mean(pairwise_distances(vectors[:, p])[upper]) for p in range(P)])


def _distances_across(vectors: Array) -> Array:
    """The distances [P, P] between prompts, seed by seed, then averaged; NaN on the diagonal."""
    distances = nan_mean(np.stack([pairwise_distances(seed) for seed in vectors]), axis=0)
    np.fill_diagonal(distances, np.nan)
    return distances


def _weighted_pairs(distances: Array, weights: Array) -> Array:
    """The mean of distances [P, P] when prompt p is there w_p times, for each row of weights [R, P].

    A prompt is not compared with itself, however often it was drawn.
    """
    known = np.isfinite(distances)
    filled = np.where(known, distances, 0.0)
    total = ((weights @ filled) * weights).sum(axis=1)
    count = ((weights @ known.astype(np.float64)) * weights).sum(axis=1)
    return np.divide(total, count, out=np.full(len(weights), np.nan), where=count > 0)


def _weighted_means(values: Array, weights: Array) -> Array:
    known = np.isfinite(values)
    count = weights @ known.astype(np.float64)
    total = weights @ np.where(known, values, 0.0)
    return np.divide(total, count, out=np.full(len(weights), np.nan), where=count > 0)


def _ratio(of: Array, to: Array) -> Array:
    return np.divide(of, to, out=np.full(len(of), np.nan), where=to > 0)


def _interval(values: Array) -> tuple[float, float] | None:
    known = values[np.isfinite(values)]
    if not len(known):
        return None
    low, high = np.percentile(known, (2.5, 97.5))
    return round(float(low), 6), round(float(high), 6)
