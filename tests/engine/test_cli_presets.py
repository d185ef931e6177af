"""`presets`."""

import json

import pytest

from engine.cli import main
from engine.mix import Mix
from engine.paths import presets_dir
from engine.preset import AdapterNeed, Preset, Requires, export_preset, load_preset, save_preset, to_text

NIGHT = Preset(name="Night", author="Ada", tags=("slow",), mix=Mix(knobs={"energy": -3}), prompt="late jazz")


@pytest.fixture
def night():
    return save_preset(NIGHT)


def test_list_names_presets_and_what_cannot_be_read(night, capsys):
    (presets_dir() / "broken.tunedial").write_text("{")
    assert main(["presets", "list"]) == 0
    said = capsys.readouterr().out
    assert "Night  slow" in said
    assert "broken.tunedial" in said
    assert main(["presets", "list", "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["presets"]
    (good,) = [row for row in rows if row.get("name") == "Night"]
    (bad,) = [row for row in rows if "problem" in row]
    assert good == {"path": str(night), "factory": False, "name": "Night", "tags": ["slow"]}
    assert bad["path"].endswith("broken.tunedial")


def test_show_tells_the_mix(night, capsys):
    assert main(["presets", "show", "night"]) == 0
    said = capsys.readouterr().out
    for part in ("Night, by Ada", "energy -3", "base weight 5, amount 1", "prompt: late jazz", "tags: slow"):
        assert part in said


def test_show_as_json_is_the_preset(night, capsys):
    assert main(["presets", "show", str(night), "--json"]) == 0
    assert Preset.model_validate(json.loads(capsys.readouterr().out)) == NIGHT


def test_check_says_what_is_missing_here_and_exits_1(night, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("engine.packs.resources", lambda: tmp_path)
    assert main(["presets", "check", "Night"]) == 1
    assert "lowers Energy" in capsys.readouterr().out
    assert main(["presets", "check", "Night", "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["name"], told["model"], len(told["problems"])) == ("Night", "starter", 1)


def test_check_of_a_preset_that_has_all_it_needs_exits_0(capsys):
    save_preset(Preset(name="Plain", mix=Mix()))
    assert main(["presets", "check", "Plain"]) == 0
    assert "has all it needs" in capsys.readouterr().out


def test_check_names_another_base_model(capsys):
    need = AdapterNeed(metric="energy", direction="negative", sha256="ab" * 32)
    requires = Requires(base_model="big", pack="p", pack_version="1", adapters=(need,))
    save_preset(NIGHT.model_copy(update={"requires": requires}))
    assert main(["presets", "check", "Night"]) == 1
    assert "'big', not for 'starter'" in capsys.readouterr().out


@pytest.mark.parametrize("how", ["file", "text"])
def test_import_keeps_a_preset_and_replaces_only_if_asked(how, tmp_path, capsys):
    source = to_text(NIGHT) if how == "text" else str(export_preset(NIGHT, tmp_path / "n.tunedial"))
    assert main(["presets", "import", source]) == 0
    assert load_preset(presets_dir() / "Night.tunedial") == NIGHT
    assert main(["presets", "import", source]) == 2
    assert main(["presets", "import", source, "--replace"]) == 0


def test_export_writes_a_file_into_a_folder(night, tmp_path, capsys):
    assert main(["presets", "export", "Night", str(tmp_path)]) == 0
    assert load_preset(tmp_path / "Night.tunedial") == NIGHT


def test_export_as_text_prints_a_line_that_import_takes(night, tmp_path, capsys):
    assert main(["presets", "export", "Night", "--text"]) == 0
    line = capsys.readouterr().out.strip()
    night.unlink()
    assert main(["presets", "import", line]) == 0
    assert load_preset(night) == NIGHT


def test_an_unknown_preset_is_answered_with_the_closest(night, capsys):
    assert main(["presets", "show", "nihgt"]) == 2
    assert "Did you mean 'Night'?" in capsys.readouterr().err
