"""What comes out of the loudspeakers: a pure function from two clips and the controls to samples.

Nothing here knows of Qt or of time. `render` gives the next block and where playback then stands; the
caller keeps that and asks again.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from engine.events import Which

FADE_S = 0.005  # a switch, a start and a stop take this long, so that none of them clicks
AHEAD_S = 0.5  # a clip that ran dry while growing plays on when this much more is there


@dataclass(frozen=True)
class Loop:
    """Samples `start` up to but not including `end`, played over and over."""

    start: int
    end: int


@dataclass(frozen=True)
class Controls:
    """What the user wants to hear. `gains` are factors for each clip."""

    playing: bool = False
    which: Which = "tuned"
    loop: Loop | None = None
    gains: Mapping[Which, float] = field(
        default_factory=lambda: MappingProxyType({"base": 1.0, "tuned": 1.0})
    )


@dataclass(frozen=True)
class Head:
    """Where playback stands: the next sample, and how far its fades have come.

    `open` runs from 0 (silent) to 1, `blend` from 0 (base) to 1 (tuned); `gains` are those in force.
    """

    position: int = 0
    open: float = 0.0
    blend: float = 1.0
    gains: tuple[float, float] = (1.0, 1.0)


@dataclass(frozen=True, eq=False)
class Block:
    """The next samples [C, frames], and where playback stands after them.

    `moved` says how many of them came from the clips; the rest is silence. `ended` is True when a
    clip that does not grow was played to its end.
    """

    samples: NDArray[np.float32]
    head: Head
    moved: int
    ended: bool


def render(
    base: NDArray[np.float32],
    tuned: NDArray[np.float32],
    growing: bool,
    controls: Controls,
    head: Head,
    frames: int,
    sample_rate: int,
) -> Block:
    """The next `frames` samples of the two clips, each [C, N], as `controls` want them.

    Where the clips differ in length, the shorter counts, so that a switch never falls silent. While
    they are `growing` and playback has caught up with them it waits, silent, and goes on by itself.
    """
    length = min(base.shape[1], tuned.shape[1])
    fade = 1 / max(1, round(FADE_S * sample_rate))
    silent = np.zeros((base.shape[0], frames), np.float32)
    if not controls.playing and head.open == 0:
        return Block(silent, _settled(head, controls), 0, False)
    loop = _inside(controls.loop, length, growing)
    ready = _playable(head.position, max(frames, ahead := round(AHEAD_S * sample_rate)), length, loop)
    if growing and head.open == 0 and ready < ahead:
        return Block(silent, _settled(head, controls), 0, False)
    moved = min(frames, ready)
    at = positions(head.position, moved, loop)
    blend, blended = _ramp(head.blend, 1.0 if controls.which == "tuned" else 0.0, fade, moved)
    opening, opened = _ramp(head.open, 1.0 if controls.playing else 0.0, fade, moved)
    wanted = (controls.gains["base"], controls.gains["tuned"])
    gains = np.linspace(head.gains, wanted, moved, dtype=np.float32)
    mixed = base[:, at] * (gains[:, 0] * (1 - blend)) + tuned[:, at] * (gains[:, 1] * blend)
    mixed *= opening
    ended = not growing and moved < frames
    if moved < frames:
        _fade_out(mixed, round(1 / fade))
        opened = 0.0
    silent[:, :moved] = mixed
    return Block(silent, Head(advance(head.position, moved, loop), opened, blended, wanted), moved, ended)


def positions(position: int, frames: int, loop: Loop | None) -> NDArray[np.intp]:
    """The samples that are played from `position` on.

    loop 2 to 5, from 3:  3 4 2 3 4 2 3 ...      from 6:  6 7 8 ...
    """
    at = position + np.arange(frames)
    if loop is not None and position < loop.end:
        at = np.where(at < loop.end, at, loop.start + (at - loop.end) % (loop.end - loop.start))
    return at


def advance(position: int, frames: int, loop: Loop | None) -> int:
    """The sample that is played `frames` after the one at `position`."""
    ahead = position + frames
    if loop is None or position >= loop.end or ahead < loop.end:
        return ahead
    return loop.start + (ahead - loop.end) % (loop.end - loop.start)


def _inside(loop: Loop | None, length: int, growing: bool) -> Loop | None:
    if loop is None or growing or loop.end <= length:
        return loop
    return Loop(loop.start, length) if loop.start < length else None


def _playable(position: int, frames: int, length: int, loop: Loop | None) -> int:
    if loop is not None and position < loop.end <= length:
        return frames
    return max(0, min(frames, length - position))


def _settled(head: Head, controls: Controls) -> Head:
    """With nothing to hear, fades are over at once."""
    blend = 1.0 if controls.which == "tuned" else 0.0
    return Head(head.position, 0.0, blend, (controls.gains["base"], controls.gains["tuned"]))


def _ramp(now: float, target: float, step: float, frames: int) -> tuple[NDArray[np.float32], float]:
    """Values that walk from `now` to `target` by `step` a sample, and where they have come."""
    walk = now + np.sign(target - now) * step * np.arange(frames + 1)
    walk = np.minimum(walk, target) if target >= now else np.maximum(walk, target)
    return walk[:-1].astype(np.float32), float(walk[-1])


def _fade_out(samples: NDArray[np.float32], frames: int) -> None:
    count = min(frames, samples.shape[1])
    samples[:, samples.shape[1] - count :] *= np.linspace(1, 0, count, dtype=np.float32)
