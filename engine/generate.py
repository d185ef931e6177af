"""The decode loop: from a condition to codes, one step at a time, for one or several clips.

A clip longer than the model's window is made in windows that slide by three fifths: the last two fifths of
what is there are the prompt of the next window (12 of 30 s, audiocraft's `extend_stride`).

    window 0   [ new  new  new  new  new ]
    window 1                  [ old  old  new  new  new ]
    window 2                                 [ old  old  new  new  new ]

The noise of codebook k's frame t is keyed by the step t + delay(k) of the whole clip, so a longer clip
begins like a shorter one of the same window.
"""

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.decoder import Block, Condition, Decoder, rows_per_clip
from engine.delay import columns, delayed, delays
from engine.errors import Problem
from engine.job import Sampling
from engine.linear import Tuning
from engine.sampling import noise_for, sample


@dataclass(frozen=True)
class Clip:
    """A clip to decode: its seed, and the changes of its mix (None is the base)."""

    seed: int
    tuning: Tuning | None = None


@dataclass(frozen=True)
class Request:
    """What to decode: B clips of `frames` frames, those of `prompt` [K, P] at their front included.

    `condition` gives what a window is made from that begins so many frames into the clips; `window` is
    the most frames the model takes at once; `counted` says which codes are not free (see
    `engine.codecs.Codec.counted`).
    """

    clips: Sequence[Clip]
    condition: Callable[[int], Condition]
    frames: int
    window: int
    sampling: Sampling
    prompt: Tensor
    counted: Callable[[Tensor, int, int], Tensor | None] = lambda codes, codebook, frame: None


@dataclass(frozen=True)
class Decoded:
    """After each step: `codes` [B, K, frames], of which the first `ready` frames are final."""

    step: int
    codes: Tensor
    ready: int


@dataclass(frozen=True)
class Window:
    """Frames `start` to `end` of a clip, of which those before `known` are there already."""

    start: int
    known: int
    end: int


def windows(known: int, frames: int, size: int) -> list[Window]:
    """The windows of a clip of `frames` frames, of which the first `known` are given."""
    planned = []
    while known < frames:
        start = 0 if known < size else known - size * 2 // 5
        planned.append(Window(start, known, min(start + size, frames)))
        known = planned[-1].end
    return planned


def total_steps(request: Request, decoder: Decoder) -> int:
    """How many steps `generate` will take."""
    wait = max(delays(decoder.spec.codebooks, decoder.spec.channels))
    planned = windows(request.prompt.shape[-1], request.frames, request.window)
    return sum(window.end - window.known + wait for window in planned)


def generate(decoder: Decoder, request: Request) -> Generator[Decoded, None, None]:
    """Decode the clips; yields after each step, and while what is known beforehand is read.

    Raises Problem if the model gives numbers that are not finite.
    """
    spec = decoder.spec
    P = request.prompt.shape[-1]
    codes = torch.zeros(len(request.clips), spec.codebooks, request.frames, dtype=torch.int64)
    codes[..., :P] = request.prompt
    step = 0
    for window in windows(P, request.frames, request.window):
        for made in _decode(decoder, request, window, codes):
            step += made is not None
            yield Decoded(step, codes, window.known if made is None else max(window.known, made))


@torch.inference_mode()
def _decode(decoder: Decoder, request: Request, window: Window, codes: Tensor) -> Iterator[int | None]:
    """Fill `codes` [B, K, T] from `window.known` to `window.end`.

    Yields the number of final frames after a step, None while the known is read.
    """
    spec = decoder.spec
    waits = delays(spec.codebooks, spec.channels)
    start, known, end = window.start, window.known - window.start, window.end - window.start
    sequence = delayed(codes[..., start : window.end], waits, spec.pad)
    batch = _Batch(decoder, request, window)
    yield from batch.prefill(sequence[..., :known])
    seeds = [clip.seed for clip in request.clips]
    for column in range(known, columns(end, waits) - 1):
        logits = batch.step(sequence[..., column])
        noise = noise_for(seeds, start + column, spec.codebooks, spec.card)
        tokens = sample(logits, noise, request.sampling.temperature, request.sampling.top_k)
        for k, wait in enumerate(waits):
            if known <= column - wait < end:
                frame = start + column - wait
                counted = request.counted(codes, k, frame)
                codes[:, k, frame] = tokens[:, k] if counted is None else counted
                sequence[:, k, column + 1] = codes[:, k, frame]
        yield start + column - max(waits) + 1


def _parts(clips: int, sizes: Sequence[int]) -> Iterator[slice]:
    """Cut so many clips into parts of `sizes`, which fall; the last part may hold fewer than the smallest.

    27 of 20, 8 and 4: 0:20, 20:24, 24:27.
    """
    first = 0
    while first < clips:
        size = next((size for size in sizes if size <= clips - first), sizes[-1])
        yield slice(first, min(first + size, clips))
        first += size


class _Batch:
    """The clips of a request in blocks of as many rows as can be, guided if the guidance is not 1."""

    def __init__(self, decoder: Decoder, request: Request, window: Window) -> None:
        self._decoder = decoder
        self._guidance = request.sampling.guidance
        self._guided = self._guidance != 1
        self._rows = rows_per_clip(self._guided)
        self._clips = len(request.clips)
        condition = request.condition(window.start)
        tunings = [clip.tuning for clip in request.clips]
        waits = delays(decoder.spec.codebooks, decoder.spec.channels)
        size = columns(window.end - window.start, waits)
        sizes = decoder.block_sizes(tunings, self._guided)
        parts = _parts(len(tunings), [rows // self._rows for rows in sizes])
        self._blocks: list[tuple[Block, Tensor | None]] = [
            decoder.start(tunings[part], self._guided, condition.of(part), size) for part in parts
        ]

    def prefill(self, sequence: Tensor) -> Iterator[None]:
        """Read what comes before the first prediction: the condition, and columns [B, K, t]."""
        for (block, prefix), tokens in zip(self._blocks, self._in_blocks(sequence), strict=True):
            if prefix is not None:
                yield from self._decoder.prefill(block, prefix)
            if tokens.shape[-1]:
                yield from self._decoder.prefill(block, self._decoder.embed(tokens))

    def step(self, column: Tensor) -> Tensor:
        """Read a column [B, K] and predict the next: logits [B, K, V], guided, float32, on the CPU."""
        tokens = self._in_blocks(column)
        rows = [self._decoder.step(b, t)[: b.live] for (b, _), t in zip(self._blocks, tokens, strict=True)]
        logits = torch.cat(rows).cpu()
        if self._guided:
            seen, null = logits[0::2], logits[1::2]
            logits = null + (seen - null) * self._guidance
        if not torch.isfinite(logits).all():
            raise Problem(
                "The model gave numbers that are not finite.",
                "Turn the knobs or the amount down; if they are at 0, fetch the model again.",
            )
        return logits

    def _in_blocks(self, tokens: Tensor) -> Sequence[Tensor]:
        """Tokens [B, ...] -> one [R, ...] for each block; rows that no clip takes read padding."""
        rows = tokens.repeat_interleave(self._rows, dim=0).to(self._decoder.like.device)
        filled = []
        for block, _ in self._blocks:
            some, rows = rows[: block.live], rows[block.live :]
            padding = some.new_full((block.rows - block.live, *some.shape[1:]), self._decoder.spec.pad)
            filled.append(torch.cat([some, padding]))
        return filled
