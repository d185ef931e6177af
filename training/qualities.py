"""Words for metrics: what captions, and hints beside a prompt, call a high and a low value.

A clip whose label lies in the highest quarter of those it is compared with is called by one of the metric's
high words or by its metric prompt (the paper's Table 1), one in the lowest quarter by a low word.
"""

import random
from collections.abc import Mapping, Sequence

import numpy as np

from engine.metrics import METRIC_IDS, metric

QUARTER = 0.25

Quality = tuple[str, bool]  # a metric, and whether it is high
Labels = Mapping[str, float | None]

_HIGH: Mapping[str, tuple[str, ...]] = {
    "popularity": ("chart hit",),
    "acousticness": ("acoustic", "unplugged"),
    "danceability": ("steady dance beat", "danceable", "dance music"),
    "energy": ("loud, energetic", "energetic", "loud and intense"),
    "instrumentalness": ("instrumental", "without vocals"),
    "liveness": ("live audience, applause", "live concert", "live audience"),
    "speechiness": ("rap vocals", "spoken words", "talking"),
    "valence": ("happy", "happy song", "cheerful"),
    "tempo": ("fast", "fast song"),
    "interactions": ("full of contrast",),
    "like_ratio": ("clear harmony",),
    "views": ("catchy and repetitive",),
    "rating": ("clean production",),
}
_LOW: Mapping[str, tuple[str, ...]] = {
    "popularity": ("unpopular song",),
    "acousticness": ("electronic, distorted", "electric song", "not acoustic"),
    "danceability": ("free rhythm", "song that is not danceable", "no dance music"),
    "energy": ("soft, calm", "calm song", "quiet and soft"),
    "instrumentalness": ("vocals, singing", "song with vocals", "singing"),
    "liveness": ("studio", "studio recording", "song without an audience"),
    "speechiness": ("no vocals", "song without speech"),
    "valence": ("sad", "low valence song", "sad song", "gloomy"),
    "tempo": ("slow", "slow tempo song"),
    "interactions": ("uniform", "song without interaction"),
    "like_ratio": ("unclear harmony", "dislikeable song"),
    "views": ("never repeating", "song nobody views"),
    "rating": ("rough production", "badly rated song"),
}
HINTS = tuple(words[name][0] for name in METRIC_IDS for words in (_HIGH, _LOW))


def bounds(labels: Sequence[Labels]) -> dict[str, tuple[float, float]]:
    """The lower and the upper quartile of each metric over `labels`."""
    found = {}
    for name in METRIC_IDS:
        known = [value for one in labels if (value := one[name]) is not None]
        low, high = np.quantile(known, (QUARTER, 1 - QUARTER))
        found[name] = (float(low), float(high))
    return found


def qualities(labels: Labels, limits: Mapping[str, tuple[float, float]]) -> frozenset[Quality]:
    """What a clip is called: the metrics in which it lies in an outer quarter."""
    found = set()
    for name, (low, high) in limits.items():
        value = labels.get(name)
        if value is not None and low < high and not low < value < high:
            found.add((name, value >= high))
    return frozenset(found)


def spoken(has: frozenset[Quality], rng: random.Random) -> tuple[str, frozenset[Quality]]:
    """One or two of the qualities that a clip `has`, in words, and which."""
    named = rng.sample(sorted(has), min(len(has), rng.randint(1, 2)))
    return ", ".join(word_of(quality, rng) for quality in named), frozenset(named)


def word_of(quality: Quality, rng: random.Random) -> str:
    """A word for a quality; the metric's own prompt half of the time if it is high."""
    name, high = quality
    if not high:
        return rng.choice(_LOW[name])
    return metric(name).prompt if rng.random() < 0.5 else rng.choice(_HIGH[name])
