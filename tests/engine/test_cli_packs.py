"""`packs`."""

import json
from pathlib import Path

import pytest

from engine.cli import main
from engine.packs import Card
from engine.paths import packs_dir
from tests.engine.random_pack import card_json, decoder_weights, tiny_config, write_pack


@pytest.fixture
def pack(tmp_path) -> Path:
    """A pack of one adapter that raises energy, not installed yet."""
    manifest = {"name": "loud", "version": "1.2", "author": "Ada"}
    weights = decoder_weights(tiny_config())
    return write_pack(tmp_path / "loud", weights, [("energy", "positive")], manifest=manifest)


def test_a_pack_is_installed_listed_shown_and_removed(pack, capsys):
    assert main(["packs", "install", str(pack)]) == 0
    assert str(packs_dir() / "loud") in capsys.readouterr().out
    assert main(["packs", "list"]) == 0
    assert "loud 1.2  for starter  1 adapter" in capsys.readouterr().out
    assert main(["packs", "show", "loud"]) == 0
    said = capsys.readouterr().out
    assert all(part in said for part in ("by Ada", "energy", "positive", "works: vibenet energy"))
    assert main(["packs", "remove", "loud"]) == 0
    assert not (packs_dir() / "loud").exists()


def test_json_tells_the_manifest_and_the_adapters(pack, capsys):
    assert main(["packs", "install", str(pack)]) == 0
    capsys.readouterr()
    assert main(["packs", "list", "--json"]) == 0
    (told,) = [row for row in json.loads(capsys.readouterr().out)["packs"] if row["name"] == "loud"]
    assert (told["version"], told["base_model"]) == ("1.2", "starter")
    (adapter,) = told["adapters"]
    assert (adapter["metric"], adapter["direction"]) == ("energy", "positive")
    found, written = (json.dumps(card) for card in (adapter["card"], card_json("energy", "positive")))
    assert Card.model_validate_json(found) == Card.model_validate_json(written)
    assert main(["packs", "show", "loud", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == told


def test_list_keeps_to_the_model_asked_for(pack, capsys):
    assert main(["packs", "install", str(pack)]) == 0
    capsys.readouterr()
    assert main(["packs", "list", "--model", "other", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == {"packs": []}


@pytest.mark.parametrize("words", [["show", "lod"], ["remove", "lod"], ["install", "nowhere.zip"]])
def test_a_pack_that_is_not_there_is_a_wrong_call(words, capsys):
    assert main(["packs", *words]) == 2
    assert words[1] in capsys.readouterr().err


def test_what_is_no_pack_is_refused_in_one_line(tmp_path, capsys):
    (tmp_path / "song.zip").write_bytes(b"not a zip")
    assert main(["packs", "install", str(tmp_path / "song.zip")]) == 1
    assert capsys.readouterr().err.count("\n") == 1
