"""What the user thinks of a take. The app writes these records, training turns them into pairs.

A record is preference.json in the take's folder, so it moves, is shared and is deleted with its
take, and the library can be made again from the folders alone.
"""

from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from engine.errors import Problem
from engine.files import replace_file

PREFERENCE = "preference.json"
SCHEMA: Literal[1] = 1
MAX_BYTES = 100_000

Choice = Literal["base", "tuned", "tie"]
Stars = Annotated[int, Field(ge=0, le=5)]


class Preference(BaseModel):
    """The user's judgement of one take; None is "not said".

    `choice` is the clip preferred in an A/B comparison, `stars` 0 to 5 and `liked` (False: disliked)
    are of the tuned clip, `base_stars` and `base_liked` of the base model's.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", serialize_by_alias=True, validate_by_name=True)

    schema_number: Literal[1] = Field(default=SCHEMA, alias="schema")
    choice: Choice | None = None
    stars: Stars | None = None
    liked: bool | None = None
    base_stars: Stars | None = None
    base_liked: bool | None = None
    changed: AwareDatetime = Field(default_factory=lambda: datetime.now(UTC))


def read_preference(folder: Path) -> Preference | None:
    """The user's judgement of the take in `folder`, None if there is none.

    Raises Problem if preference.json cannot be read.
    """
    file = folder / PREFERENCE
    if not file.exists():
        return None
    try:
        with file.open("rb") as stream:
            return Preference.model_validate_json(stream.read(MAX_BYTES))
    except (OSError, ValidationError) as error:
        raise Problem(f"{file} could not be read as a preference.", "Move it away and rate again.") from error


def write_preference(folder: Path, preference: Preference) -> None:
    """Keep a judgement with the take in `folder`. Raises Problem if it cannot be written."""
    replace_file(folder / PREFERENCE, preference.model_dump_json(exclude_none=True).encode())
