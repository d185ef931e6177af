"""Pairs from the app's own ratings: A/B choices, and stars and likes of clips with the same prompt.

They teach `rating`: what this listener likes. A choice is worth more than stars: the two clips of a take
share their noise, the knobs alone differ, and it was made blind. So where there is one, stars of the same
two say no more.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from engine.audio import audio_info
from engine.errors import Problem
from engine.pairs import Pair, Side
from engine.preferences import Preference, read_preference
from engine.recipe import Recipe
from engine.take import is_take, read_recipe, take_files
from training.codec import load_codec
from training.data.clips import Coded, Excerpt, Tell, encode_excerpts
from training.data.splits import split_of
from training.store import Written, write_pairs

METRIC = "rating"


@dataclass(frozen=True)
class _Judged:
    folder: Path
    recipe: Recipe
    preference: Preference


@dataclass(frozen=True)
class _Clip:
    """A clip of a take; `score` is what its listener gave it, from 0 to 1."""

    take: _Judged
    path: Path
    score: float


def make_pairs(takes: Path, out: Path, model: Path, workers: int, tell: Tell) -> Written:
    """Read the judged takes in `takes`, encode their clips and write pairs.

    Raises Problem if nothing was judged in a way that makes a pair.
    """
    left_out: Counter[str] = Counter()
    judged = list(_judged(takes, left_out))
    files = [path for take in judged for path in _clips(take)]
    coded = encode_excerpts([Excerpt(path) for path in files], model, False, workers, left_out, tell)
    clips = {path: found for path, found in zip(files, coded, strict=True) if found is not None}
    pairs = _pairs(judged, clips, model, left_out)
    return write_pairs(out, pairs, "your library", left_out, estimators={METRIC: "your ratings"})


def _judged(takes: Path, left_out: Counter[str]) -> Iterator[_Judged]:
    for folder in sorted(takes.iterdir()) if takes.is_dir() else []:
        if folder.name.startswith(".") or not is_take(folder):
            continue
        try:
            recipe, preference = read_recipe(folder), read_preference(folder)
        except Problem:
            left_out["takes that cannot be read"] += 1
            continue
        if preference is None:
            left_out["takes that were not judged"] += 1
        elif recipe.partial:
            left_out["takes that were stopped before their end"] += 1
        else:
            yield _Judged(folder, recipe, preference)


def _clips(take: _Judged) -> tuple[Path, Path]:
    files = take_files(take.folder)
    return files.base, files.tuned


def _pairs(
    judged: list[_Judged], clips: dict[Path, Coded], model: Path, left_out: Counter[str]
) -> Iterator[Pair]:
    for take in judged:
        if take.preference.choice == "tie":
            left_out["ties"] += 1
        elif take.preference.choice is not None:
            base, tuned = _clips(take)
            scores = (1.0, 0.0) if take.preference.choice == "base" else (0.0, 1.0)
            yield from _pair(
                _Clip(take, base, scores[0]), _Clip(take, tuned, scores[1]), clips, model, left_out
            )
    by_prompt: dict[str, list[_Clip]] = {}
    for take in judged:
        by_prompt.setdefault(take.recipe.job.prompt, []).extend(_scored(take))
    for same in by_prompt.values():
        for first, second in combinations(same, 2):
            if first.take is second.take:
                if first.take.preference.choice in ("base", "tuned"):
                    continue
            elif first.take.recipe.job.audio_prompt or second.take.recipe.job.audio_prompt:
                left_out["clips of two takes, one from an audio prompt"] += 1
                continue
            yield from _pair(first, second, clips, model, left_out)


def _scored(take: _Judged) -> list[_Clip]:
    """The clips of a take that were given stars, from 0 to 1, or else liked, 1, or disliked, 0."""
    said, (base, tuned) = take.preference, _clips(take)
    given = ((base, said.base_stars, said.base_liked), (tuned, said.stars, said.liked))
    scores = [(path, liked if stars is None else stars / 5) for path, stars, liked in given]
    return [_Clip(take, path, float(score)) for path, score in scores if score is not None]


def _pair(
    first: _Clip, second: _Clip, clips: dict[Path, Coded], model: Path, left_out: Counter[str]
) -> Iterator[Pair]:
    """The pair of two clips, the better one chosen; none if they were judged alike or cannot be had."""
    low, high = sorted((first, second), key=lambda clip: clip.score)
    if low.score == high.score:
        left_out["clips of one prompt that were judged alike"] += 1
        return
    if low.path not in clips or high.path not in clips:
        left_out["pairs without audio on both sides"] += 1
        return
    try:
        given = _prompt_frames(high.take.recipe, model)
    except Problem:
        left_out["takes whose audio prompt is gone"] += 1
        return
    chosen, rejected = (
        Side(np.load(clips[clip.path].codes), clip.score, f"{clip.path.parent.name}/{clip.path.name}")
        for clip in (high, low)
    )
    prompt = high.take.recipe.job.prompt
    yield Pair(prompt, METRIC, split_of(prompt), chosen, rejected, given)


def _prompt_frames(recipe: Recipe, model: Path) -> int:
    """The frames that the audio prompt gave, at the front of both clips. Raises Problem if it is gone."""
    prompt = recipe.job.audio_prompt
    if prompt is None or prompt.role != "continue":
        return 0
    end = audio_info(prompt.path).seconds if prompt.end is None else prompt.end
    codec = load_codec(model)
    return max(0, -(-round((end - prompt.start) * codec.sample_rate) // codec.hop))
