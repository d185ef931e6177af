"""Tiny preference pairs and models to train: chosen clips draw on the first codes of each codebook."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from engine.pairs import Pair, Side, Split
from tests.engine import tiny
from training.store import write_pairs

PROMPTS = ("rock guitar", "jazz piano drums", "slow bass")


def pairs(
    count: int,
    split: Split = "train",
    *,
    codebooks: int = 4,
    card: int = tiny.CARD,
    metric: str = "energy",
    seed: int = 0,
    frames: Sequence[int] = (6, 7, 8, 9),
) -> list[Pair]:
    """Pairs of clips of unequal length, every third with an audio prompt of two frames."""
    rng = np.random.default_rng([seed, split == "test"])
    made = []
    for number in range(count):
        lengths = rng.choice(frames, 2)
        better = rng.integers(0, card // 4, (codebooks, lengths[0]))
        worse = rng.integers(0, card, (codebooks, lengths[1]))
        made.append(
            Pair(
                PROMPTS[number % len(PROMPTS)],
                metric,
                split,
                Side(better.astype(np.int16), 0.9, f"better {number}"),
                Side(worse.astype(np.int16), 0.1, f"worse {number}"),
                prompt_frames=2 if number % 3 == 2 else 0,
            )
        )
    return made


def write(folder: Path, train: int = 12, test: int = 6, **options: Any) -> Path:
    """Pairs of both splits in `folder`."""
    both = pairs(train, "train", **options) + pairs(test, "test", **options)
    write_pairs(folder, both, "random numbers", estimators={"energy": "vibenet energy, 0 to 1"})
    return folder
