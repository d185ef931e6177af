"""Captions of windows for the scorer: what sounds, and what was measured, in words.

A window whose label lies in the highest quarter of the training songs is called by one of the metric's high
words or by its metric prompt (the paper's Table 1), one in the lowest quarter by a low word.
"""

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from engine.metrics import METRIC_IDS, metric
from training.starter.corpus.caption import caption, paper_caption
from training.starter.scorer.windows import Window

QUARTER = 0.25

_HIGH: Mapping[str, tuple[str, ...]] = {
    "popularity": ("chart hit",),
    "acousticness": ("acoustic", "unplugged"),
    "danceability": ("danceable", "dance music"),
    "energy": ("energetic", "loud and intense"),
    "instrumentalness": ("instrumental", "without vocals"),
    "liveness": ("live concert", "live audience"),
    "speechiness": ("spoken words", "talking"),
    "valence": ("happy song", "cheerful"),
    "tempo": ("fast", "fast song"),
    "interactions": ("full of contrast",),
    "like_ratio": ("clear harmony",),
    "views": ("catchy and repetitive",),
    "rating": ("clean production",),
}
_LOW: Mapping[str, tuple[str, ...]] = {
    "popularity": ("unpopular song",),
    "acousticness": ("electric song", "not acoustic"),
    "danceability": ("song that is not danceable", "no dance music"),
    "energy": ("calm song", "quiet and soft"),
    "instrumentalness": ("song with vocals", "singing"),
    "liveness": ("studio recording", "song without an audience"),
    "speechiness": ("song without speech",),
    "valence": ("low valence song", "sad song", "gloomy"),
    "tempo": ("slow tempo song", "slow"),
    "interactions": ("song without interaction", "uniform"),
    "like_ratio": ("dislikeable song", "unclear harmony"),
    "views": ("song nobody views", "never repeating"),
    "rating": ("badly rated song", "rough production"),
}

Quality = tuple[str, bool]  # a metric, and whether it is high


@dataclass(frozen=True)
class Caption:
    """A text, the qualities that it names, and whether it also names what sounds."""

    text: str
    qualities: frozenset[Quality]
    described: bool


def bounds(windows: Sequence[Window]) -> dict[str, tuple[float, float]]:
    """The lower and the upper quartile of each metric over `windows`."""
    found = {}
    for name in METRIC_IDS:
        known = [value for window in windows if (value := window.labels[name]) is not None]
        low, high = np.quantile(known, (QUARTER, 1 - QUARTER))
        found[name] = (float(low), float(high))
    return found


def qualities(window: Window, limits: Mapping[str, tuple[float, float]]) -> frozenset[Quality]:
    """What a window is called: the metrics in which it lies in an outer quarter."""
    found = set()
    for name, (low, high) in limits.items():
        value = window.labels[name]
        if value is not None and low < high and not low < value < high:
            found.add((name, value >= high))
    return frozenset(found)


def captions_of(window: Window, has: frozenset[Quality], rng: random.Random) -> list[Caption]:
    """Three captions: what sounds, one or two qualities, and both together."""
    plain = Caption(caption(window.description, rng), frozenset(), True)
    if not has:
        return [plain, Caption(paper_caption(window.description), frozenset(), True)]
    named = rng.sample(sorted(has), min(len(has), rng.randint(1, 2)))
    words = ", ".join(word_of(quality, rng) for quality in named)
    both = [paper_caption(window.description), words]
    rng.shuffle(both)
    return [
        plain,
        Caption(words, frozenset(named), False),
        Caption(", ".join(both), frozenset(named), True),
    ]


def word_of(quality: Quality, rng: random.Random) -> str:
    """A word for a quality; the metric's own prompt half of the time if it is high."""
    name, high = quality
    if not high:
        return rng.choice(_LOW[name])
    return metric(name).prompt if rng.random() < 0.5 else rng.choice(_HIGH[name])
