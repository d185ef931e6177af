"""From takes to a listening test: its page and its key.

Every take is a trial: its two clips side by side. Some trials are anchors: a base clip beside itself, spoilt.
Each rater hears the trials in an order of his own, and meets some of them twice, the second time with the
sides changed; the page draws both (see logic.js), since it cannot know what a trial is.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.audio import loudness
from engine.errors import CallProblem, Problem
from engine.mix import BASE_WEIGHT, Mix
from engine.take import Take, is_take, read_take
from evaluation.listening.key import ANCHOR, Key, Trial
from evaluation.listening.sound import Audio, at_level, common_level, spoilt


@dataclass(frozen=True)
class Test:
    """A test: its key, the clips by id, all at one level, and the takes left out, with the reason."""

    __test__ = False  # pytest, this is none of yours

    key: Key
    clips: dict[str, tuple[Audio, int]]
    left_out: dict[str, str]


def take_folders(places: Sequence[Path]) -> list[Path]:
    """The take folders among `places`, and directly inside those that are none; each once.

    Raises CallProblem if a place is not there or holds no take.
    """
    found: list[Path] = []
    for place in places:
        inside = (
            [place] if is_take(place) else sorted(filter(is_take, place.iterdir())) if place.is_dir() else []
        )
        if not inside:
            raise CallProblem(f"{place} holds no take.", "Name take folders, or a folder of them.")
        found += inside
    return list(dict.fromkeys(path.resolve() for path in found))


def make_test(folders: Sequence[Path], title: str, anchors: int, repeats: int, seed: int = 0) -> Test:
    """A test of the takes in `folders`; `seed` draws the ids and which takes the anchors are made of.

    Takes whose mix is neutral, or with a silent clip, are left out. Raises Problem if none is left or they
    are of different base models.
    """
    takes: dict[str, Take] = {}
    left_out: dict[str, str] = {}
    for folder in folders:
        take = read_take(folder)
        if reason := _unfit(take):
            left_out[str(folder)] = reason
        else:
            takes[str(folder)] = take
    if not takes:
        why = "; ".join(sorted(set(left_out.values())))
        raise Problem(f"No take is left to listen to ({why}).", "Name takes whose knobs are turned.")
    models = {take.recipe.model.sha256: take.recipe.model.id for take in takes.values()}
    if len(models) > 1:
        raise CallProblem(
            f"The takes are of different base models: {', '.join(sorted(models.values()))}.",
            "Make a test for each.",
        )
    rng = np.random.default_rng(seed)
    names = sorted(takes)
    spoil = [names[i] for i in sorted(rng.permutation(len(names))[:anchors])]
    clips: dict[tuple[str, str], tuple[Audio, int]] = {}
    for number, name in enumerate(names):
        take = takes[name]
        clips[name, "plain"] = take.base, take.sample_rate
        clips[name, "tuned"] = take.tuned, take.sample_rate
        if name in spoil:
            clips[name, ANCHOR] = spoilt(take.base, take.sample_rate, number), take.sample_rate
    level = common_level(list(clips.values()))
    assert level is not None, "silent clips were left out"
    ids = dict(zip(clips, _ids("c", len(clips), rng), strict=True))
    wanted = [(name, "tuned") for name in names] + [(name, ANCHOR) for name in spoil]
    trials = tuple(
        Trial(
            id=trial,
            kind="anchor" if which == ANCHOR else "take",
            take=name,
            prompt=takes[name].recipe.job.prompt,
            system=ANCHOR if which == ANCHOR else system_of(takes[name].recipe.job.mix),
            plain=ids[name, "plain"],
            other=ids[name, which],
        )
        for trial, (name, which) in zip(_ids("t", len(wanted), rng), wanted, strict=True)
    )
    levelled = {ids[of]: (at_level(*clip, level), clip[1]) for of, clip in clips.items()}
    (sha256, model), *_ = models.items()
    key = Key(
        id=_name_of(levelled, title, repeats),
        title=title,
        base_model=model,
        base_sha256=sha256,
        loudness=round(level, 2),
        repeats=min(repeats, repeatable(len(trials))),
        trials=tuple(sorted(trials, key=lambda trial: trial.id)),
    )
    return Test(key, levelled, left_out)


def repeatable(trials: int) -> int:
    """How many of so many trials can come again: those of the first half but its last, and at least one."""
    return max(1, (trials + 1) // 2 - 1)


def system_of(mix: Mix) -> str:
    """What a mix is called in the results, e.g. "energy +5, tempo −2.5"."""
    words = [f"{name} {value:+g}".replace("-", "−") for name, value in sorted(mix.knobs.items())]
    if mix.amount != 1:
        words.append(f"amount {mix.amount:g}")
    if mix.base_weight != BASE_WEIGHT:
        words.append(f"base weight {mix.base_weight:g}")
    return ", ".join(words)


def _unfit(take: Take) -> str:
    if take.recipe.job.mix.neutral:
        return "no knob is turned: both clips are the same"
    if any(loudness(clip, take.sample_rate) is None for clip in (take.base, take.tuned)):
        return "a clip is silent, or shorter than 0.4 s"
    return ""


def _ids(letter: str, count: int, rng: np.random.Generator) -> list[str]:
    """So many different names, in an order that says nothing."""
    return [f"{letter}{number + 1}" for number in rng.permutation(count)]


def _name_of(clips: dict[str, tuple[Audio, int]], title: str, repeats: int) -> str:
    """The test's id: a hash of all that a rater meets."""
    digest = hashlib.sha256(f"{title} {repeats}".encode())
    for name, (audio, sample_rate) in sorted(clips.items()):
        digest.update(f"{name} {sample_rate} {audio.shape}".encode() + audio.tobytes())
    return digest.hexdigest()[:16]
