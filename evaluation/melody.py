"""Chroma cosine similarity: does a clip follow a melody? (Copet et al. 2023, "melody conditioning" metrics.)

0 to 1, higher follows more closely. Chroma are the shares of the twelve pitch classes between 65 Hz and 2
kHz, about ten times a second.
"""

from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from engine.proxies import RATE, chroma_of, spectrum_of
from engine.scorer.features import pack, unpack
from evaluation.clips import Listener

VERSION = 1
_PER_SECOND = 10
_QUIET = 1e-6  # of the loudest frame's power: such frames have no chroma

Array = NDArray[np.float64]


def chroma(mono: NDArray[np.float32]) -> Array:
    """Chroma [frames, 12] of 16 kHz audio, about ten a second; rows of silence are zero."""
    spectrum = spectrum_of(mono)
    power = (spectrum**2).sum(axis=1)
    frames = chroma_of(spectrum) * (power > _QUIET * power.max(initial=1e-12))[:, None]
    per = max(1, round(RATE / 512 / _PER_SECOND))
    whole = len(frames) // per * per
    found: Array = frames[:whole].reshape(-1, per, 12).mean(axis=1)
    return found


def chroma_similarity(reference: Array, made: Array) -> float:
    """The mean cosine of chroma at the same time [frames, 12], over the frames in which both sound.

    NaN if there is no such frame.
    """
    frames = min(len(reference), len(made))
    a, b = reference[:frames], made[:frames]
    sizes = np.linalg.norm(a, axis=1) * np.linalg.norm(b, axis=1)
    both = sizes > 0
    return float(((a * b).sum(axis=1)[both] / sizes[both]).mean()) if both.any() else float("nan")


def hear_chroma(audio: NDArray[np.float32], codes: Any, sample_rate: int) -> dict[str, Any]:
    """The chroma of audio [C, N], as text."""
    return {"chroma": pack(chroma(soxr.resample(audio.mean(axis=0), sample_rate, RATE)))}


def kept_chroma(kept: Any) -> Array:
    """The chroma [frames, 12] in what `CHROMA` heard."""
    return unpack(kept["chroma"]).reshape(-1, 12).astype(np.float64)


CHROMA = Listener(f"chroma-{VERSION}", hear_chroma)
