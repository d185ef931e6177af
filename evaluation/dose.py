"""Dose and response: what a knob's value does to its metric, to the others, and to the prompt.

Every prompt is played with every seed at five values of each knob, the base standing for 0 in all of them.
A prompt's mean over its seeds is one observation, so that observations are independent. Higher and lower are
tested between -5 and 0 and between 0 and 5, one-sided, and corrected for all the tests of a run together.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.faults import FAULTS
from engine.labels import ESTIMATORS
from engine.metrics import METRIC_IDS
from engine.packs import Pack
from evaluation.adherence import adherence_ratio
from evaluation.clips import HEARING, Wanted
from evaluation.opinions import NAMES
from evaluation.statistics import (
    holm,
    mean_interval,
    nan_mean,
    nan_sd,
    paired_greater,
    ratio_interval,
    spearman,
)

VALUES = (-5.0, -2.5, 0.0, 2.5, 5.0)
SURE = 0.01
LEAST_SPEARMAN = 0.9
LEAST_SPAN_SD = 1.0
LEAST_ADHERENCE = 0.9
MIXED = 4.0
MEASURED = tuple(name for name in METRIC_IDS if not ESTIMATORS[name].proxy)

_CHANCE = {"probed": 0.0, "scored": 0.5}  # what of a fit is no adherence

Verdict = Literal["works", "weak", "no effect", "not measured"]
Heard = Mapping[Wanted, Mapping[str, Any]]
Array = NDArray[np.float64]


@dataclass(frozen=True)
class Opinion:
    """What an estimator says that training never saw: `agrees` if its means rise as the metric's should."""

    estimator: str
    means: tuple[float | None, ...]
    spearman: float
    agrees: bool


@dataclass(frozen=True)
class Dose:
    """What one knob does. Lists are over VALUES; `p_up` (5 above 0) and `p_down` (-5 below 0) are corrected.

    `span_sd` is the way from -5 to 5 in standard deviations of the base's clips; `cross_talk` the same
    of every other metric; `faults` the clips that are silent, clipped or stuck. `adherence` is how much of
    the base's adherence to the prompt is kept at each value, 1 at 0 by definition: by the probe, or by the
    scorer if no prompt names a family that the probe knows; `adherence_ratio` is the smaller one of both
    ends, `adherence_scored` what the scorer says of each value. `recommended` is the widest range around 0
    in which the metric follows the knob, the prompt is kept and no clip has a fault.
    """

    estimator: str
    proxy: bool
    means: tuple[float | None, ...]
    ci95: tuple[tuple[float | None, float | None], ...]
    spearman: float
    p_up: float
    p_down: float
    span_sd: float | None
    adherence_ratio: float | None
    adherence_ratios: tuple[float | None, float | None]  # at -5 and at 5
    adherence: tuple[float | None, ...]
    adherence_ci95: tuple[tuple[float, float] | None, tuple[float, float] | None]  # at -5 and at 5
    adherence_scored: tuple[float | None, ...]
    recommended: tuple[float, float]
    second_opinion: Opinion | None
    cross_talk: dict[str, float]
    faults: dict[str, int]
    verdict: Verdict


@dataclass(frozen=True)
class Report:
    """A whole run."""

    prompts: tuple[str, ...]
    seeds: tuple[int, ...]
    values: tuple[float, ...]
    metrics: dict[str, Dose]

    def to_json(self) -> dict[str, Any]:
        """As one JSON object."""
        return asdict(self)


def turnable(pack: Pack, metrics: Sequence[str]) -> dict[str, tuple[float, ...]]:
    """The values, 0 left out, that the pack can turn each of `metrics` to; none at all is left out."""
    found = {
        metric: tuple(
            value
            for value in VALUES
            if value and (metric, "positive" if value > 0 else "negative") in pack.adapters
        )
        for metric in metrics
    }
    return {metric: values for metric, values in found.items() if values}


def clips_to_hear(
    prompts: Sequence[str], seeds: Sequence[int], knobs: Mapping[str, Sequence[float]]
) -> list[Wanted]:
    """The base and every turned knob, for each prompt and seed."""
    return [
        Wanted(prompt, seed, turned)
        for prompt in prompts
        for seed in seeds
        for turned in [(), *(((metric, value),) for metric, values in knobs.items() for value in values)]
    ]


