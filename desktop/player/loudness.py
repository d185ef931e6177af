"""Integrated loudness of audio that is still coming in, and the gains that make two clips equally loud.

ITU-R BS.1770-4, written for numpy because pyloudnorm brings scipy, which the window does without. The
analogue parameters of the K-weighting filter, from which its coefficients follow at any sample rate,
are those of libebur128 (ebur128.c, init_filter); at 48 kHz they give the coefficients of the standard.
"""

import numpy as np
from numpy.typing import NDArray

from engine.events import Which

_HOP_S = 0.1
_HOPS_PER_BLOCK = 4  # gating blocks of 0.4 s that overlap by three quarters
_ABSOLUTE_GATE = -70.0
_RELATIVE_GATE = -10.0
_MEMORY_S = 0.1  # by then the filter's response has decayed by more than 100 dB
_PIECE_HOPS = 80


class LoudnessMeter:
    """Measures float32 [C, N] piece by piece; C is 1 or 2."""

    def __init__(self, sample_rate: int, channels: int) -> None:
        self._rate = sample_rate
        self._hop = round(_HOP_S * sample_rate)
        self._memory = np.zeros((channels, round(_MEMORY_S * sample_rate)), np.float32)
        self._pending = np.zeros((channels, 0), np.float32)
        self._powers: list[NDArray[np.float64]] = []

    def push(self, samples: NDArray[np.float32]) -> None:
        """Take in the next samples."""
        waiting = np.concatenate([self._pending, samples], axis=1)
        whole = waiting.shape[1] - waiting.shape[1] % self._hop
        for start in range(0, whole, _PIECE_HOPS * self._hop):
            self._measure(waiting[:, start : min(start + _PIECE_HOPS * self._hop, whole)])
        self._pending = waiting[:, whole:].copy()

    def loudness(self) -> float | None:
        """LUFS so far; None for silence, or while less than one gating block of 0.4 s has come in."""
        hops = np.concatenate(self._powers) if self._powers else np.zeros(0)
        if len(hops) < _HOPS_PER_BLOCK:
            return None
        blocks = np.convolve(hops, np.full(_HOPS_PER_BLOCK, 1 / _HOPS_PER_BLOCK), "valid")
        loud = blocks[blocks > _power(_ABSOLUTE_GATE)]
        if len(loud) == 0:
            return None
        return _lufs(loud[loud > loud.mean() * 10 ** (_RELATIVE_GATE / 10)].mean())

    def _measure(self, piece: NDArray[np.float32]) -> None:
        joined = np.concatenate([self._memory, piece], axis=1)
        size = joined.shape[1]
        weighted = np.fft.irfft(np.fft.rfft(joined, axis=1) * _k_weighting(self._rate, size), size, axis=1)
        power = (weighted[:, self._memory.shape[1] :] ** 2).sum(axis=0)
        self._powers.append(power.reshape(-1, self._hop).mean(axis=1))
        self._memory = joined[:, size - self._memory.shape[1] :]


def matching_gains(base: float | None, tuned: float | None) -> dict[Which, float]:
    """Factors that bring two clips of these LUFS to the quieter one's loudness; nothing is made louder."""
    if base is None or tuned is None:
        return {"base": 1.0, "tuned": 1.0}
    quieter = min(base, tuned)
    return {"base": 10 ** ((quieter - base) / 20), "tuned": 10 ** ((quieter - tuned) / 20)}


def _lufs(power: float) -> float:
    return float(-0.691 + 10 * np.log10(power))


def _power(lufs: float) -> float:
    return float(10 ** ((lufs + 0.691) / 10))


def _k_weighting(rate: int, size: int) -> NDArray[np.complex128]:
    """The response of the two K-weighting stages at the frequencies of a real FFT of `size`."""
    delay = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)  # z^-1 on the unit circle
    shelf_k = np.tan(np.pi * 1681.974450955533 / rate)
    shelf_q = 0.7071752369554196
    high = 10 ** (3.999843853973347 / 20)
    middle = high**0.4996667741545416
    shelf = (
        (high + middle * shelf_k / shelf_q + shelf_k**2)
        + 2 * (shelf_k**2 - high) * delay
        + (high - middle * shelf_k / shelf_q + shelf_k**2) * delay**2
    ) / (
        (1 + shelf_k / shelf_q + shelf_k**2)
        + 2 * (shelf_k**2 - 1) * delay
        + (1 - shelf_k / shelf_q + shelf_k**2) * delay**2
    )
    pass_k = np.tan(np.pi * 38.13547087602444 / rate)
    pass_q = 0.5003270373238773
    norm = 1 + pass_k / pass_q + pass_k**2
    high_pass = (1 - 2 * delay + delay**2) / (
        1 + 2 * (pass_k**2 - 1) / norm * delay + (1 - pass_k / pass_q + pass_k**2) / norm * delay**2
    )
    response: NDArray[np.complex128] = shelf * high_pass
    return response
