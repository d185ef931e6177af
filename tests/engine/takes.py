"""Takes of noise, for tests."""

from pathlib import Path

import numpy as np

from engine.job import Job
from engine.mix import Mix
from engine.recipe import ModelRecord, Recipe
from engine.take import Take, write_take

RATE = 32000


def make_take(knobs=None, seed=0, seconds=1.0, channels=1, prompt="jazz, piano, drums", **recipe) -> Take:
    """A take of noise; one array for both clips if no knob is turned."""
    noise = np.random.default_rng(seed).uniform(-0.5, 0.5, (2, channels, round(seconds * RATE)))
    base, tuned = noise.astype(np.float32)
    made = Recipe(
        job=Job(prompt=prompt, mix=Mix(knobs=knobs or {}), seed=seed),
        model=ModelRecord(id="starter", source="bundled", license=None, sha256="00" * 32),
        weights={"base": 1.0},
        torch_version="2",
        device="cpu",
        sample_rate=RATE,
        **recipe,
    )
    return Take(base, tuned if knobs else base, RATE, made)


def write_noise(folder: Path, **take) -> Path:
    """A tenth of a second of `make_take`, written."""
    return write_take(make_take(seconds=0.1, **take), folder).folder
