"""The file that a rater's page saves, and whether its rater listened."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from engine.errors import Problem
from engine.validation import first_fault
from evaluation.listening.key import Key, Trial

SCHEMA: Literal[1] = 1
MAX_BYTES = 2_000_000

# What is expected of a rater who listens.
MAX_ANCHORS_FAILED = 1 / 3
MAX_REPEAT_DISTANCE = 1.0

Question = Literal["ovl", "rel"]
QUESTIONS: tuple[Question, ...] = ("ovl", "rel")
Choice = Literal["left", "right", "tie"]
Rating = Annotated[int, Field(ge=1, le=5)]


class Answer(BaseModel):
    """What a rater said of a trial: ratings by clip id, and which side he prefers."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    trial: str
    repeat: bool
    left: str
    right: str
    ovl: Mapping[str, Rating]
    rel: Mapping[str, Rating]
    preferred: Choice

    def chosen(self) -> str | None:
        """The id of the preferred clip, None for a tie."""
        return {"left": self.left, "right": self.right, "tie": None}[self.preferred]

    def ratings(self, question: Question) -> Mapping[str, int]:
        """The ratings of one question, by clip."""
        return self.ovl if question == "ovl" else self.rel


class Answers(BaseModel):
    """A rater's answers. `session` is one sitting; `finished` is None if he stopped before the end."""

    model_config = ConfigDict(frozen=True, extra="forbid", serialize_by_alias=True, validate_by_name=True)

    schema_number: Literal[1] = Field(default=SCHEMA, alias="schema")
    test: str = Field(pattern="^[0-9a-f]{16}$")
    session: str = Field(min_length=1, max_length=64)
    rater: str = Field(max_length=200)
    started: AwareDatetime
    finished: AwareDatetime | None
    answers: tuple[Answer, ...]


def read_answers(file: Path) -> Answers:
    """The answers in `file`. Raises Problem if it holds none that this version can read."""
    try:
        with file.open("rb") as stream:
            return Answers.model_validate_json(stream.read(MAX_BYTES))
    except ValidationError as error:
        raise Problem(
            f"{file} holds no answers this version can read ({first_fault(error)}).",
            "Ask for the file again.",
        ) from error
    except OSError as error:
        raise Problem(f"{file} could not be read: {error.strerror}.", "Check the name.") from error


def misfit(answers: Answers, key: Key) -> str:
    """Why these answers cannot belong to the test, "" if they do."""
    trials = {trial.id: trial for trial in key.trials}
    met: set[tuple[str, bool]] = set()
    for answer in answers.answers:
        trial = trials.get(answer.trial)
        if trial is None or {answer.left, answer.right} != trial.clips:
            return f"the test has no trial '{answer.trial}' of these clips"
        if any(answer.ratings(question).keys() != trial.clips for question in QUESTIONS):
            return f"trial '{answer.trial}' has ratings of other clips"
        if (answer.trial, answer.repeat) in met:
            return f"trial '{answer.trial}' is answered twice"
        met.add((answer.trial, answer.repeat))
    return ""


def carelessness(answers: Answers, key: Key) -> str:
    """Why a rater's answers should not count, "" if they should.

    He must have come to the end. An anchor is passed if the plain clip is preferred and its OVL is not below
    the spoilt one's; more than a third failed are too many. Of trials met twice, the ratings may differ by
    one step on average, and no more than half of two or more choices may turn round.
    """
    if answers.finished is None or len(answers.answers) < key.presentations:
        return f"stopped after {len(answers.answers)} of {key.presentations}"
    first = {answer.trial: answer for answer in answers.answers if not answer.repeat}
    anchors = [trial for trial in key.trials if trial.kind == "anchor"]
    failed = sum(not _passes(first[trial.id], trial) for trial in anchors)
    if anchors and failed > MAX_ANCHORS_FAILED * len(anchors):
        return f"failed {failed} of {len(anchors)} hidden anchors"
    again = [(first[answer.trial], answer) for answer in answers.answers if answer.repeat]
    distances = [
        abs(one.ratings(question)[clip] - two.ratings(question)[clip])
        for one, two in again
        for question in QUESTIONS
        for clip in (one.left, one.right)
    ]
    if distances and (distance := sum(distances) / len(distances)) > MAX_REPEAT_DISTANCE:
        return f"rated the same clips {distance:.1f} steps apart when they came again"
    turned = sum(None not in (both := {one.chosen(), two.chosen()}) and len(both) == 2 for one, two in again)
    if len(again) >= 2 and turned > len(again) / 2:
        return f"preferred the other clip in {turned} of {len(again)} trials that came again"
    return ""


def _passes(answer: Answer, anchor: Trial) -> bool:
    return answer.chosen() == anchor.plain and answer.ovl[anchor.plain] >= answer.ovl[anchor.other]
