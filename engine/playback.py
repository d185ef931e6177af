"""Clips becoming audio while they are still being decoded."""

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.codecs import Codec
from engine.codecs.stream import StreamDecoder
from engine.events import Audio, Which

FIRST_SECONDS = 1.0
LATER_SECONDS = 2.0


class Playback:
    """One stream for each clip. The first audio comes after FIRST_SECONDS, then as LATER_SECONDS are ready.

    Each clip goes through the codec by itself, in pieces of the same length, so that a clip sounds
    the same, bit for bit, whichever clips are decoded beside it.
    """

    def __init__(self, codec: Codec, clips: Sequence[Which], device: str) -> None:
        self._clips = clips
        self._device = device
        self._streams = [StreamDecoder(codec, 1) for _ in clips]
        self._pieces: list[list[NDArray[np.float32]]] = [[] for _ in clips]
        self._rate = codec.sample_rate / codec.hop
        self._hop = codec.hop
        self._pushed = 0
        self._nothing = np.zeros((codec.channels, 0), np.float32)

    def push(self, codes: Tensor, ready: int) -> Iterator[Audio]:
        """The audio that is final now that the first `ready` frames of `codes` [B, K, T] are."""
        wanted = LATER_SECONDS if self._pushed else FIRST_SECONDS
        if ready - self._pushed >= wanted * self._rate:
            yield from self._push(codes, ready)

    def finish(self, codes: Tensor, ready: int) -> Iterator[Audio]:
        """The rest of the audio: nothing comes after the first `ready` frames."""
        if ready > self._pushed:
            yield from self._push(codes, ready)
        for clip, stream in enumerate(self._streams):
            yield from self._keep(clip, stream.finish())

    def clips(self) -> list[NDArray[np.float32]]:
        """All audio of each clip so far, [C, N]."""
        return [np.concatenate([self._nothing, *pieces], axis=1) for pieces in self._pieces]

    def _push(self, codes: Tensor, ready: int) -> Iterator[Audio]:
        fresh = codes[..., self._pushed : ready].to(self._device)
        self._pushed = ready
        for clip, stream in enumerate(self._streams):
            yield from self._keep(clip, stream.push(fresh[clip : clip + 1]))

    def _keep(self, clip: int, audio: Tensor) -> Iterator[Audio]:
        if audio.shape[-1] == 0:
            return
        samples = audio[0].to("cpu", torch.float32).numpy()
        start = sum(piece.shape[1] for piece in self._pieces[clip])
        self._pieces[clip].append(samples)
        yield Audio(self._clips[clip], start, samples)
