"""The distribution metrics of every model, by one feature extractor, with intervals."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluation.compare import finite
from evaluation.distance import divergence, frechet, inception_score
from evaluation.extractors import Extractor
from evaluation.models import BASE
from evaluation.results import Distribution, DistributionRow, Measure
from evaluation.statistics import jackknife_interval

Array = NDArray[np.float64]
Kept = Sequence[Mapping[str, Any]]


def distribution(
    extractor: Extractor, clips: Mapping[str, Kept], reference: Kept | None = None, named: str = "base"
) -> Distribution:
    """Every model's clips (in one order: pairs of the same prompt and seed) against the base's or
    `reference`.

    A silent clip counts in no figure. `named` is what the report calls the reference.
    """
    against = clips[BASE] if reference is None else reference
    features = {model: extractor.features(kept) for model, kept in clips.items()}
    posteriors = {model: extractor.posteriors(kept) for model, kept in clips.items()}
    wanted = features[BASE] if reference is None else extractor.features(against)
    paired = posteriors[BASE] if reference is None else None
    known = _sounding(wanted)
    rows = []
    for model in clips:
        itself = reference is None and model == BASE
        rows.append(
            DistributionRow(
                model=model,
                fad=Measure(value=None, interval=None) if itself else fad(known, features[model]),
                kl=None if itself or paired is None else kl(paired, posteriors[model], extractor.exclusive),
                inception=inception(posteriors[model], extractor.exclusive),
            )
        )
    floor = frechet(known[0::2], known[1::2]) if len(known) >= 4 else float("nan")
    return Distribution(
        extractor=extractor.name,
        version=extractor.version,
        reference=named,
        clips=len(against),
        floor=finite(floor),
        rows=tuple(rows),
    )


def fad(reference: Array, made: Array) -> Measure:
    """The Fréchet distance of features, rows of NaN left out; no value for fewer than two clips."""
    known = _sounding(made)
    if min(len(reference), len(known)) < 2:
        return Measure(value=None, interval=None)
    return _measure(lambda some: frechet(reference, known[some]), len(known))


def kl(reference: Array, made: Array, exclusive: bool) -> Measure:
    """The mean KL(reference || made) over pairs in which both sound."""
    both = np.isfinite(reference).all(axis=1) & np.isfinite(made).all(axis=1)
    if not both.any():
        return Measure(value=None, interval=None)
    each = divergence(reference[both], made[both], exclusive)
    return _measure(lambda some: float(each[some].mean()), len(each))


def inception(posteriors: Array, exclusive: bool) -> Measure:
    """The inception score of the clips that sound."""
    known = _sounding(posteriors)
    if not len(known):
        return Measure(value=None, interval=None)
    return _measure(lambda some: inception_score(known[some], exclusive), len(known))


def _measure(statistic: Any, count: int) -> Measure:
    interval = jackknife_interval(statistic, count)
    value = finite(statistic(np.arange(count)))
    if interval is None or value is None:
        return Measure(value=value, interval=None)
    return Measure(value=value, interval=(round(interval[0], 6), round(interval[1], 6)))


def _sounding(rows: Array) -> Array:
    found: Array = rows[np.isfinite(rows).all(axis=1)]
    return found
