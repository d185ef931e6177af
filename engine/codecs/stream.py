"""Chunk-wise decoding that equals decoding the whole.

A decoder is a row of stages. A windowed stage depends on a few frames around each frame: it is run on
the frames at hand, and only the outputs whose whole context was there are given on. A recurrent stage
depends on everything before: it is run once over each frame, and its state is carried.

    Window with context 2, fed three frames at a time; capitals are frames whose results were given before:

        push a b c     runs a b c            gives a
        push d e f     runs A b c d e f      gives b c d
        push g h i     runs C D e f g h i    gives e f g
        finish         runs F G h i          gives h i
"""

from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar, runtime_checkable

import torch
from torch import Tensor

from engine.codecs import Codec

State = TypeVar("State")


class Stage(Protocol):
    """One step of a decoder: takes frames [B, D, t] as they come, gives results when they are final."""

    def push(self, frames: Tensor) -> Tensor | None:
        """The results that are final now, or None if there are none yet."""
        ...

    def finish(self) -> Tensor | None:
        """The results that waited for frames which will not come."""
        ...


@runtime_checkable
class Staged(Protocol):
    """A codec whose decoding is a row of stages, because a part of it is recurrent."""

    def stages(self) -> Sequence[Stage]:
        """Fresh stages for one stream; composed, they decode codes [B, K, t] to audio [B, C, n]."""
        ...


class Window:
    """A stage whose result at frame t depends on frames t - context .. t + context only."""

    def __init__(self, run: Callable[[Tensor, int], Tensor], context: int, hop: int, chunk: int) -> None:
        """`run` maps [B, D, t] and the number of their first frame to [B, E, t * hop].

        Results are given `chunk` frames or more at a time; a frame is run (chunk + 2 * context) / chunk
        times on average.
        """
        self._run, self._context, self._hop, self._chunk = run, context, hop, chunk
        self._held: Tensor | None = None
        self._first = 0  # the number of the first frame held
        self._given = 0  # how many of the held frames are kept as left context only

    def push(self, frames: Tensor) -> Tensor | None:
        """Add `frames` [B, D, t] to those held; run them if a chunk has its context."""
        self._held = frames if self._held is None else torch.cat([self._held, frames], dim=-1)
        end = self._held.shape[-1] - self._context
        return self._give(end) if end - self._given >= self._chunk else None

    def finish(self) -> Tensor | None:
        """Run what is left; its right context is the end."""
        return None if self._held is None else self._give(self._held.shape[-1])

    def _give(self, end: int) -> Tensor | None:
        assert self._held is not None
        if end == self._given:
            return None
        result = self._run(self._held, self._first)[..., self._given * self._hop : end * self._hop]
        dropped = max(0, end - self._context)
        self._held, self._given = self._held[..., dropped:], end - dropped
        self._first += dropped
        return result


class Recurrent(Generic[State]):
    """A stage that remembers: `run(frames, state) -> (results, state)`, the first state being None."""

    def __init__(self, run: Callable[[Tensor, State | None], tuple[Tensor, State]]) -> None:
        self._run = run
        self._state: State | None = None

    def push(self, frames: Tensor) -> Tensor:
        """Run `frames` [B, D, t] once, from the state the frames before them left."""
        result, self._state = self._run(frames, self._state)
        return result

    def finish(self) -> None:
        """Nothing waits in a recurrent stage."""


class StreamDecoder:
    """Decodes codes as they come; the pieces joined equal `codec.decode` of all codes."""

    def __init__(self, codec: Codec, batch: int) -> None:
        """A stream of `batch` rows. For a codec that is not `Staged` a chunk is `chunk_frames` long."""
        self._shape = (batch, codec.codebooks)
        self._nothing = torch.zeros(batch, codec.channels, 0)
        window = Window(codec.decode, codec.context, codec.hop, chunk_frames(codec))
        self._stages: Sequence[Stage] = codec.stages() if isinstance(codec, Staged) else [window]

    def push(self, codes: Tensor) -> Tensor:
        """Add codes [B, K, t]; the audio [B, C, n] that is final by now and was not given before."""
        if tuple(codes.shape[:2]) != self._shape:
            raise ValueError(f"codes of shape {tuple(codes.shape)} for a stream of [B, K] = {self._shape}")
        return self._through(codes, self._stages)

    def finish(self) -> Tensor:
        """The rest of the audio [B, C, n]. The stream is over."""
        pieces = [
            self._through(stage.finish(), self._stages[place + 1 :])
            for place, stage in enumerate(self._stages)
        ]
        audio = [piece for piece in pieces if piece.shape[-1] > 0]
        return torch.cat(audio, dim=-1) if audio else self._nothing

    def _through(self, frames: Tensor | None, stages: Sequence[Stage]) -> Tensor:
        for stage in stages:
            if frames is None or frames.shape[-1] == 0:
                return self._nothing
            frames = stage.push(frames)
        return self._nothing if frames is None else frames


def chunk_frames(codec: Codec) -> int:
    """Frames to decode at once: half a second, or the codec's context if that is longer.

    So no frame is run more than three times on average, however the codes arrive.
    """
    return max(codec.context, codec.sample_rate // codec.hop // 2, 1)