def report(
    prompts: Sequence[str], seeds: Sequence[int], knobs: Mapping[str, Sequence[float]], heard: Heard
) -> Report:
    """The figures of all knobs, from what was heard in `clips_to_hear`."""
    rows = _Rows(prompts, seeds, heard)
    steps: dict[str, tuple[float, float]] = {}
    for metric, values in knobs.items():
        by_dose = rows.doses(metric, "labels", metric)
        up = paired_greater(by_dose[:, 4], by_dose[:, 2]) if 5.0 in values else 1.0
        down = paired_greater(by_dose[:, 2], by_dose[:, 0]) if -5.0 in values else 1.0
        steps[metric] = (up, down)
    corrected = iter(holm([p for both in steps.values() for p in both]))
    enough = tellable(len(prompts), len(knobs))
    found = {metric: _dose(metric, rows, next(corrected), next(corrected), enough) for metric in knobs}
    return Report(tuple(prompts), tuple(seeds), VALUES, found)


class _Rows:
    """What was heard as arrays over prompts."""

    def __init__(self, prompts: Sequence[str], seeds: Sequence[int], heard: Heard) -> None:
        self._prompts, self._seeds, self._heard = prompts, seeds, heard

    def clips(self, metric: str, value: float) -> list[list[Mapping[str, Any] | None]]:
        """What was heard [seeds][prompts] with this knob at `value`."""
        knobs = ((metric, value),) if value else ()
        return [[self._heard.get(Wanted(p, s, knobs)) for p in self._prompts] for s in self._seeds]

    def values(self, metric: str, value: float, kind: str, of: str) -> Array:
        """`of` as `kind` ("labels" or "opinions") says [seeds, prompts], NaN where it is not known."""
        rows = [[clip and clip[kind].get(of) for clip in row] for row in self.clips(metric, value)]
        return np.array([[np.nan if x is None else x for x in row] for row in rows], dtype=np.float64)

    def doses(self, metric: str, kind: str, of: str) -> Array:
        """The means over seeds [prompts, VALUES]."""
        return np.stack([nan_mean(self.values(metric, value, kind, of), axis=0) for value in VALUES], axis=1)

    def fits(self, metric: str, value: float, told: str) -> Array:
        """How well clips fit their prompts [prompts], means over seeds; NaN if it is not known.

        `told` is "probed" or "scored" (see `evaluation.adherence`).
        """
        rows = self.clips(metric, value)
        fits = [[np.nan if clip is None else clip[told] for clip in row] for row in rows]
        return nan_mean(np.array(fits, dtype=np.float64), axis=0)

    def faults(self, metric: str) -> dict[str, int]:
        """How many turned clips have each fault."""
        counts = dict.fromkeys(FAULTS, 0)
        for value in VALUES:
            for clip in (clip for row in self.clips(metric, value) for clip in row if clip and value):
                for fault in clip["faults"]:
                    counts[fault] += 1
        return counts

    def faulty(self, metric: str) -> list[bool]:
        """For each of VALUES, 0 aside, whether a clip has a fault."""
        return [
            bool(value) and any(clip and clip["faults"] for row in self.clips(metric, value) for clip in row)
            for value in VALUES
        ]


def _dose(metric: str, rows: _Rows, p_up: float, p_down: float, enough: bool) -> Dose:
    by_dose = rows.doses(metric, "labels", metric)
    means = nan_mean(by_dose, axis=0)
    intervals = [mean_interval(by_dose[:, d]) for d in range(len(VALUES))]
    scored = [_adherence(rows, metric, value, "scored") for value in VALUES]
    probed = [_adherence(rows, metric, value, "probed") for value in VALUES]
    adherence_by_value = scored if probed[VALUES.index(0.0)] is None else probed
    ratios = (adherence_by_value[0], adherence_by_value[-1])
    known = [ratio for ratio in ratios if ratio is not None]
    span = _span(rows, metric, metric)
    faults = rows.faults(metric)
    estimator = ESTIMATORS[metric]
    rank = spearman(VALUES, means)
    adherence = min(known) if known else None
    return Dose(
        estimator=estimator.name,
        proxy=estimator.proxy,
        means=tuple(_plain(mean) for mean in means),
        ci95=tuple((_plain(low), _plain(high)) for low, high in intervals),
        spearman=rank,
        p_up=p_up,
        p_down=p_down,
        span_sd=_plain(span),
        adherence_ratio=adherence,
        adherence_ratios=ratios,
        adherence=tuple(adherence_by_value),
        adherence_ci95=(_kept_interval(rows, metric, VALUES[0]), _kept_interval(rows, metric, VALUES[-1])),
        adherence_scored=tuple(scored),
        recommended=recommended_range(means, adherence_by_value, rows.faulty(metric)),
        second_opinion=_opinion(metric, rows),
        cross_talk={
            other: round(far, 4)
            for other in METRIC_IDS
            if other != metric and np.isfinite(far := _span(rows, metric, other))
        },
        faults=faults,
        verdict=verdict_of(rank, p_up, p_down, span, adherence, sum(faults.values()))
        if enough
        else "not measured",
    )


