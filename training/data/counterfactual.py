"""Pairs from the starter's rendered corpus: one song, one caption, one quality changed.

Each song was rendered in variants along axes (tempo, mode, intensity, ...; `training.starter.corpus`).
An axis is no label: which metrics a variant really moves, and which way, is measured on the clips as the
codec plays them, and of all candidates those are kept that differ most in a metric and least in the others.
"""

import hashlib
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.labels import ESTIMATORS
from engine.metrics import METRIC_IDS
from engine.pairs import Pair, Side, Split
from training.data.clips import Tell, label_codes
from training.data.select import Rule, select, values_of
from training.starter.corpus.build import Rendering, renderings
from training.starter.corpus.caption import plain_caption
from training.starter.corpus.synth import FRAME
from training.store import Written, write_pairs


@dataclass(frozen=True)
class Cut:
    """`frames` frames of a rendering's codes, from a bar line on."""

    rendering: Rendering
    bar: int
    frames: int

    @property
    def source(self) -> str:
        """Which rendering, and where in it."""
        return f"song {self.rendering.name} {self.rendering.axis or 'as composed'}, bar {self.bar}"


def make_pairs(
    corpus: Path,
    tokens: Path,
    out: Path,
    model: Path,
    cuts: int,
    frames: int,
    rule: Rule,
    workers: int,
    tell: Tell,
) -> Written:
    """Cut, measure, pair and write. `tokens` holds the codes that the starter's training left.

    Raises Problem if no pair is left.
    """
    left_out: Counter[str] = Counter()
    there = [r for r in renderings(corpus) if (tokens / f"{r.name}.npy").exists()]
    found = list(couples(there, cuts, frames, left_out))
    clips = list(dict.fromkeys(cut for couple in found for cut in couple))
    codes = [_codes(tokens, cut) for cut in clips]
    ids = [Side(clip, 0.0, "").id for clip in codes]
    values = values_of(label_codes(codes, ids, model, workers, tell))
    place = {cut: i for i, cut in enumerate(clips)}
    candidates = np.array([[place[cut] for cut in couple] for couple in found], dtype=np.int64)
    pairs = _pairs(clips, codes, candidates.reshape(-1, 2), values, rule, left_out)
    estimators = {name: estimator.name for name, estimator in ESTIMATORS.items()}
    source = f"counterfactual renders, {len({r.seed for r in there})} songs"
    return write_pairs(out, pairs, source, left_out, estimators=estimators)


def couples(
    there: Sequence[Rendering], cuts: int, frames: int, left_out: Counter[str]
) -> Iterator[tuple[Cut, Cut]]:
    """Cuts of a song as composed beside the same bars of its variants, `cuts` for each variant."""
    songs: dict[int, list[Rendering]] = {}
    for rendering in there:
        songs.setdefault(rendering.seed, []).append(rendering)
    for seed, versions in songs.items():
        plain = [version for version in versions if not version.axis]
        if len(plain) != 1 or len(versions) < 2:
            left_out["songs without a variant"] += 1
            continue
        bars = min(_bars(version, frames) for version in versions)
        if bars < 1:
            left_out["songs shorter than a clip"] += 1
            continue
        chosen = sorted(random.Random(seed).sample(range(bars), min(cuts, bars)))
        for version in versions:
            if version.axis:
                yield from ((Cut(plain[0], bar, frames), Cut(version, bar, frames)) for bar in chosen)


def _bars(rendering: Rendering, frames: int) -> int:
    """The bar lines at which a cut may begin."""
    whole = rendering.samples // FRAME - frames
    return max(0, whole // rendering.bar_frames + 1) if whole >= 0 else 0


def _codes(tokens: Path, cut: Cut) -> NDArray[np.int16]:
    track = np.load(tokens / f"{cut.rendering.name}.npy", mmap_mode="r")
    start = cut.bar * cut.rendering.bar_frames
    return np.array(track[:, start : start + cut.frames], dtype=np.int16)


def _pairs(
    clips: Sequence[Cut],
    codes: Sequence[NDArray[np.int16]],
    candidates: NDArray[np.int64],
    values: NDArray[np.float64],
    rule: Rule,
    left_out: Counter[str],
) -> Iterator[Pair]:
    for column, metric in enumerate(METRIC_IDS):
        for couple in select(candidates, values, metric, rule, left_out):
            cuts = [clips[i] for i in couple]
            faster, slower = (cut.rendering.beat_frames for cut in cuts)
            if metric == "tempo" and not faster < slower:
                left_out["tempo: the score says otherwise"] += 1
                continue
            best, other = (
                Side(codes[i], float(values[i, column]), cut.source)
                for i, cut in zip(couple, cuts, strict=True)
            )
            split: Split = "train" if cuts[0].rendering.split == "train" else "test"
            yield Pair(_caption(cuts), metric, split, best, other)


def _caption(cuts: Sequence[Cut]) -> str:
    """One caption for both, of either's instruments, that names no quality that might differ.

    It is the same for every metric and order: so what the base makes of the clips is worked out once for all.
    """
    couple = sorted(cuts, key=lambda cut: cut.source)
    what = " ".join(cut.source for cut in couple)
    rng = random.Random(hashlib.sha256(what.encode()).hexdigest())
    chosen = rng.choice(couple).rendering.description
    return plain_caption(chosen, rng)
