"""Crops of rendered songs, as groups of stems that sound together."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.errors import Problem
from training.starter.corpus.build import Rendering
from training.starter.corpus.instruments import STEMS
from training.starter.corpus.synth import FRAME

_AUDIBLE = 30  # of 32768: quieter stems of a crop are left out of the batch
_ON_FRAMES = 0.9  # share of the crops that begin where a frame of a song begins
_OTHER_LEVELS = 0.3  # share of the crops that are softer or louder than their song
_SILENT = 0.08  # share of the crops in which a random stem is kept even if it is silent


@dataclass(frozen=True)
class StemBatch:
    """Stems [R, N] of several crops. `stem` [R] is the index of each row's stem, `group` [R] of its crop."""

    audio: Tensor
    stem: Tensor
    group: Tensor
    groups: int

    def mixes(self, rows: Tensor) -> Tensor:
        """The sums [groups, N] of rows [R, N] that belong to the same crop."""
        return torch.zeros(self.groups, rows.shape[1]).index_add(0, self.group, rows)


def load_stems(folder: Path, rendering: Rendering, start: int, length: int) -> NDArray[np.int16]:
    """Samples `start` to `start + length` of all four stems, int16 `[stem, length]`."""
    stored = np.load(folder / "audio" / f"{rendering.name}.npy", mmap_mode="r")
    out = np.zeros((len(STEMS), length), np.int16)
    for row, name in enumerate(rendering.active):
        piece = stored[row, start : start + length]
        out[STEMS.index(name), : len(piece)] = piece
    return out


def played_stems(folder: Path, rendering: Rendering, start: int, length: int) -> NDArray[np.float32]:
    """What `load_stems` gives, as samples from -1 to 1."""
    return load_stems(folder, rendering, start, length).astype(np.float32) / np.float32(32768)


def stem_batches(
    folder: Path, renderings: list[Rendering], rows: int, frames: int, rng: np.random.Generator
) -> Iterator[StemBatch]:
    """Endless random batches of `rows` stems or a few more, `frames` long, some 4 dB softer to 2 dB louder.

    Raises Problem if there are no renderings.
    """
    if not renderings:
        raise Problem("The corpus has no songs.", "Render them first: python -m training.starter corpus")
    while True:
        audio: list[NDArray[np.float32]] = []
        stem: list[int] = []
        group: list[int] = []
        groups = 0
        while len(audio) < rows:
            rendering = renderings[rng.integers(len(renderings))]
            length = frames * FRAME
            start = int(rng.integers(0, max(1, rendering.samples - length)))
            if rng.random() < _ON_FRAMES:
                start = start // FRAME * FRAME
            crop = load_stems(folder, rendering, start, length)
            heard = [s for s in range(len(STEMS)) if np.abs(crop[s]).max() > _AUDIBLE]
            if rng.random() < _SILENT:
                heard.append(int(rng.integers(len(STEMS))))
            decibels = rng.uniform(-4, 2) if rng.random() < _OTHER_LEVELS else 0.0
            gain = 10 ** (decibels / 20) / 32768
            for s in dict.fromkeys(heard):
                audio.append(crop[s].astype(np.float32) * np.float32(gain))
                stem.append(s)
                group.append(groups)
            groups += bool(heard)
        yield StemBatch(torch.tensor(np.stack(audio)), torch.tensor(stem), torch.tensor(group), groups)
