"""The paper's two evaluations: how near clips are to metric prompts, and to the prompts they were made from.

(Torrie et al., "Music Generation with Direct Policy Optimization", Tables 3 to 5, Figures 4 and 5.)
Values are arrays over prompts, NaN where a clip has none; a model that was not made is left out.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from engine.metrics import METRIC_IDS, metric
from engine.recipe import Direction
from evaluation.compare import compare, estimate, finite
from evaluation.models import BASE, model_name
from evaluation.results import Comparison, HeatMap, MetricRow, MetricTable, PromptRow
from evaluation.statistics import nan_mean, paired_differs, paired_greater

Array = NDArray[np.float64]
SURE = 0.05


def metric_table(values: Mapping[str, Array], judge: Mapping[str, str]) -> MetricTable:
    """Base, positive and negative model of each metric, from `values` [prompts, metrics] by model.

    Positive above base and negative below base are tested one-sided, corrected for all tests of the table.
    """
    steps: dict[str, tuple[Array, Array]] = {}
    for column, name in enumerate(METRIC_IDS):
        base = values[BASE][:, column]
        for direction in ("positive", "negative"):
            model = model_name(name, direction)
            if model in values:
                tuned = values[model][:, column]
                steps[model] = (tuned, base) if direction == "positive" else (base, tuned)
    found = dict(zip(steps, compare(list(steps.values()), paired_greater), strict=True))
    rows = [_metric_row(name, column, values, found) for column, name in enumerate(METRIC_IDS)]
    return MetricTable(judge=dict(judge), rows=tuple(row for row in rows if row is not None))


def _metric_row(
    name: str, column: int, values: Mapping[str, Array], found: Mapping[str, Comparison]
) -> MetricRow | None:
    up, down = model_name(name, "positive"), model_name(name, "negative")
    if up not in values and down not in values:
        return None
    base = estimate(values[BASE][:, column])
    positive = estimate(values[up][:, column]) if up in values else None
    negative = estimate(values[down][:, column]) if down in values else None
    ordered = sure = None
    if positive is not None and negative is not None:
        means = (positive.mean, base.mean, negative.mean)
        known = [mean for mean in means if mean is not None]
        ordered = len(known) == 3 and known[0] > known[1] > known[2]
        sure = ordered and max(found[up].p_holm, found[down].p_holm) < SURE
    return MetricRow(
        metric=name,
        base=base,
        positive=positive,
        negative=negative,
        up=found.get(up),
        down=found.get(down),
        ordered=ordered,
        sure=sure,
    )


def prompt_table(own: Mapping[str, Array], direction: Direction) -> tuple[PromptRow, ...]:
    """The base and the models of one direction, by how well they fit their prompts, best first.

    `own` [prompts] by model is the score of a clip for the prompt it was made from. Each model is compared
    with the base two-sided, corrected for all of the table.
    """
    models = [name for m in METRIC_IDS if (name := model_name(m, direction)) in own]
    found = compare([(own[name], own[BASE]) for name in models], paired_differs)
    against = dict(zip(models, found, strict=True))
    rows = [
        PromptRow(model=name, score=estimate(own[name]), against_base=against.get(name))
        for name in (BASE, *models)
    ]
    return tuple(sorted(rows, key=lambda row: -(row.score.mean if row.score.mean is not None else -np.inf)))


def heat_map(scores: Mapping[str, Array], direction: Direction) -> HeatMap | None:
    """The base and the models of one direction against all metric prompts; None if there are none.

    `scores` [prompts, metrics] by model, cosines times 100. Columns are divided by their sum. Where a mean is
    not above 0 that would mean nothing; then (1 + cosine) / 2, which lies between 0 and 1, is divided so.
    """
    models = [BASE, *(name for m in METRIC_IDS if (name := model_name(m, direction)) in scores)]
    if len(models) == 1:
        return None
    means = np.stack([nan_mean(scores[name], axis=0) for name in models])
    lifted = bool((means[np.isfinite(means)] <= 0).any())
    shares = column_shares((1 + means / 100) / 2 if lifted else means)
    return HeatMap(
        models=tuple(models),
        columns=tuple(metric(name).prompt for name in METRIC_IDS),
        scores=_cells(means),
        shares=_cells(shares),
        lifted=lifted,
    )


def column_shares(values: Array) -> Array:
    """Each column divided by its sum; columns that sum to nothing become NaN."""
    total = np.nansum(values, axis=0)
    return np.divide(values, total, out=np.full_like(values, np.nan), where=total != 0)


def _cells(values: Array) -> tuple[tuple[float | None, ...], ...]:
    return tuple(tuple(finite(value) for value in row) for row in values)
