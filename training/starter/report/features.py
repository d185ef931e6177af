"""What two estimators hear in a clip: vibenet's labels and inner features, timbre, and a pulse."""

from dataclasses import dataclass

import numpy as np
import soxr
from numpy.typing import NDArray
from vibenet import labels
from vibenet.core import InferenceResult, extract_mel

from engine.compiled import librosa
from engine.probe.timbre import timbre
from engine.scorer.features import DEEP, network
from training.starter.corpus.synth import SAMPLE_RATE

LABELS: tuple[str, ...] = tuple(labels)
PULSE_FOUND = 0.3
_SLOWEST, _FASTEST = 50.0, 200.0  # beats a minute


@dataclass(frozen=True)
class Heard:
    """`values` [7] of vibenet, `deep` its penultimate features, `timbre` for the probe, `pulse` 0 to 1."""

    values: NDArray[np.float64]
    deep: NDArray[np.float64]
    timbre: NDArray[np.float64]
    pulse: float


def hear(audio: NDArray[np.float32]) -> Heard:
    """Listen to a mono clip at 32 kHz, at least 2 s long."""
    logits, deep = network().run(
        ["out", DEEP], {"x": extract_mel(soxr.resample(audio, SAMPLE_RATE, 16_000), 16_000)[None]}
    )
    values = InferenceResult.from_logits(logits[0]).to_dict()
    return Heard(
        np.array([values[label] for label in LABELS]),
        deep[0].astype(np.float64),
        timbre(audio),
        pulse(audio),
    )


def pulse(audio: NDArray[np.float32]) -> float:
    """How strong the beat is, 0 to 1: the highest autocorrelation of onsets at 50 to 200 beats a minute."""
    hop = 320
    onset = librosa().onset.onset_strength(y=audio, sr=SAMPLE_RATE, hop_length=hop)
    onset = onset - onset.mean()
    if not onset.any():
        return 0.0
    correlation = librosa().autocorrelate(onset)
    rate = SAMPLE_RATE / hop * 60
    lags = correlation[int(rate / _FASTEST) : int(rate / _SLOWEST)]
    return float(max(0.0, lags.max() / correlation[0]))
