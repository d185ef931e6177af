"""The mixer between the user's thread, which sets controls, and the sound's, which pulls blocks."""

import threading
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from desktop.pairs import Clip, Pair
from desktop.player.mixing import FADE_S, Controls, Head, Loop, advance, render
from engine.events import Which

_HISTORY_S = 2.0


@dataclass(frozen=True)
class _Played:
    """A block that was pulled: `frames` after `first` frames of this run, from `position` in the clips."""

    first: int
    frames: int
    position: int
    loop: Loop | None


class Mixer:
    """A pair of clips, and where in them playback stands.

    A run is the time from one `start` to the next; frames are counted from its beginning.
    """

    def __init__(self, pair: Pair) -> None:
        self._pair = pair
        self._lock = threading.Lock()
        self._controls = Controls()
        self._head = Head()
        self._seek: int | None = None
        self._pulled = 0
        self._ended_at: int | None = None
        self._history: deque[_Played] = deque()

    @property
    def sample_rate(self) -> int:
        """Samples a second."""
        return self._pair.sample_rate

    @property
    def channels(self) -> int:
        """Channels of both clips."""
        channels: int = self._pair.base.samples.shape[0]
        return channels

    @property
    def controls(self) -> Controls:
        """What is wanted."""
        return self._controls

    @property
    def silent(self) -> bool:
        """True once a stop has faded out."""
        return not self._controls.playing and self._head.open == 0

    @property
    def pulled(self) -> int:
        """How many frames were pulled in this run."""
        return self._pulled

    @property
    def ended_at(self) -> int | None:
        """The frame of this run after which nothing more comes; None while there is more."""
        return self._ended_at

    def exchange(self, pair: Pair) -> None:
        """Go on with `pair`, which is the same take further on."""
        with self._lock:
            self._pair = pair

    def start(self, position: int) -> None:
        """Begin a new run at sample `position`."""
        with self._lock:
            self._controls = replace(self._controls, playing=True)
            self._seek, self._pulled, self._ended_at = None, 0, None
            self._history.clear()
            self._head = replace(self._head, position=position, open=0.0)

    def stop(self) -> None:
        """Fade out."""
        with self._lock:
            self._controls = replace(self._controls, playing=False)

    def seek(self, position: int) -> None:
        """Go on playing at sample `position`, after a fade that hides the jump."""
        with self._lock:
            self._seek, self._ended_at = position, None

    def switch(self, which: Which) -> None:
        """Let the other clip be heard, at the same place."""
        with self._lock:
            self._controls = replace(self._controls, which=which)

    def set_loop(self, loop: Loop | None) -> None:
        """Play only these samples, over and over; None: play to the end."""
        with self._lock:
            self._controls = replace(self._controls, loop=loop)

    def set_gains(self, gains: Mapping[Which, float]) -> None:
        """Factors for each clip, reached within one block."""
        with self._lock:
            self._controls = replace(self._controls, gains=MappingProxyType(dict(gains)))

    def pull(self, frames: int) -> NDArray[np.float32]:
        """The next samples, float32 [C, frames]."""
        with self._lock:
            if self._seek is None:
                return self._render(frames, self._controls)
            fade = min(frames, round(FADE_S * self.sample_rate) + 1)
            last = self._render(fade, replace(self._controls, playing=False))
            self._head = replace(self._head, position=self._seek, open=0.0)
            self._seek = None
            rest = self._render(frames - fade, self._controls)
            return np.concatenate([last, rest], axis=1)

    def heard(self, frames: int) -> int:
        """The sample that is heard when `frames` frames of this run have reached the ear."""
        with self._lock:
            for played in reversed(self._history):
                if played.first <= frames:
                    along = min(frames - played.first, played.frames)
                    return advance(played.position, along, played.loop)
            return self._history[0].position if self._history else self._head.position

    def _render(self, frames: int, controls: Controls) -> NDArray[np.float32]:
        base, tuned = self._pair.base, self._pair.tuned
        growing = _grows(base) or _grows(tuned)  # asked before the samples are taken
        before = self._head.position
        block = render(base.audio, tuned.audio, growing, controls, self._head, frames, self.sample_rate)
        self._history.append(_Played(self._pulled, block.moved, before, controls.loop))
        while self._history[0].first < self._pulled - _HISTORY_S * self.sample_rate:
            self._history.popleft()
        self._pulled += frames
        self._head = block.head
        if block.ended and self._ended_at is None:
            self._ended_at = self._pulled - frames + block.moved
        return block.samples


def _grows(clip: Clip) -> bool:
    length: int = clip.samples.shape[1]
    return clip.filled < length
