"""A second estimator for some metrics, so that a pair rests on more than one number.

They are other than those that evaluation asks for its second opinions, which training never sees.
"""

import numpy as np
import soxr
from numpy.typing import NDArray

from engine.compiled import librosa

_RATE = 16_000


def second_of(audio: NDArray[np.float32], sample_rate: int) -> dict[str, float]:
    """Values of other estimators for float32 [C, N], by metric; higher is more, units differ.

    energy: mean spectral flux (librosa's onset strength); tempo: librosa's tempogram with its prior, in
    beats per minute.
    """
    mono = soxr.resample(audio.mean(axis=0), sample_rate, _RATE)
    flux = librosa().onset.onset_strength(y=mono, sr=_RATE, hop_length=160)
    if not flux.any():
        return {}
    tempo = librosa().feature.tempo(onset_envelope=flux, sr=_RATE, hop_length=160)[0]
    return {"energy": float(flux.mean()), "tempo": float(tempo)}
