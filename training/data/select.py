"""From candidates, two clips each, to pairs that teach one metric."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.labels import ESTIMATORS
from engine.metrics import ADHERENCE, METRIC_IDS

Values = NDArray[np.float64]  # [N, metrics] in the order of METRIC_IDS, NaN where not known


def values_of(labels: Sequence[dict[str, float | None]]) -> Values:
    """The values [N, metrics] of labelled clips."""
    rows = [
        [np.nan if (value := label.get(name)) is None else value for name in METRIC_IDS] for label in labels
    ]
    return np.array(rows, dtype=np.float64).reshape(len(labels), len(METRIC_IDS))


@dataclass(frozen=True)
class Rule:
    """Which candidates become pairs of a metric, in its standard deviations over all clips.

    The clips must differ by at least `margin` and at most `most`, and by at least `purity` times what they
    differ by in any other measured metric, or the easiest way to the metric is taken for it: a crowd sounds
    energetic. (A proxy is made of measured metrics, so this is not asked of it.) Of more than `limit` pairs
    those are kept that differ most in the metric and least in the others. If `faithful`, the upper clip must
    fit its prompt at least as well as the lower one, where that is known: else a knob learns to leave it.
    """

    margin: float = 0.5
    most: float = np.inf
    limit: int | None = None
    purity: float = 0.0
    faithful: bool = False


def select(
    candidates: NDArray[np.int64],
    values: Values,
    metric: str,
    rule: Rule,
    left_out: Counter[str],
    fits: NDArray[np.float64] | None = None,
) -> NDArray[np.int64]:
    """The pairs [P, 2] (chosen, rejected) among `candidates` [C, 2], in their order.

    `values` [N, metrics] are of all clips, `fits` [N] says how well each fits its prompt (NaN: not known).
    What is left out is counted in `left_out` by reason.
    """
    column = METRIC_IDS.index(metric)
    spread = spreads(values)
    if not spread[column] > 0:
        left_out[f"{metric}: no clip has another value"] += len(candidates)
        return np.empty((0, 2), dtype=np.int64)
    differences = (values[candidates[:, 0]] - values[candidates[:, 1]]) / np.where(spread > 0, spread, np.nan)
    wanted = np.abs(differences[:, column])
    known = np.isfinite(wanted)
    measured = [i for i, name in enumerate(METRIC_IDS) if i != column and not ESTIMATORS[name].proxy]
    rest = np.nan_to_num(np.abs(differences[:, measured])).max(axis=1)
    far, near = known & (wanted >= rule.margin) & (wanted > 0), wanted <= rule.most
    left_out[f"{metric}: not known for both clips"] += int((~known).sum())
    left_out[f"{metric}: too close"] += int((known & ~far).sum())
    left_out[f"{metric}: too far apart"] += int((far & ~near).sum())
    pure = (wanted >= rule.purity * rest) | ESTIMATORS[metric].proxy
    left_out[f"{metric}: differ more in another metric"] += int((far & near & ~pure).sum())
    true = _faithful(candidates, differences[:, column], fits) | (not rule.faithful)
    left_out[f"{metric}: the better one leaves the prompt"] += int((far & near & pure & ~true).sum())
    kept = np.flatnonzero(far & near & pure & true)
    others = np.delete(np.nan_to_num(np.abs(differences)), column, axis=1).mean(axis=1)
    kept = _best(kept, wanted - others, metric, rule.limit, left_out)
    return _upwards(candidates[kept], differences[kept, column])


def select_adherent(
    candidates: NDArray[np.int64],
    values: Values,
    fits: NDArray[np.float64],
    rule: Rule,
    left_out: Counter[str],
) -> NDArray[np.int64]:
    """The pairs [P, 2] among `candidates` [C, 2], clips of one prompt, whose chosen clip fits it better.

    `fits` [N] says how well each clip fits its prompt; its standard deviation, in which they must differ by
    the margin of `rule`, is that of clips of one prompt: some prompts fit all music. Of more than the limit
    those are kept that differ most in it and least in the metrics, `values` [N, metrics].
    """
    differences = fits[candidates[:, 0]] - fits[candidates[:, 1]]
    known = np.isfinite(differences)
    spread = np.sqrt(np.square(differences[known]).mean() / 2) if known.any() else 0.0
    wanted = np.abs(differences) / (spread or np.nan)
    far = known & (wanted >= rule.margin) & (wanted > 0)
    left_out[f"{ADHERENCE}: not known for both clips"] += int((~known).sum())
    left_out[f"{ADHERENCE}: too close"] += int((known & ~far).sum())
    known_spreads = spreads(values)
    scale = np.where(known_spreads > 0, known_spreads, np.nan)
    others = np.nan_to_num(np.abs(values[candidates[:, 0]] - values[candidates[:, 1]]) / scale).mean(axis=1)
    kept = _best(np.flatnonzero(far), wanted - others, ADHERENCE, rule.limit, left_out)
    return _upwards(candidates[kept], differences[kept])


def _best(
    kept: NDArray[np.int64],
    worth: NDArray[np.float64],
    what: str,
    limit: int | None,
    left_out: Counter[str],
) -> NDArray[np.int64]:
    """Those `limit` of the candidates `kept` that are worth most, by `worth` [C], in their order."""
    if limit is None or len(kept) <= limit:
        return kept
    left_out[f"{what}: others differ more in it and less in the rest"] += len(kept) - limit
    return kept[np.sort(np.argsort(-worth[kept], kind="stable")[:limit])]


def _upwards(pairs: NDArray[np.int64], differences: NDArray[np.float64]) -> NDArray[np.int64]:
    """`pairs` [P, 2], turned round where the first lies below the second."""
    return np.where(differences[:, None] < 0, pairs[:, ::-1], pairs)


def _faithful(
    candidates: NDArray[np.int64], differences: NDArray[np.float64], fits: NDArray[np.float64] | None
) -> NDArray[np.bool_]:
    """Whether the upper clip of each candidate, by `differences` [C], fits no worse; True if not known."""
    if fits is None:
        return np.ones(len(candidates), dtype=np.bool_)
    better = np.sign(differences) * (fits[candidates[:, 0]] - fits[candidates[:, 1]])
    return ~(better < 0)


def spreads(values: Values) -> NDArray[np.float64]:
    """The standard deviation of each metric [metrics] over the clips where it is known, 0 if nowhere."""
    known = np.isfinite(values)
    count = np.maximum(known.sum(0), 1)
    mean = np.where(known, values, 0.0).sum(0) / count
    return np.sqrt((np.where(known, values - mean, 0.0) ** 2).sum(0) / count)


def unordered(pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Each two indices [P, 2] once, whatever their order; the first of equals stays in its place."""
    _, first = np.unique(np.sort(pairs, axis=1), axis=0, return_index=True)
    return pairs[np.sort(first)]
