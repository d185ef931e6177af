"""Presets: named mixes in files that can be shared.

A preset is one JSON file NAME.tunedial: a mix, optionally a prompt and generation settings, and what
it requires. It holds no path and no code. `preset_migrations` tells the history of the format.
"""

import base64
import binascii
import difflib
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import pydantic_core
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from engine.errors import CallProblem, Problem
from engine.files import replace_file
from engine.job import MAX_PROMPT_CHARS, GenerationSettings
from engine.metrics import metric
from engine.mix import Mix
from engine.paths import presets_dir, resources
from engine.preset_migrations import SCHEMA, migrate
from engine.recipe import Direction
from engine.validation import first_fault

SUFFIX = ".tunedial"
MAX_BYTES = 1_000_000
TEXT_PREFIX = "tunedial:"

_FORBIDDEN_IN_NAMES = re.compile(r'[\x00-\x1f\x7f/\\:*?"<>|]|^\.|\.$')

# What runs which adapter: (metric id, direction) -> SHA-256 of its safetensors.
Adapters = Mapping[tuple[str, Direction], str]


def _usable_as_file_name(name: str) -> str:
    if _FORBIDDEN_IN_NAMES.search(name):
        raise ValueError("a preset's name cannot hold / \\ : * ? \" < > | or begin or end with a dot")
    return name


Name = Annotated[
    str,
    StringConstraints(strip_whitespace=True, min_length=1, max_length=80),
    AfterValidator(_usable_as_file_name),
]
Tag = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)]
Prompt = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_PROMPT_CHARS)]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", serialize_by_alias=True, validate_by_name=True)


class AdapterNeed(_Frozen):
    """One adapter a preset was made with; `sha256` is of its safetensors file."""

    metric: Annotated[str, AfterValidator(lambda name: metric(name).id)]
    direction: Direction
    sha256: Sha256


class Requires(_Frozen):
    """What a preset was made with: a base model, and a pack and its adapters."""

    base_model: str = Field(min_length=1, max_length=200)
    pack: str = Field(min_length=1, max_length=200)
    pack_version: str = Field(min_length=1, max_length=50)
    adapters: tuple[AdapterNeed, ...] = Field(default=(), max_length=26)


class Preset(_Frozen):
    """A named mix. `requires` None means any pack that has the metrics."""

    schema_number: Literal[2] = Field(default=SCHEMA, alias="schema")
    name: Name
    author: str = Field(default="", max_length=100)
    tags: tuple[Tag, ...] = Field(default=(), max_length=20)
    notes: str = Field(default="", max_length=4000)
    mix: Mix
    prompt: Prompt | None = None
    settings: GenerationSettings | None = None
    requires: Requires | None = None


@dataclass(frozen=True)
class PresetFile:
    """A file in the factory's or the user's presets, and what it holds or why it cannot be read."""

    path: Path
    factory: bool
    content: Preset | Problem


def preset_json(preset: Preset) -> str:
    """The text of a preset's file."""
    return preset.model_dump_json(indent=1, exclude_none=True) + "\n"


def parse_preset(data: bytes, origin: str) -> Preset:
    """The preset in a file's bytes, of this schema or an older one; `origin` names it in messages.

    Raises Problem if it is too large, no preset, or of a newer schema.
    """
    if len(data) > MAX_BYTES:
        raise Problem(f"{origin} is larger than {MAX_BYTES // 1_000_000} MB.", "It is not a preset.")
    try:
        raw = pydantic_core.from_json(data, allow_inf_nan=False)
    except ValueError as error:
        raise Problem(f"{origin} is not a preset: {error}.", "Ask for the file again.") from error
    current = migrate(raw, _schema_of(raw, origin))
    try:
        return Preset.model_validate_json(pydantic_core.to_json(current), strict=True)
    except ValidationError as error:
        raise Problem(
            f"{origin} is not a valid preset: {first_fault(error)}.", "Correct it or ask for it again."
        ) from error
    except Problem as problem:
        raise Problem(f"{origin} is not a valid preset: {problem.what}", problem.todo) from problem


def load_preset(path: Path) -> Preset:
    """The preset in a file. Raises CallProblem if there is none, else like `parse_preset`."""
    if not path.is_file():
        raise CallProblem(f"{path} is not there.", f"Choose a {SUFFIX} file.")
    try:
        with path.open("rb") as file:
            data = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise Problem(f"{path} could not be read: {error.strerror}.", "Check its permissions.") from error
    return parse_preset(data, str(path))


def save_preset(preset: Preset, replace: bool = False) -> Path:
    """Keep a preset among the user's own as NAME.tunedial; return the file.

    Raises CallProblem if one of that name is there and `replace` is False, Problem if it cannot be
    written.
    """
    return export_preset(preset, presets_dir() / (preset.name + SUFFIX), replace)


