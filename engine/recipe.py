"""The recipe: everything needed to make a take again, bit for bit, on the same build."""

from datetime import UTC, datetime
from typing import Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from engine import __version__
from engine.errors import Problem
from engine.job import Job, Product
from engine.validation import first_fault

SCHEMA: Literal[1] = 1
MAX_BYTES = 1_000_000

Direction = Literal["positive", "negative"]
ModelSource = Literal["bundled", "folder", "hub"]


class ModelRecord(BaseModel):
    """The base model a take was made with; `sha256` is of its weights."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    source: ModelSource
    license: str | None
    sha256: str


class AdapterRecord(BaseModel):
    """An adapter that took part; `sha256` is of its safetensors file."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    metric: str
    direction: Direction
    pack: str
    version: str
    sha256: str


class Recipe(BaseModel):
    """How a take was made. `weights` are the mix's shares: "base" and each turned metric's id."""

    model_config = ConfigDict(frozen=True, extra="forbid", serialize_by_alias=True, validate_by_name=True)

    schema_number: Literal[1] = Field(default=SCHEMA, alias="schema")
    job: Job
    model: ModelRecord
    weights: dict[str, float]
    adapters: tuple[AdapterRecord, ...] = ()
    audio_prompt_sha256: str | None = None
    engine_version: str = __version__
    torch_version: str
    device: str
    precision: Product | None = None  # None in takes before there was a choice
    tuned_by: Literal["deltas", "merged"] | None = None  # how the tuned clip's weights came about
    sample_rate: int = Field(gt=0)
    created: AwareDatetime = Field(default_factory=lambda: datetime.now(UTC))
    partial: bool = False
    tempo: dict[str, float] = Field(default_factory=dict)  # "base" and "tuned", if the codec counts beats
    first_bar: dict[str, float] = Field(default_factory=dict)  # seconds at which their first bar begins


def recipe_json(recipe: Recipe) -> str:
    """The recipe as the JSON text that recipe.json and the WAV comments hold."""
    return recipe.model_dump_json(indent=1)


def parse_recipe(text: str | bytes, origin: str) -> Recipe:
    """The recipe in `text`; `origin` names where it came from. Raises Problem if it is not one."""
    if len(text) > MAX_BYTES:
        raise Problem(f"{origin} is too large to hold a recipe.", "Choose the recipe.json of a take.")
    try:
        return Recipe.model_validate_json(text)
    except ValidationError as error:
        raise Problem(
            f"{origin} does not hold a recipe this version can read ({first_fault(error)}).",
            "Choose a take made by Tunedial; if a newer Tunedial made it, update this one.",
        ) from error
