"""Blocks of samples as the bytes a sound card wants, at its rate and number of channels."""

from collections.abc import Callable
from typing import Literal

import numpy as np
import soxr
from numpy.typing import NDArray

Encoding = Literal["uint8", "int16", "int32", "float"]
Pull = Callable[[int], NDArray[np.float32]]


def encoded(block: NDArray[np.float32], channels: int, encoding: Encoding) -> bytes:
    """Float32 [C, frames] as interleaved samples of `channels` channels, clipped at full scale.

    One channel goes to the first two; of more than the card has, the first are heard.
    """
    C, frames = block.shape
    spread = np.zeros((frames, channels), np.float32)
    if C == 1:
        spread[:, : min(2, channels)] = block.T
    elif channels == 1:
        spread[:, 0] = block.mean(axis=0)
    else:
        spread[:, : min(C, channels)] = block[:channels].T
    return _ENCODINGS[encoding](np.clip(spread, -1, 1))


_ENCODINGS: dict[Encoding, Callable[[NDArray[np.float32]], bytes]] = {
    "uint8": lambda x: np.round(x * 127 + 128).astype("u1").tobytes(),
    "int16": lambda x: np.round(x * 32767).astype("<i2").tobytes(),
    "int32": lambda x: np.round(x.astype(np.float64) * 2147483647).astype("<i4").tobytes(),
    "float": lambda x: x.astype("<f4").tobytes(),
}


class Resampler:
    """Pulls from a source of one rate what a card of another rate wants."""

    def __init__(self, pull: Pull, have: int, want: int, channels: int) -> None:
        self._pull, self._ratio = pull, have / want
        self._stream = soxr.ResampleStream(have, want, channels, dtype="float32")
        self._ready = np.zeros((channels, 0), np.float32)

    def pull(self, frames: int) -> NDArray[np.float32]:
        """The next `frames` samples at the card's rate, float32 [C, frames]."""
        while (missing := frames - self._ready.shape[1]) > 0:
            block = self._pull(int(missing * self._ratio) + 1)
            fresh = self._stream.resample_chunk(np.ascontiguousarray(block.T))
            self._ready = np.concatenate([self._ready, fresh.reshape(-1, self._ready.shape[0]).T], axis=1)
        block, self._ready = self._ready[:, :frames], self._ready[:, frames:]
        return block
