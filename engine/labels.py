"""The thirteen metrics of a clip as numbers: eight measured, five by stand-in; see `engine.proxies`.

Training labels its pairs with these and evaluation plots them, so both speak of the same numbers.
Compare values only between measurements of the same `VERSION`.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from engine import measure, proxies
from engine.metrics import METRIC_IDS

VERSION = f"{measure.VERSION}.{proxies.VERSION}"
LEAST_TEMPO_CONFIDENCE = 0.15

_RATE = 16_000
_PROXY_TEXTS = {
    "popularity": "mean of vibenet danceability, valence, 1 - acousticness, 1 - instrumentalness",
    "interactions": "contrast of timbre from second to second",
    "like_ratio": "tonal clarity, correlation with the best key",
    "views": "recurrence, similarity at the best lag",
    "rating": "cleanness, peaks above noise and crest factor",
}


@dataclass(frozen=True)
class Estimator:
    """What a metric's number is; a `proxy` stands in for what only listeners could tell."""

    name: str
    proxy: bool


def _estimator(metric: str) -> Estimator:
    if metric in _PROXY_TEXTS:
        return Estimator(f"proxy: {_PROXY_TEXTS[metric]}, 0 to 1", True)
    if metric == "tempo":
        return Estimator("onset autocorrelation, beats per minute", False)
    return Estimator(f"vibenet {metric}, 0 to 1", False)


ESTIMATORS: Mapping[str, Estimator] = MappingProxyType({name: _estimator(name) for name in METRIC_IDS})


def label_audio(audio: NDArray[np.float32], sample_rate: int) -> dict[str, float | None]:
    """Every metric of float32 [C, N], by id; None where it cannot be told (silence, no clear tempo)."""
    mono = soxr.resample(audio.mean(axis=0), sample_rate, _RATE)
    vibes = measure.vibes_of(mono)
    tempo, confidence = measure.tempo_of(mono)
    found = {**vibes, **proxies.proxies_of(mono, vibes)}
    found["tempo"] = tempo if confidence >= LEAST_TEMPO_CONFIDENCE else None
    return {name: found[name] for name in METRIC_IDS}


def measure_file(path: Path) -> dict[str, Any]:
    """The fields of a file's Measurement, and its proxies by id. Raises Problem if it cannot be read."""
    audio, rate, seconds = measure.measured_part(path)
    found = asdict(measure.measure_audio(audio, rate, seconds))
    mono = soxr.resample(audio.mean(axis=0), rate, _RATE)
    return found | proxies.proxies_of(mono, found)
