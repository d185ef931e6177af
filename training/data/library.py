"""Pairs from the app's own ratings: A/B choices, and stars and likes of takes with the same prompt.

They teach `rating`: what this listener likes. A choice is worth more than stars: the two clips of a take
share their noise, and the knobs alone differ.
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
        if take.preference.choice in ("base", "tuned"):
            base, tuned = _clips(take)
            best, other = (tuned, base) if take.preference.choice == "tuned" else (base, tuned)
            yield from _pair(take, take, best, other, 1.0, 0.0, clips, model, left_out)
        elif take.preference.choice == "tie":
            left_out["ties"] += 1
    by_prompt: dict[str, list[_Judged]] = {}
    for take in judged:
        if _score(take.preference) is not None and take.recipe.job.audio_prompt is None:
            by_prompt.setdefault(take.recipe.job.prompt, []).append(take)
    for takes in by_prompt.values():
        for first, second in combinations(takes, 2):
            low, high = sorted((first, second), key=lambda take: _score(take.preference) or 0.0)
            values = (_score(high.preference) or 0.0, _score(low.preference) or 0.0)
            if values[0] == values[1]:
                left_out["takes of one prompt that were judged alike"] += 1
                continue
            yield from _pair(high, low, _clips(high)[1], _clips(low)[1], *values, clips, model, left_out)


def _score(preference: Preference) -> float | None:
    """Stars from 0 to 1, or else liked 1 and disliked 0; None if neither was said."""
    if preference.stars is not None:
        return preference.stars / 5
    return None if preference.liked is None else float(preference.liked)


def _pair(
    high: _Judged,
    low: _Judged,
    best: Path,
    other: Path,
    best_value: float,
    other_value: float,
    clips: dict[Path, Coded],
    model: Path,
    left_out: Counter[str],
) -> Iterator[Pair]:
    if best not in clips or other not in clips:
        left_out["pairs without audio on both sides"] += 1
        return
    codes = [np.load(clips[path].codes) for path in (best, other)]
    try:
        given = _prompt_frames(high.recipe, model)
    except Problem:
        left_out["takes whose audio prompt is gone"] += 1
        return
    high_side, low_side = (
        Side(clip, value, f"{path.parent.name}/{path.name}")
        for clip, value, path in zip(codes, (best_value, other_value), (best, other), strict=True)
    )
    prompt = high.recipe.job.prompt
    yield Pair(prompt, METRIC, split_of(prompt), high_side, low_side, given)


def _prompt_frames(recipe: Recipe, model: Path) -> int:
    """The frames that the audio prompt gave, at the front of both clips. Raises Problem if it is gone."""
    prompt = recipe.job.audio_prompt
    if prompt is None or prompt.role != "continue":
        return 0
    end = audio_info(prompt.path).seconds if prompt.end is None else prompt.end
    codec = load_codec(model)
    return max(0, -(-round((end - prompt.start) * codec.sample_rate) // codec.hop))
