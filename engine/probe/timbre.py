"""Timbre: 74 numbers [F] that say how a clip sounds, not what it plays.

    20 mel-frequency cepstral coefficients: mean, standard deviation, mean change from frame to frame
    7 bands of spectral contrast (Jiang et al. 2002, ICME): mean, standard deviation

Audio is mono, 32 kHz, [N]. Compare them only between equal `VERSION`s.
"""

import numpy as np
from numpy.typing import NDArray

from engine.compiled import librosa

VERSION = 1
RATE = 32_000
SIZE = 3 * 20 + 2 * 7

_FRAME, _HOP = 2048, 1024


def timbre(mono: NDArray[np.float32]) -> NDArray[np.float64]:
    """The timbre [F] of a clip of at least two frames (0.1 s)."""
    feature = librosa().feature
    mfcc = feature.mfcc(y=mono, sr=RATE, n_mfcc=20, n_fft=_FRAME, hop_length=_HOP)
    contrast = feature.spectral_contrast(y=mono, sr=RATE, n_fft=_FRAME, hop_length=_HOP)
    moving = np.abs(np.diff(mfcc, axis=1)).mean(1)
    parts = (mfcc.mean(1), mfcc.std(1), moving, contrast.mean(1), contrast.std(1))
    return np.concatenate(parts).astype(np.float64)