def export_preset(preset: Preset, path: Path, replace: bool = False) -> Path:
    """Write a preset to a file, or into a folder as NAME.tunedial; return the file.

    Raises like `save_preset`.
    """
    file = path / (preset.name + SUFFIX) if path.is_dir() else path
    if file.exists() and not replace:
        raise CallProblem(f"{file} is already there.", "Choose another name, or ask for it to be replaced.")
    replace_file(file, preset_json(preset).encode())
    return file


def list_presets() -> list[PresetFile]:
    """The user's presets, then those that ship with the app, each by file name.

    A file that cannot be read is listed with its Problem and left untouched.
    """
    own = [(path, False) for path in sorted(presets_dir().glob(f"*{SUFFIX}"))]
    shipped = [(path, True) for path in sorted((resources() / "presets").glob(f"*{SUFFIX}"))]
    return [PresetFile(path, factory, _content(path)) for path, factory in own + shipped]


def find_preset(name: str) -> Preset:
    """The preset in the file `name`, or the one of that name: the user's own before the factory's.

    Raises CallProblem with the closest name if there is none.
    """
    if Path(name).is_file():
        return load_preset(Path(name))
    presets = [file.content for file in list_presets() if isinstance(file.content, Preset)]
    for preset in presets:
        if preset.name.casefold() == name.casefold():
            return preset
    close = difflib.get_close_matches(name, [preset.name for preset in presets], n=1)
    hint = f"Did you mean '{close[0]}'?" if close else "See: tunedial presets list"
    raise CallProblem(f"There is no preset called '{name}'.", hint)


def import_preset(source: str, replace: bool = False) -> Path:
    """Keep a preset from a file or from its text form among the user's own; return the new file.

    Nothing is written unless it is valid. Raises like `load_preset` and `save_preset`.
    """
    preset = from_text(source) if source.strip().startswith(TEXT_PREFIX) else load_preset(Path(source))
    return save_preset(preset, replace)


def missing(preset: Preset, base_model: str, adapters: Adapters) -> list[str]:
    """What a preset would lack or find changed with this base model and these adapters, a line each.

    Empty if the preset would sound as it was made. Changes nothing.
    """
    lines = []
    requires = preset.requires
    if requires and requires.base_model != base_model:
        lines.append(f"It was made for the base model '{requires.base_model}', not for '{base_model}'.")
    needed = {(need.metric, need.direction): need.sha256 for need in requires.adapters} if requires else {}
    source = f" It was made with the pack '{requires.pack}' {requires.pack_version}." if requires else ""
    for name, value in preset.mix.knobs.items():
        direction: Direction = "positive" if value > 0 else "negative"
        what = f"{'raises' if value > 0 else 'lowers'} {metric(name).label}"
        found = adapters.get((name, direction))
        if found is None:
            lines.append(f"No installed adapter {what} for '{base_model}'.{source}")
        elif found != needed.get((name, direction), found):
            lines.append(f"The installed adapter that {what} is another version.{source}")
    return lines


def to_text(preset: Preset) -> str:
    """A preset as one short line of letters, digits, - and _ to paste into a message."""
    packed = zlib.compress(preset.model_dump_json(exclude_none=True).encode(), 9)
    return TEXT_PREFIX + base64.urlsafe_b64encode(packed).decode().rstrip("=")


def from_text(text: str) -> Preset:
    """The preset in its text form; white space that a message put in is ignored.

    Raises Problem if it is cut off, changed, or unpacks to more than a preset may hold.
    """
    body = "".join(text.split()).removeprefix(TEXT_PREFIX)
    try:
        packed = base64.b64decode(body + "=" * (-len(body) % 4), altchars=b"-_", validate=True)
        unpacker = zlib.decompressobj()
        data = unpacker.decompress(packed, MAX_BYTES + 1)
    except (binascii.Error, zlib.error, ValueError) as error:
        raise _damaged_text() from error
    if len(data) <= MAX_BYTES and (not unpacker.eof or unpacker.unused_data):
        raise _damaged_text()
    return parse_preset(data, "The preset text")


def _damaged_text() -> Problem:
    return Problem("The preset text is damaged or cut off.", "Copy the whole line again.")


def _content(path: Path) -> Preset | Problem:
    try:
        return load_preset(path)
    except Problem as problem:
        return problem


def _schema_of(raw: Any, origin: str) -> int:
    schema = raw.get("schema") if isinstance(raw, dict) else None
    if not isinstance(schema, int) or isinstance(schema, bool) or schema < 1:
        raise Problem(f"{origin} is not a preset: it has no schema number.", f"Choose a {SUFFIX} file.")
    if schema > SCHEMA:
        raise Problem(
            f"{origin} was made by a newer Tunedial (preset schema {schema}; this one reads up to {SCHEMA}).",
            "Update Tunedial; the file was left untouched.",
        )
    return schema
