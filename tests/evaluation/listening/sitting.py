"""A small listening test and what raters answer to it, for tests."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from engine.take import write_take
from evaluation.listening.answers import Answer, Answers
from evaluation.listening.key import Key, Trial
from tests.engine.takes import make_take

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def write_takes(folder: Path, count: int = 4, seconds: float = 1.0) -> Path:
    """Takes of noise in `folder`, the energy turned up in the even ones and down in the odd ones."""
    for number in range(count):
        knob = {"energy": 5 if number % 2 == 0 else -5}
        write_take(
            make_take(knob, seed=number, seconds=seconds, prompt=f"song {number}"), folder / f"take {number}"
        )
    return folder


def a_key(takes: int = 6, anchors: int = 3, repeats: int = 2) -> Key:
    """Takes 0, 2, ... of the system "energy +5", the others "tempo −5"; anchors made of the first takes."""
    trials = [
        Trial(
            id=f"t{n}",
            kind="take",
            take=f"take {n}",
            prompt=f"song {n}",
            system="energy +5" if n % 2 == 0 else "tempo −5",
            plain=f"base{n}",
            other=f"tuned{n}",
        )
        for n in range(takes)
    ]
    trials += [
        Trial(
            id=f"a{n}",
            kind="anchor",
            take=f"take {n}",
            prompt=f"song {n}",
            system="anchor",
            plain=f"base{n}",
            other=f"spoilt{n}",
        )
        for n in range(anchors)
    ]
    return Key(
        id="0123456789abcdef",
        title="Test",
        base_model="starter",
        base_sha256="00" * 32,
        loudness=-23,
        repeats=repeats,
        trials=tuple(trials),
    )


def an_answer(trial: Trial, plain: int, other: int, preferred: str, repeat: bool = False) -> Answer:
    """The same rating to both questions; `preferred` is "plain", "other" or "tie"."""
    left, right = (trial.other, trial.plain) if repeat else (trial.plain, trial.other)
    side = "tie" if preferred == "tie" else "left" if (preferred == "plain") != repeat else "right"
    ratings = {trial.plain: plain, trial.other: other}
    return Answer(
        trial=trial.id, repeat=repeat, left=left, right=right, ovl=ratings, rel=ratings, preferred=side
    )


def a_rater(key: Key, name: str, shift: float = 1.0, seed: int = 0) -> Answers:
    """One who hears anchors, and likes the tuned clips `shift` steps more than the base's, more or less."""
    rng = np.random.default_rng(seed)
    answers = []
    for trial in key.trials:
        if trial.kind == "anchor":
            answers.append(an_answer(trial, 4, 1, "plain"))
            continue
        plain, other = np.clip(np.round(rng.normal([3, 3 + shift], 0.7)), 1, 5).astype(int)
        preferred = "tie" if plain == other else "plain" if plain > other else "other"
        answers.append(an_answer(trial, int(plain), int(other), preferred))
    for met in answers[: key.repeats]:
        trial = next(trial for trial in key.trials if trial.id == met.trial)
        chosen = met.chosen()
        preferred = "tie" if chosen is None else "plain" if chosen == trial.plain else "other"
        answers.append(an_answer(trial, met.ovl[trial.plain], met.ovl[trial.other], preferred, repeat=True))
    return Answers(test=key.id, session=name, rater=name, started=NOW, finished=NOW, answers=tuple(answers))
