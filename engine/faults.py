"""What may be wrong with a clip that was made, so that nobody would want it."""

import numpy as np
from numpy.typing import NDArray

_SILENT = 10 ** (-60 / 20)
_CLIPPED = 0.999
_CLIPPED_SHARE = 1e-3
_STUCK_S = 1.0

FAULTS = ("silent", "clipped", "stuck")


def faults_of(audio: NDArray[np.float32], codes: NDArray[np.int64] | None, sample_rate: int) -> list[str]:
    """Which of FAULTS audio [C, N] has, made from the codes [K, T] of the codebooks that were drawn.

    Silent is below -60 dB, clipped a thousandth of it at full scale, stuck a second of sound in which no code
    changes; without codes that is not told. Leave out codebooks that count (`engine.codecs.drawn_codebooks`):
    they change in any case.
    """
    found = []
    if _level(audio) < _SILENT:
        found.append("silent")
    if float(np.mean(np.abs(audio) > _CLIPPED)) > _CLIPPED_SHARE:
        found.append("clipped")
    if codes is not None and _is_stuck(audio, codes, sample_rate):
        found.append("stuck")
    return found


def _is_stuck(audio: NDArray[np.float32], codes: NDArray[np.int64], sample_rate: int) -> bool:
    samples = audio.shape[1] / codes.shape[1]
    wanted = round(_STUCK_S * sample_rate / samples)
    run = 0
    for frame, same in enumerate((codes[:, 1:] == codes[:, :-1]).all(axis=0), 1):
        run = run + 1 if same else 0
        first, end = round((frame - run) * samples), round(frame * samples)
        if run >= wanted and _level(audio[:, first:end]) >= _SILENT:
            return True
    return False


def _level(audio: NDArray[np.float32]) -> float:
    """The root mean square."""
    return float(np.sqrt(np.mean(audio.astype(np.float64) ** 2)))
