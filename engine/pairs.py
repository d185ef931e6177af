"""Preference pairs: two clips of one prompt, of which the chosen has more of a metric than the rejected.

Training makes them from many sources and learns from them; on disk they lie as Parquet, in two tables, so
that a clip that stands in many pairs is kept once:

    DATA/clips/*.parquet     id, codes [K][T], source
    DATA/pairs/*.parquet     prompt, metric, split, chosen, rejected (ids of clips), chosen_value,
                             rejected_value, prompt_frames, direction
    DATA/summary.json        how they were made, and what was left out for which reason

A pair always points upwards; to train the adapter that lowers a metric, swap it. Pairs of SOUNDNESS, whose
rejected clip is silent, clipped or stuck, belong to every adapter and are never swapped. The chosen clip of
pairs of ADHERENCE fits its prompt better. A pair with a direction is for that one only.
"""

import hashlib
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from engine.metrics import ADHERENCE, METRIC_IDS
from engine.recipe import Direction

SCHEMA: Literal[1] = 1
CLIPS = "clips"
PAIRS = "pairs"
SUMMARY = "summary.json"
SOUNDNESS = "soundness"

Split = Literal["train", "test"]
SPLITS: tuple[Split, ...] = get_args(Split)


@dataclass(frozen=True, eq=False)
class Side:
    """One clip of a pair: its codes int16 [K, T], what its metric measures, and where it came from."""

    codes: NDArray[np.int16]
    value: float
    source: str

    @property
    def id(self) -> str:
        """Names the codes by their content."""
        K, _ = self.codes.shape
        return hashlib.sha256(f"{K} ".encode() + self.codes.astype("<i2").tobytes()).hexdigest()[:24]


@dataclass(frozen=True, eq=False)
class Pair:
    """Two clips of `prompt`. The first `prompt_frames` frames of both were given, not made."""

    prompt: str
    metric: str
    split: Split
    chosen: Side
    rejected: Side
    prompt_frames: int = 0
    direction: Direction | None = None

    def __post_init__(self) -> None:
        """Raise ValueError, saying what is wrong, if nothing can be learned from this pair."""
        if self.metric not in (*METRIC_IDS, SOUNDNESS, ADHERENCE):
            raise ValueError(f"there is no metric called '{self.metric}'")
        if self.split not in SPLITS:
            raise ValueError(f"'{self.split}' is neither train nor test")
        if not self.chosen.value > self.rejected.value:
            raise ValueError("the chosen clip has no more of the metric than the rejected one")
        if self.chosen.codes.shape[0] != self.rejected.codes.shape[0]:
            raise ValueError("the clips have different numbers of codebooks")
        if not 0 <= self.prompt_frames < min(self.chosen.codes.shape[1], self.rejected.codes.shape[1]):
            raise ValueError("nothing comes after the audio prompt")
