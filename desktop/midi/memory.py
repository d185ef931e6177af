"""The port and the learned controllers, remembered in midi.json."""

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.files import replace_file
from engine.metrics import METRIC_IDS
from engine.paths import home

_MAX_BYTES = 100_000

Channel = Annotated[int, Field(ge=0, le=15)]
Controller = Annotated[int, Field(ge=0, le=127)]


class Memory(BaseModel):
    """`controls` are channel and controller of each metric."""

    model_config = ConfigDict(frozen=True, extra="ignore", serialize_by_alias=True, validate_by_name=True)

    schema_number: Literal[1] = Field(default=1, alias="schema")
    port: str | None = None
    controls: dict[str, tuple[Channel, Controller]] = Field(default_factory=dict)


def memory_file() -> Path:
    """Where it is kept."""
    return home() / "midi.json"


def recall() -> Memory:
    """What was remembered; nothing if there is none or it cannot be read, since it can be learned again."""
    try:
        with memory_file().open("rb") as stream:
            memory = Memory.model_validate_json(stream.read(_MAX_BYTES))
    except (OSError, ValidationError):
        return Memory()
    known = {metric: control for metric, control in memory.controls.items() if metric in METRIC_IDS}
    return memory.model_copy(update={"controls": known})


def remember(memory: Memory) -> None:
    """Write it. Raises Problem if it cannot be written."""
    replace_file(memory_file(), memory.model_dump_json().encode())
