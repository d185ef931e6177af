"""Crops of rendered songs, as groups of stems that sound together."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from training.starter.corpus.build import Rendering
from training.starter.corpus.instruments import STEMS
from training.starter.corpus.synth import FRAME

_AUDIBLE = 30  # of 32768: quieter stems of a crop are left out of the batch


@dataclass(frozen=True)
class StemBatch:
    """Stems [R, N] of several crops; `stem` [R] names each row's stem, `group` [R] its crop, 0 to `groups`."""

    audio: Tensor
    stem: Tensor
    group: Tensor
    groups: int

    def mixes(self, rows: Tensor) -> Tensor:
        """The sums [groups, N] of rows [R, N] that belong to the same crop."""
        return torch.zeros(self.groups, rows.shape[1]).index_add(0, self.group, rows)


def load_stems(folder: Path, rendering: Rendering, start: int, length: int) -> np.ndarray:
    """Samples `start` to `start + length` of all four stems, int16 `[stem, length]`."""
    stored = np.load(folder / "audio" / f"{rendering.name}.npy", mmap_mode="r")
    out = np.zeros((len(STEMS), length), np.int16)
    for row, name in enumerate(rendering.active):
        piece = stored[row, start : start + length]
        out[STEMS.index(name), : len(piece)] = piece
    return out


def stem_batches(
    folder: Path, renderings: list[Rendering], rows: int, frames: int, rng: np.random.Generator
) -> Iterator[StemBatch]:
    """Endless random batches of about `rows` stems, `frames` long, with loudness varied by ±4 dB."""
    while True:
        audio: list[np.ndarray] = []
        stem: list[int] = []
        group: list[int] = []
        groups = 0
        while len(audio) < rows:
            rendering = renderings[rng.integers(len(renderings))]
            length = frames * FRAME
            start = int(rng.integers(0, max(1, rendering.samples - length)))
            if rng.random() < 0.8:
                start = start // FRAME * FRAME
            crop = load_stems(folder, rendering, start, length)
            heard = [s for s in range(len(STEMS)) if np.abs(crop[s]).max() > _AUDIBLE]
            if rng.random() < 0.08:
                heard.append(int(rng.integers(len(STEMS))))
            gain = 10 ** (rng.uniform(-4, 2) / 20) / 32768
            for s in dict.fromkeys(heard):
                audio.append(crop[s].astype(np.float32) * gain)
                stem.append(s)
                group.append(groups)
            groups += bool(heard)
        yield StemBatch(torch.tensor(np.stack(audio)), torch.tensor(stem), torch.tensor(group), groups)
