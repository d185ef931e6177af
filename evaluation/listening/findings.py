"""What the answers of a listening test say.

A rater's first answer to a trial counts, repeats only tell whether he listens. Means and win rates have
95 % intervals for other raters and other takes (see `resampling`), strengths for other raters.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import CallProblem, Problem
from evaluation.listening.agreement import alpha
from evaluation.listening.answers import (
    QUESTIONS,
    Answer,
    Answers,
    Question,
    carelessness,
    misfit,
    read_answers,
)
from evaluation.listening.key import ANCHOR, BASE, Key, Trial, key_file, read_key
from evaluation.listening.resampling import Interval, crossed_mean, crossed_weights
from evaluation.listening.strengths import smoothed, strengths

Array = NDArray[np.float64]

VERSION = 1


@dataclass(frozen=True)
class Opinion:
    """The mean opinion score of a system's clips, 1 to 5, higher is better; `gain` is the mean difference
    to the base model's clip of the same take and rater."""

    system: str
    question: Question
    mean: float
    interval: Interval | None
    gain: float | None
    gain_interval: Interval | None
    takes: int


@dataclass(frozen=True)
class Contest:
    """How often a system's clips were preferred to the base model's. `rate` counts a tie as half a win;
    `strength` is Bradley and Terry's, in log odds over the base."""

    system: str
    wins: int
    ties: int
    losses: int
    rate: float
    rate_interval: Interval | None
    strength: float
    strength_interval: Interval | None


@dataclass(frozen=True)
class LeftOut:
    """Answers that do not count, and why."""

    file: str
    rater: str
    reason: str


@dataclass(frozen=True)
class Findings:
    """The results of a test; `agreement` holds Krippendorff's alpha of both questions and of the choice."""

    version: int
    test: str
    title: str
    base_model: str
    raters: int
    takes: int
    opinions: tuple[Opinion, ...]
    contests: tuple[Contest, ...]
    agreement: Mapping[str, float | None]
    left_out: tuple[LeftOut, ...]

    def to_json(self) -> dict[str, Any]:
        """As JSON has it."""
        return asdict(self)


def read_findings(files: Sequence[Path], key: Path | None) -> Findings:
    """What the answers in `files` say; `key` is the test's, None to look where its maker keeps it.

    Raises CallProblem if the files are of several tests or the key is not there, Problem if nothing is left.
    """
    heard: dict[Path, Answers] = {}
    left_out: list[LeftOut] = []
    for file in files:
        try:
            heard[file] = read_answers(file)
        except Problem as problem:
            left_out.append(LeftOut(str(file), "", problem.what))
    tests = sorted({answers.test for answers in heard.values()})
    if len(tests) > 1:
        raise CallProblem(
            f"The answers are of {len(tests)} tests: {', '.join(tests)}.", "Read those of one test at a time."
        )
    if not tests:
        raise Problem("No file holds answers that can be read.", "Name the files that the page saved.")
    found = read_key(key or key_file(tests[0]))
    if found.id != tests[0]:
        raise CallProblem(
            f"The key is of test {found.id}, the answers are of {tests[0]}.", "Name its own key."
        )
    kept: dict[str, Answers] = {}
    for file, answers in sorted(heard.items(), key=lambda item: -len(item[1].answers)):
        again = "the same sitting is in another file" if answers.session in kept else ""
        if reason := again or misfit(answers, found) or carelessness(answers, found):
            left_out.append(LeftOut(str(file), answers.rater, reason))
        else:
            kept[answers.session] = answers
    if not kept:
        why = "; ".join(f"{one.rater or one.file}: {one.reason}" for one in left_out)
        raise Problem(f"No rater is left ({why}).", "Ask others to listen.")
    return findings(found, [kept[session] for session in sorted(kept)], tuple(left_out))


def findings(key: Key, raters: Sequence[Answers], left_out: tuple[LeftOut, ...] = ()) -> Findings:
    """What the answers of `raters` to the test of `key` say."""
    first = [{answer.trial: answer for answer in one.answers if not answer.repeat} for one in raters]
    takes = [trial for trial in key.trials if trial.kind == "take"]
    anchors = [trial for trial in key.trials if trial.kind == "anchor"]
    systems = sorted({trial.system for trial in takes})
    opinions = []
    for question in QUESTIONS:
        plain = _ratings(first, takes, question, plain=True)
        other = _ratings(first, takes, question, plain=False)
        opinions.append(_opinion(BASE, question, plain, None))
        for system in systems:
            of = [trial.system == system for trial in takes]
            opinions.append(_opinion(system, question, other[:, of], plain[:, of]))
        if anchors:
            spoilt = _ratings(first, anchors, question, plain=False)
            opinions.append(
                _opinion(ANCHOR, question, spoilt, _ratings(first, anchors, question, plain=True))
            )
    choices = np.array([[_outcome(one[trial.id], trial) for trial in takes] for one in first])
    both = {
        question: np.hstack([_ratings(first, takes, question, plain=side) for side in (True, False)])
        for question in QUESTIONS
    }
    return Findings(
        VERSION,
        key.id,
        key.title,
        key.base_model,
        len(raters),
        len(takes),
        tuple(opinions),
        _contests(choices, [systems.index(trial.system) for trial in takes], systems),
        {**{question: alpha(rated) for question, rated in both.items()}, "preference": alpha(choices)},
        left_out,
    )


def _ratings(
    first: Sequence[Mapping[str, Answer]], trials: Sequence[Trial], question: Question, plain: bool
) -> Array:
    """The ratings [raters, trials] of the plain or the other clips."""
    return np.array(
        [
            [one[trial.id].ratings(question)[trial.plain if plain else trial.other] for trial in trials]
            for one in first
        ],
        dtype=np.float64,
    )


def _opinion(system: str, question: Question, rated: Array, plain: Array | None) -> Opinion:
    mean, interval = crossed_mean(rated)
    gain, gain_interval = (None, None) if plain is None else crossed_mean(rated - plain)
    return Opinion(system, question, mean, interval, gain, gain_interval, rated.shape[1])


def _outcome(answer: Answer, trial: Trial) -> float:
    """1 if the tuned clip is preferred, 0 if the base's, 0.5 for a tie."""
    chosen = answer.chosen()
    return 0.5 if chosen is None else float(chosen == trial.other)


def _contests(choices: Array, system_of: Sequence[int], systems: Sequence[str]) -> tuple[Contest, ...]:
    """The contests of `choices` [raters, trials], trial t being of system `system_of[t]`."""
    raters = len(choices)
    per_rater = np.zeros((raters, len(systems) + 1, len(systems) + 1))
    for trial, place in enumerate(system_of):
        per_rater[:, place + 1, 0] += choices[:, trial]
        per_rater[:, 0, place + 1] += 1 - choices[:, trial]
    fitted = strengths(smoothed(per_rater.sum(0)))
    spread = None
    if raters > 1:
        weights, _ = crossed_weights(raters, 1)
        spread = np.percentile(strengths(smoothed(np.tensordot(weights, per_rater, 1))), (2.5, 97.5), axis=0)
    made = []
    for number, system in enumerate(systems):
        found = choices[:, np.asarray(system_of) == number]
        rate, interval = crossed_mean(found)
        at = number + 1
        made.append(
            Contest(
                system,
                int((found == 1).sum()),
                int((found == 0.5).sum()),
                int((found == 0).sum()),
                rate,
                interval,
                float(fitted[at]),
                None if spread is None else (float(spread[0, at]), float(spread[1, at])),
            )
        )
    return tuple(made)
