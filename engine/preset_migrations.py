"""The history of the preset format, and the way from each schema number to the next.

1   `knobs` and `base_weight` stood beside the name; there was no amount. The notes were called
    `description`, the tags were one string with commas.
2   `mix` holds knobs, base weight and amount; `notes`; `tags` is a list; `settings` and `requires`.

A migration takes the JSON object of its schema and returns that of the next. It may be handed
anything a user's file can hold: what is of the wrong kind is passed on for validation to name.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final

SCHEMA: Final = 2

_Object = dict[str, Any]


def _mix_of_its_own(preset: _Object) -> _Object:
    kept = {key: value for key, value in preset.items() if key in ("name", "author", "prompt")}
    mix = {key: preset[key] for key in ("knobs", "base_weight") if key in preset}
    tags = preset.get("tags", "")
    if isinstance(tags, str):
        tags = [tag.strip() for tag in tags.split(",") if tag.strip()]
    known = {"schema", "name", "author", "prompt", "knobs", "base_weight", "description", "tags"}
    unknown = {key: value for key, value in preset.items() if key not in known}
    return kept | {"tags": tags, "notes": preset.get("description", ""), "mix": mix} | unknown


MIGRATIONS: Mapping[int, Callable[[_Object], _Object]] = MappingProxyType({1: _mix_of_its_own})


def migrate(preset: _Object, schema: int) -> _Object:
    """The JSON object of a preset of number `schema` (1 to SCHEMA), as one of number SCHEMA."""
    for number in range(schema, SCHEMA):
        preset = MIGRATIONS[number](preset) | {"schema": number + 1}
    return preset
