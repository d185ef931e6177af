"""What a listening test's page does not tell: which clip is which.

The page and its answers name trials and clips by meaningless ids. The key stays on the computer that made
the page, below the data folder (`listening/ID.key.json`), where `read` finds it by the test's id.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from engine.errors import CallProblem, Problem
from engine.files import replace_file
from engine.paths import home
from engine.validation import first_fault

SCHEMA: Literal[1] = 1
BASE = "base"
ANCHOR = "anchor"

Kind = Literal["take", "anchor"]


class Trial(BaseModel):
    """Two clips, heard side by side, by their ids: `plain` is of the base model, `other` the tuned clip of
    the same take or, in an anchor, the plain clip spoilt. `system` names what made the other."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    kind: Kind
    take: str
    prompt: str
    system: str
    plain: str
    other: str

    @property
    def clips(self) -> frozenset[str]:
        """The ids of both."""
        return frozenset((self.plain, self.other))


class Key(BaseModel):
    """What each trial of a test is. `loudness` is the level of all clips in LUFS; `repeats` how many trials
    each rater meets twice."""

    model_config = ConfigDict(frozen=True, extra="forbid", serialize_by_alias=True, validate_by_name=True)

    schema_number: Literal[1] = Field(default=SCHEMA, alias="schema")
    id: str = Field(pattern="^[0-9a-f]{16}$")
    title: str
    base_model: str
    base_sha256: str
    loudness: float
    repeats: int = Field(ge=0)
    trials: tuple[Trial, ...] = Field(min_length=1)
    created: AwareDatetime = Field(default_factory=lambda: datetime.now(UTC))

    @property
    def presentations(self) -> int:
        """How many trials a rater answers: each once, and the repeats."""
        return len(self.trials) + self.repeats


def key_file(test: str) -> Path:
    """Where the key of the test with this id lies on the computer that made it."""
    return home() / "listening" / f"{test}.key.json"


def keep_key(key: Key) -> Path:
    """Write a key where `read_key` looks for it. Raises Problem if it cannot be written."""
    file = key_file(key.id)
    replace_file(file, key.model_dump_json(indent=1).encode())
    return file


def read_key(file: Path) -> Key:
    """The key in `file`. Raises CallProblem if there is none, Problem if it cannot be read."""
    if not file.is_file():
        raise CallProblem(
            f"{file} does not exist.",
            "Read the answers on the computer that made the test, or name its key with --key.",
        )
    try:
        return Key.model_validate_json(file.read_bytes())
    except ValidationError as error:
        raise Problem(
            f"{file} is not the key of a listening test ({first_fault(error)}).", "Name another."
        ) from error
