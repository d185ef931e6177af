"""All that evaluation hears in one clip, as plain values that can be kept."""

from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from engine.faults import faults_of
from engine.labels import VERSION as LABELS_VERSION
from engine.labels import label_audio
from evaluation.opinions import RATE, second_opinions
from evaluation.opinions import VERSION as OPINIONS_VERSION

VERSION = f"{LABELS_VERSION}.{OPINIONS_VERSION}.4"


def hear(audio: NDArray[np.float32], codes: NDArray[np.int64] | None, sample_rate: int) -> dict[str, Any]:
    """`labels` and `opinions` by metric, and `faults` of audio [C, N] with drawn codes [K, T]."""
    mono = soxr.resample(audio.mean(axis=0), sample_rate, RATE)
    return {
        "labels": label_audio(audio, sample_rate),
        "opinions": second_opinions(mono),
        "faults": faults_of(audio, codes, sample_rate),
    }
