"""The sound of a listening test: one loudness for all clips, and anchors that anyone hears are spoilt."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from engine.audio import loudness, peak_db

TARGET_LUFS = -23.0  # EBU R 128
CEILING_DB = -1.0  # Vorbis may go a little over the peak it was given

_CUTOFF_HZ = 1000.0
_NOISE_DB = -20.0

Audio = NDArray[np.float32]


def spoilt(audio: Audio, sample_rate: int, seed: int = 0) -> Audio:
    """[C, N] without what lies above 1 kHz and with white noise 20 dB below its level: a hidden anchor.

    The low-pass (8th-order Butterworth) is far below the 3.5 kHz of MUSHRA's low anchor (ITU-R BS.1534-3):
    this one tells careful raters from careless ones, not codecs.
    """
    from scipy.signal import butter, sosfilt

    low = sosfilt(butter(8, _CUTOFF_HZ, fs=sample_rate, output="sos"), audio.astype(np.float64), axis=-1)
    level = float(np.sqrt(np.mean(audio.astype(np.float64) ** 2)))
    noise = np.random.default_rng(seed).standard_normal(audio.shape) * level * 10 ** (_NOISE_DB / 20)
    return np.asarray(low + noise, dtype=np.float32)


def common_level(clips: Sequence[tuple[Audio, int]]) -> float | None:
    """The loudness in LUFS to which all of `clips` ([C, N], sample rate) can be brought: TARGET_LUFS, or
    less where a clip's peak would then pass CEILING_DB. None if a clip has no loudness (silence)."""
    level = TARGET_LUFS
    for audio, sample_rate in clips:
        lufs, peak = loudness(audio, sample_rate), peak_db(audio)
        if lufs is None or peak is None:
            return None
        level = min(level, lufs + CEILING_DB - peak)
    return level


def at_level(audio: Audio, sample_rate: int, level: float) -> Audio:
    """[C, N] brought to `level` in LUFS; silence as it is."""
    lufs = loudness(audio, sample_rate)
    return audio if lufs is None else np.asarray(audio * 10 ** ((level - lufs) / 20), dtype=np.float32)
