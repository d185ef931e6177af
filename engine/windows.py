"""A clip in windows of ten seconds, as the models that listen take it."""

import numpy as np
from numpy.typing import NDArray

from engine.audio import peak_db

WINDOW_S = 10
SILENCE_DB = -60.0

Mono = NDArray[np.float32]


def windows(mono: Mono, rate: int) -> list[Mono]:
    """`mono` in windows of 10 s, spread evenly so that they cover it; those that are silent left out.

    Of 25 s, those at 0, 7.5 and 15 s. A shorter clip is one window.
    """
    size = WINDOW_S * rate
    count = max(1, -(-len(mono) // size))
    starts = np.linspace(0, max(0, len(mono) - size), count).round().astype(int)
    found = [mono[start : start + size] for start in starts]
    return [window for window in found if not silent(window)]


def silent(mono: Mono) -> bool:
    """Whether no sample is above -60 dBFS."""
    peak = peak_db(mono)
    return peak is None or peak < SILENCE_DB
