"""All that evaluation hears in one clip, as plain values that can be kept."""

import warnings
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from engine.labels import VERSION as LABELS_VERSION
from engine.labels import label_audio
from evaluation.opinions import RATE, second_opinions
from evaluation.opinions import VERSION as OPINIONS_VERSION

VERSION = f"{LABELS_VERSION}.{OPINIONS_VERSION}.1"
SILENT_DB = -60.0
CLIPPED = 0.999
CLIPPED_SHARE = 1e-3
STUCK_S = 1.0


def hear(audio: NDArray[np.float32], codes: NDArray[np.int64] | None, sample_rate: int) -> dict[str, Any]:
    """`labels` and `opinions` by metric, `timbre`, and `faults` of audio [C, N] with codes [K, T], if any."""
    mono = soxr.resample(audio.mean(axis=0), sample_rate, RATE)
    return {
        "labels": label_audio(audio, sample_rate),
        "opinions": second_opinions(mono),
        "timbre": timbre(mono),
        "faults": faults(audio, codes, sample_rate),
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


def faults(audio: NDArray[np.float32], codes: NDArray[np.int64] | None, sample_rate: int) -> list[str]:
    """What is wrong with a clip: silent, clipped, or stuck, a second of sound whose codes do not change.

    Without codes, whether it is stuck is not told.
    """
    found = []
    level = float(np.sqrt(np.mean(audio.astype(np.float64) ** 2)))
    if level < 10 ** (SILENT_DB / 20):
        found.append("silent")
    if float(np.mean(np.abs(audio) > CLIPPED)) > CLIPPED_SHARE:
        found.append("clipped")
    if codes is None:
        return found
    samples = audio.shape[1] / codes.shape[1]
    wanted = round(STUCK_S * sample_rate / samples)
    run = 0
    for frame, same in enumerate((codes[:, 1:] == codes[:, :-1]).all(axis=0), 1):
        run = run + 1 if same else 0
        if run >= wanted:
            piece = audio[:, round((frame - run) * samples) : round(frame * samples)]
            if float(np.sqrt(np.mean(piece**2))) >= 10 ** (SILENT_DB / 20):
                found.append("stuck")
                break
    return found
