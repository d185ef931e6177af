import json

import pytest
from pydantic import ValidationError

from engine.errors import Problem
from engine.job import Job
from engine.mix import Mix
from engine.recipe import MAX_BYTES, AdapterRecord, ModelRecord, Recipe, parse_recipe, recipe_json


@pytest.fixture
def recipe() -> Recipe:
    return Recipe(
        job=Job(prompt="jazz, piano", mix=Mix(knobs={"energy": 5})),
        model=ModelRecord(id="starter", source="bundled", license="GPL-3.0-or-later", sha256="ab" * 32),
        weights={"base": 0.5, "energy": 0.5},
        adapters=(
            AdapterRecord(
                metric="energy", direction="positive", pack="starter", version="1", sha256="cd" * 32
            ),
        ),
        torch_version="2.13.0",
        device="cpu",
        sample_rate=32000,
    )


def test_a_recipe_survives_json(recipe):
    assert parse_recipe(recipe_json(recipe), "x") == recipe


def test_a_recipe_carries_its_schema_number_and_a_time_with_its_zone(recipe):
    written = json.loads(recipe_json(recipe))
    assert written["schema"] == 1
    assert written["created"].endswith("Z")
    with pytest.raises(ValidationError, match="created"):
        Recipe.model_validate(written | {"created": "2026-01-01T00:00:00"})


@pytest.mark.parametrize(
    ("change", "named"),
    [({"schema": 2}, "schema"), ({"extra": 1}, "extra"), ({"sample_rate": 0}, "sample_rate")],
)
def test_an_unknown_schema_or_field_is_refused_by_name(recipe, change, named):
    text = json.dumps(json.loads(recipe_json(recipe)) | change)
    with pytest.raises(Problem, match=rf"^a\.json does not hold a recipe.*\({named}:"):
        parse_recipe(text, "a.json")


@pytest.mark.parametrize("text", ["", "{", "[]", "\x00\xff", "{}"])
def test_what_is_no_recipe_is_refused(text):
    with pytest.raises(Problem, match="does not hold a recipe"):
        parse_recipe(text, "a.json")


def test_an_endless_recipe_is_refused():
    with pytest.raises(Problem, match="too large"):
        parse_recipe(" " * (MAX_BYTES + 1), "a.json")
