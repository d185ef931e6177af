"""Clips of codes with captions, cut on bar lines."""

import random
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.errors import Problem
from training.qualities import Labels, Quality, bounds, qualities, spoken
from training.starter.corpus.build import Rendering, renderings
from training.starter.corpus.caption import caption


@dataclass(frozen=True)
class Track:
    """A rendering, its codes int16 [K, T], those of the metre first, and what it was measured to be."""

    rendering: Rendering
    codes: NDArray[np.int16]
    qualities: frozenset[Quality] = frozenset()


def load_tracks(corpus: Path, tokens: Path, split: str, labels: Mapping[str, Labels]) -> list[Track]:
    """All tracks of a split that have codes.

    `labels` are those of renderings by name. A track has a quality if it lies in an outer quarter of the
    training songs; none is known of a rendering without labels.
    """
    train = [labels[r.name] for r in renderings(corpus, "train") if r.name in labels]
    limits = bounds(train) if train else {}
    return [
        Track(rendering, np.load(path), qualities(labels.get(rendering.name, {}), limits))
        for rendering in renderings(corpus, split)
        if (path := tokens / f"{rendering.name}.npy").exists()
    ]


def cut(track: Track, frames: int, rng: random.Random) -> Tensor:
    """Codes [K, frames] from a bar line (4 times of 5) or any beat, so that a clip begins on a beat."""
    grid = track.rendering.bar_frames if rng.random() < 0.8 else track.rendering.beat_frames
    last = track.codes.shape[1] - frames
    start = grid * rng.randint(0, max(0, last) // grid)
    return torch.from_numpy(track.codes[:, start : start + frames].astype(np.int64))


def words_for(track: Track, rng: random.Random) -> str:
    """A caption of what sounds, three times of four with a quality or two beside it, or only these."""
    text = caption(track.rendering.description, rng)
    if not track.qualities or rng.random() < 0.25:
        return text
    words, _ = spoken(track.qualities, rng)
    both = [words] if rng.random() < 0.1 else [text, words]
    rng.shuffle(both)
    return ", ".join(both)


def looped(codes: Tensor, period: int) -> Tensor:
    """Codes [K, T] -> as long, but the first `period` frames come again and again: with period = 3,

    a b c d e f g h  ->  a b c a b c a b
    """
    T = codes.shape[-1]
    return codes[:, torch.arange(T) % period]


def batches(
    tracks: list[Track], rows: int, frames: int, rng: random.Random, loops: float = 0.0
) -> Iterator[tuple[Tensor, list[str]]]:
    """Endless random (codes [rows, K, frames], captions). A share `loops` repeats a bar or two.

    Raises Problem if no track is long enough.
    """
    long_enough = [track for track in tracks if track.codes.shape[1] >= frames]
    if not long_enough:
        raise Problem(
            f"No song has codes for {frames} frames.",
            "Make them first: python -m training.starter corpus, codec, and tokens.",
        )
    weights = [track.codes.shape[1] for track in long_enough]
    while True:
        chosen = rng.choices(long_enough, weights, k=rows)
        clips = [cut(track, frames, rng) for track in chosen]
        for row, track in enumerate(chosen):
            if rng.random() < loops:
                clips[row] = looped(clips[row], rng.choice((1, 2)) * track.rendering.bar_frames)
        yield torch.stack(clips), [words_for(track, rng) for track in chosen]
