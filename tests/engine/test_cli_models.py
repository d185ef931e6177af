"""`models` and `doctor`."""

import json

import pytest

from engine import catalog, doctor
from engine.catalog import ModelRef
from engine.cli import main
from engine.doctor import Check, examine
from engine.errors import Problem


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """A hub with one model, in place of the network."""
    folder = tmp_path / "fetched"
    folder.mkdir()
    (folder / "model.safetensors").write_bytes(bytes(3 * 2**20))
    fetched = ModelRef("facebook/musicgen-small", folder, "hub", "CC-BY-NC-4.0")
    monkeypatch.setattr(catalog, "get_model", lambda ref: fetched)
    return fetched


def test_get_shows_the_license_before_it_downloads(hub, monkeypatch, capsys):
    shown_before = []

    def get_model(ref: ModelRef) -> ModelRef:
        shown_before.append(capsys.readouterr().err)
        return hub

    monkeypatch.setattr(catalog, "get_model", get_model)
    assert main(["models", "get", "facebook/musicgen-small"]) == 0
    assert "CC-BY-NC-4.0" in shown_before[0]
    assert str(hub.folder) in capsys.readouterr().out


def test_get_tells_the_model_as_json(hub, capsys):
    assert main(["models", "get", "facebook/musicgen-small", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == {
        "id": "facebook/musicgen-small",
        "folder": str(hub.folder),
        "source": "hub",
        "license": "CC-BY-NC-4.0",
        "mib": 3,
    }


def test_list_names_each_model_and_its_license(hub, monkeypatch, capsys):
    monkeypatch.setattr(catalog, "list_models", lambda: [hub])
    assert main(["models", "list"]) == 0
    said = capsys.readouterr().out
    assert all(part in said for part in (hub.id, "CC-BY-NC-4.0", "3 MiB", str(hub.folder)))
    assert main(["models", "list", "--json"]) == 0
    assert [model["id"] for model in json.loads(capsys.readouterr().out)["models"]] == [hub.id]


def test_a_model_that_is_not_here_cannot_be_removed(capsys):
    assert main(["models", "remove", "facebook/musicgen-small"]) == 2
    assert "models list" in capsys.readouterr().err


def test_the_doctor_names_what_it_looked_at():
    names = {check.name for check in examine()}
    assert {"Python", "torch", "memory", "disk", "starter model", "text encoder", "audio files"} <= names


def test_the_doctor_says_how_to_get_only_what_is_missing():
    for check in examine():
        assert bool(check.todo) != check.ok, check


def test_the_doctor_tells_that_the_starter_is_missing(monkeypatch):
    def find_model(name: str) -> ModelRef:
        raise Problem("It is gone.", "Get it.")

    monkeypatch.setattr(doctor, "find_model", find_model)
    (check,) = [check for check in examine() if check.name == "starter model"]
    assert check == Check("starter model", False, "It is gone.", "Get it.")


@pytest.mark.parametrize(("needed", "code"), [(True, 1), (False, 0)])
def test_doctor_fails_only_for_what_is_needed(needed, code, monkeypatch, capsys):
    monkeypatch.setattr(doctor, "examine", lambda: [Check("thing", False, "missing", "Get it.", needed)])
    assert main(["doctor"]) == code
    assert "Get it." in capsys.readouterr().out
    assert main(["doctor", "--json"]) == code
    told = json.loads(capsys.readouterr().out)
    assert told == {
        "checks": [{"name": "thing", "ok": False, "found": "missing", "todo": "Get it.", "needed": needed}]
    }
