"""Clips becoming audio while they are still being decoded, in a thread of their own.

The thread runs torch on one core: what the codec gives does not depend on the number of threads, and the
decode loop keeps the other cores.
"""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.codecs import Codec
from engine.codecs.stream import StreamDecoder

FIRST_SECONDS = 1.0
LATER_SECONDS = 2.0


@dataclass(frozen=True)
class Piece:
    """Finished samples [C, N] of the clip of this number, from `start_sample` on."""

    clip: int
    start_sample: int
    samples: NDArray[np.float32]


class Playback:
    """One stream for each clip. The first audio comes after FIRST_SECONDS, then as LATER_SECONDS are ready.

    Each clip goes through the codec by itself, in pieces of the same length, so that a clip sounds
    the same, bit for bit, whichever clips are decoded beside it and however long a piece takes.

    Use it in a `with`: leaving it drops what was not begun, waits for the piece in work, and ends the thread.
    What the codec raises, the next call raises.
    """

    def __init__(self, codec: Codec, clips: int, device: str) -> None:
        self._device = device
        self._streams = [StreamDecoder(codec, 1) for _ in range(clips)]
        self._pieces: list[list[NDArray[np.float32]]] = [[] for _ in range(clips)]
        self._rate = codec.sample_rate / codec.hop
        self._pushed = 0
        self._nothing = np.zeros((codec.channels, 0), np.float32)
        self._thread = _thread_on_one_core()
        self._waiting: deque[tuple[int, Future[NDArray[np.float32]]]] = deque()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._thread.shutdown(cancel_futures=True)

    def push(self, codes: Tensor, ready: int) -> Iterator[Piece]:
        """The audio that became ready; the first `ready` frames of `codes` [B, K, T] are final.

        A piece that is due while the one before it is still in work waits for it: audio is never more than a
        piece late, and the loop is held up only by a codec that is slower than the loop.
        """
        wanted = LATER_SECONDS if self._pushed else FIRST_SECONDS
        if ready - self._pushed >= wanted * self._rate:
            yield from self._drain()
            self._hand_on(codes, ready)
        while self._waiting and self._waiting[0][1].done():
            yield from self._keep(*self._waiting.popleft())

    def finish(self, codes: Tensor, ready: int) -> Iterator[Piece]:
        """The rest of the audio: nothing comes after the first `ready` frames."""
        if ready > self._pushed:
            self._hand_on(codes, ready)
        for clip, stream in enumerate(self._streams):
            self._waiting.append((clip, self._thread.submit(_samples, stream.finish)))
        yield from self._drain()

    def clips(self) -> list[NDArray[np.float32]]:
        """All audio of each clip so far, [C, N]."""
        return [np.concatenate([self._nothing, *pieces], axis=1) for pieces in self._pieces]

    def _hand_on(self, codes: Tensor, ready: int) -> None:
        fresh = codes[..., self._pushed : ready].to(self._device)
        self._pushed = ready
        for clip, stream in enumerate(self._streams):
            made = self._thread.submit(_samples, stream.push, fresh[clip : clip + 1])
            self._waiting.append((clip, made))

    def _drain(self) -> Iterator[Piece]:
        while self._waiting:
            yield from self._keep(*self._waiting.popleft())

    def _keep(self, clip: int, made: Future[NDArray[np.float32]]) -> Iterator[Piece]:
        samples = made.result()
        if samples.shape[1] == 0:
            return
        start = sum(piece.shape[1] for piece in self._pieces[clip])
        self._pieces[clip].append(samples)
        yield Piece(clip, start, samples)


def _samples(decode: Callable[..., Tensor], *codes: Tensor) -> NDArray[np.float32]:
    """What `decode` gives for one clip, [C, n] on the CPU: waiting for a device is the thread's work too."""
    samples: NDArray[np.float32] = decode(*codes)[0].to("cpu", torch.float32).numpy()
    return samples


def _thread_on_one_core() -> ThreadPoolExecutor:
    """A thread in which torch uses one core.

    Setting that also sets what threads get that have not run anything yet, and MKL; both are set back.
    """
    before = torch.get_num_threads()
    thread = ThreadPoolExecutor(1, "codec", torch.set_num_threads, (1,))
    thread.submit(torch.get_num_threads).result()
    torch.set_num_threads(before)
    return thread
