"""Two clips side by side that may still be growing."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.events import Audio, Started, Which
from engine.job import Job
from engine.take import Take


@dataclass(eq=False)
class Clip:
    """Float32 `samples` [C, N] of the whole length; the first `filled` of N are there."""

    samples: NDArray[np.float32]
    filled: int = 0

    @property
    def audio(self) -> NDArray[np.float32]:
        """What is there so far, [C, filled], not copied."""
        return self.samples[:, : self.filled]


@dataclass(frozen=True, eq=False)
class Pair:
    """The base clip and the tuned one, of one sample rate; one object for both if the mix is neutral.

    `folder` is None until the take was written. `tempo` has the beats a minute of clips whose codec counts
    them, `first_bar` the seconds at which their first bar begins.
    """

    job: Job
    sample_rate: int
    base: Clip
    tuned: Clip
    folder: Path | None = None
    partial: bool = field(default=False)
    tempo: Mapping[str, float] = field(default_factory=dict)
    first_bar: Mapping[str, float] = field(default_factory=dict)

    def clip(self, which: Which) -> Clip:
        """One of the two."""
        return self.base if which == "base" else self.tuned

    @property
    def neutral(self) -> bool:
        """True if both clips are the same."""
        return self.base is self.tuned

    @property
    def seconds(self) -> float:
        """The length it has or will have."""
        samples: int = self.base.samples.shape[1]
        return samples / self.sample_rate


def growing_pair(job: Job, started: Started) -> Pair:
    """An empty pair for a job that began."""
    base = Clip(np.zeros((started.channels, started.samples), np.float32))
    tuned = base if job.mix.neutral else Clip(np.zeros((started.channels, started.samples), np.float32))
    return Pair(job, started.sample_rate, base, tuned)


def add_audio(pair: Pair, audio: Audio) -> int:
    """Put streamed samples into their clip; return the sample after the last one."""
    clip = pair.clip(audio.which)
    stop: int = min(audio.start_sample + audio.samples.shape[1], clip.samples.shape[1])
    clip.samples[:, audio.start_sample : stop] = audio.samples[:, : stop - audio.start_sample]
    clip.filled = max(clip.filled, stop)
    return stop


def pair_of(take: Take, folder: Path | None = None) -> Pair:
    """A finished pair."""
    base = Clip(take.base, take.base.shape[1])
    tuned = base if take.tuned is take.base else Clip(take.tuned, take.tuned.shape[1])
    recipe = take.recipe
    counted = recipe.tempo, recipe.first_bar
    return Pair(recipe.job, take.sample_rate, base, tuned, folder, recipe.partial, *counted)


def beginning(pair: Pair, seconds: float) -> Pair:
    """The first `seconds` of a finished pair; all of it if it is shorter."""
    length = round(seconds * pair.sample_rate)
    base, tuned = (
        Clip(clip.samples[:, :length], min(clip.filled, length)) for clip in (pair.base, pair.tuned)
    )
    return replace(pair, base=base, tuned=base if pair.neutral else tuned)
