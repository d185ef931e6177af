"""All that evaluation hears in one clip, as plain values that can be kept."""

import warnings
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from engine.faults import faults_of
from engine.labels import VERSION as LABELS_VERSION
from engine.labels import label_audio
from evaluation.opinions import RATE, second_opinions
from evaluation.opinions import VERSION as OPINIONS_VERSION

VERSION = f"{LABELS_VERSION}.{OPINIONS_VERSION}.3"


def hear(audio: NDArray[np.float32], codes: NDArray[np.int64] | None, sample_rate: int) -> dict[str, Any]:
    """`labels` and `opinions` by metric, `timbre`, and `faults` of audio [C, N] with drawn codes [K, T]."""
    mono = soxr.resample(audio.mean(axis=0), sample_rate, RATE)
    return {
        "labels": label_audio(audio, sample_rate),
        "opinions": second_opinions(mono),
        "timbre": timbre(mono),
        "faults": faults_of(audio, codes, sample_rate),
    }


def timbre(mono: NDArray[np.float32]) -> list[float]:
    """Means, spreads and changes of MFCCs and spectral contrast: what sounds, rather than which notes."""
    import librosa

    with warnings.catch_warnings(action="ignore"):  # of clips shorter than a window
        mfcc = librosa.feature.mfcc(y=mono, sr=RATE, n_mfcc=20, n_fft=2048, hop_length=512)
        contrast = librosa.feature.spectral_contrast(y=mono, sr=RATE, n_fft=2048, hop_length=512)
    moving = np.abs(np.diff(mfcc, axis=1)).mean(axis=1)
    parts = (mfcc.mean(axis=1), mfcc.std(axis=1), moving, contrast.mean(axis=1), contrast.std(axis=1))
    return [round(float(value), 4) for value in np.nan_to_num(np.concatenate(parts))]