def tellable(prompts: int, knobs: int) -> bool:
    """Whether any step can be sure: Wilcoxon's least p over n prompts is 2^-n, times all tests (Holm)."""
    return 2 * knobs * 0.5**prompts < SURE


def verdict_of(
    rank: float, p_up: float, p_down: float, span: float, adherence: float | None, faults: int
) -> Verdict:
    """It works if every bar is reached; it is weak if one step at least is sure and the means rise."""
    bars = (
        rank >= LEAST_SPEARMAN,
        max(p_up, p_down) < SURE,
        span >= LEAST_SPAN_SD,
        adherence is None or adherence >= LEAST_ADHERENCE,
        faults == 0,
    )
    if all(bars):
        return "works"
    return "weak" if rank > 0.5 and min(p_up, p_down) < SURE else "no effect"


def recommended_range(
    means: Array, adherence: Sequence[float | None], faulty: Sequence[bool]
) -> tuple[float, float]:
    """How far the knob may be turned either way: from 0, as long as each step of VALUES moves the mean on,
    keeps the prompt (or that is not known) and brings no faulty clip."""
    middle = VALUES.index(0.0)
    ends = []
    for step in (-1, 1):
        at = middle
        while 0 <= at + step < len(VALUES):
            ratio = adherence[at + step]
            moves = step * (means[at + step] - means[at]) > 0  # False where one is NaN
            if not moves or faulty[at + step] or (ratio is not None and ratio < LEAST_ADHERENCE):
                break
            at += step
        ends.append(VALUES[at])
    return ends[0], ends[1]


def _adherence(rows: _Rows, metric: str, value: float, told: str) -> float | None:
    return adherence_ratio(rows.fits(metric, 0.0, told), rows.fits(metric, value, told), _CHANCE[told])


def _kept_interval(rows: _Rows, metric: str, value: float) -> tuple[float, float] | None:
    return ratio_interval(rows.fits(metric, value, "probed"), rows.fits(metric, 0.0, "probed"))


def _span(rows: _Rows, metric: str, of: str) -> float:
    """The way of `of` from the knob's lowest to its highest value, in sd of the base's clips."""
    means = nan_mean(rows.doses(metric, "labels", of), axis=0)
    known = means[np.isfinite(means)]
    spread = nan_sd(rows.values(metric, 0.0, "labels", of))
    if len(known) < 2 or not spread > 0:
        return float("nan")
    return float((known[-1] - known[0]) / spread)


def _opinion(metric: str, rows: _Rows) -> Opinion | None:
    if metric not in NAMES:
        return None
    means = nan_mean(rows.doses(metric, "opinions", metric), axis=0)
    known = means[np.isfinite(means)]
    rank = spearman(VALUES, means)
    agrees = bool(len(known) > 1 and known[-1] > known[0] and rank > 0)
    return Opinion(NAMES[metric], tuple(_plain(mean) for mean in means), rank, agrees)


def _plain(value: float) -> float | None:
    return round(float(value), 6) if np.isfinite(value) else None


# Two knobs at once


def mixtures(pack: Pack) -> list[tuple[str, str]]:
    """The pairs of measured metrics whose positive adapters the pack has."""
    there = [metric for metric in MEASURED if (metric, "positive") in pack.adapters]
    return list(combinations(there, 2))


def mixture_clips(
    prompts: Sequence[str], seeds: Sequence[int], pairs: Sequence[tuple[str, str]]
) -> list[Wanted]:
    """The base, and every pair of knobs at MIXED, for each prompt and seed."""
    turned = [tuple((metric, MIXED) for metric in pair) for pair in pairs]
    return [Wanted(p, s, knobs) for p in prompts for s in seeds for knobs in [(), *turned]]


def mixing(
    prompts: Sequence[str], seeds: Sequence[int], pairs: Sequence[tuple[str, str]], heard: Heard
) -> dict[str, Any]:
    """The share of pairs that move both of their metrics up, and those that do not."""

    def mean(metric: str, knobs: tuple[tuple[str, float], ...]) -> float:
        found = [heard[Wanted(p, s, knobs)][HEARING.name]["labels"][metric] for p in prompts for s in seeds]
        return float(nan_mean(np.array([np.nan if x is None else x for x in found], dtype=np.float64)))

    failed = []
    for pair in pairs:
        knobs = tuple((metric, MIXED) for metric in pair)
        wrong = [metric for metric in pair if not mean(metric, knobs) > mean(metric, ())]
        if wrong:
            failed.append({"knobs": list(pair), "wrong": wrong})
    share = 1 - len(failed) / len(pairs) if pairs else None
    return {"value": MIXED, "pairs": len(pairs), "share_right": share, "failed": failed}
