"""What a job says while it runs. Exactly one of Done, Cancelled, Failed ends it."""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.errors import Problem
from engine.take import Take

Which = Literal["base", "tuned"]


@dataclass(frozen=True)
class Started:
    """The model is ready and decoding begins: `total` steps, clips of `samples` samples."""

    total: int
    samples: int
    sample_rate: int
    channels: int


@dataclass(frozen=True)
class Loading:
    """Something slow happens before the first step; `what` names it for the user."""

    what: str


@dataclass(frozen=True)
class Progress:
    """`step` of `total` is done; `eta` seconds are left."""

    step: int
    total: int
    eta: float


@dataclass(frozen=True)
class Audio:
    """Finished samples of one clip: float32 [C, N], starting at `start_sample`."""

    which: Which
    start_sample: int
    samples: NDArray[np.float32]


@dataclass(frozen=True)
class Done:
    """The whole take."""

    take: Take


@dataclass(frozen=True)
class Cancelled:
    """The user stopped the job; `partial` is what was decoded, if anything was."""

    partial: Take | None


@dataclass(frozen=True)
class Failed:
    """The job could not be done, and why."""

    problem: Problem


Event = Loading | Started | Progress | Audio | Done | Cancelled | Failed
