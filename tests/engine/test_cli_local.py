"""The command line with the local backend and small random models: a prompt becomes files that replay."""

import json
import os
from pathlib import Path

import pytest

from engine.cli import main
from engine.commands.common import open_backend
from engine.packs import install
from engine.take import read_take
from tests.engine import tiny
from tests.engine.random_pack import write_pack


@pytest.fixture(scope="module")
def model(tmp_path_factory) -> Path:
    return tiny.save(tiny.mono(), tmp_path_factory.mktemp("model") / "mono")


@pytest.fixture
def pack(model, tmp_path):
    """An installed pack for the model that moves energy either way."""
    weights = dict(tiny.mono().state_dict())
    install(write_pack(tmp_path / "random", weights, base_model=str(model), size=0.5))


def generate(model: Path, out: Path, *words: str) -> int:
    options = ["--model", str(model), "--seconds", "1", "--seed", "7", "--out", str(out)]
    return main(["generate", "jazz piano", *options, *words])


def test_with_the_knobs_at_0_both_files_are_the_same_bytes(model, tmp_path, capsys):
    assert generate(model, tmp_path / "take", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert Path(told["base"]).read_bytes() == Path(told["tuned"]).read_bytes()
    assert told["weights"] == {"base": 1.0}
    assert told["timing"]["first_audio_s"] > 0


def test_a_turned_knob_changes_the_tuned_clip_only(model, pack, tmp_path):
    assert generate(model, tmp_path / "plain") == 0
    assert generate(model, tmp_path / "turned", "--set", "energy=5") == 0
    plain, turned = read_take(tmp_path / "plain"), read_take(tmp_path / "turned")
    assert (plain.base == turned.base).all()
    assert (turned.base != turned.tuned).any()
    assert [used.metric for used in turned.recipe.adapters] == ["energy"]


@pytest.mark.parametrize("file", ["base.wav", "tuned.wav"])
def test_a_wav_replays_to_identical_files(file, model, pack, tmp_path, capsys):
    assert generate(model, tmp_path / "take", "--set", "energy=-4") == 0
    assert main(["replay", str(tmp_path / "take" / file), "--out", str(tmp_path / "again")]) == 0
    first, second = read_take(tmp_path / "take"), read_take(tmp_path / "again")
    assert (first.base == second.base).all()
    assert (first.tuned == second.tuned).all()
    assert "may differ" not in capsys.readouterr().err


def test_a_knob_without_an_adapter_is_a_wrong_call(model, tmp_path, capsys):
    assert generate(model, tmp_path / "take", "--set", "energy=3") == 2
    assert "energy" in capsys.readouterr().err
    assert not (tmp_path / "take").exists()


@pytest.mark.parametrize(
    ("name", "code", "said"),
    [("nowhere", 2, "no model called 'nowhere'"), ("facebook/musicgen-small", 1, "tunedial models get")],
)
def test_a_model_that_is_not_here_says_how_to_get_it(name, code, said, tmp_path, capsys):
    assert generate(Path(name), tmp_path / "take") == code
    assert said in capsys.readouterr().err


def test_threads_wait_without_spinning_unless_told_otherwise(monkeypatch):
    monkeypatch.delenv("OMP_WAIT_POLICY")
    open_backend("local")
    assert os.environ["OMP_WAIT_POLICY"] == "PASSIVE"
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    open_backend("local")
    assert os.environ["OMP_WAIT_POLICY"] == "ACTIVE"


def test_bench_runs_on_a_folder(model, capsys):
    assert main(["bench", str(model), "--seconds", "1", "--runs", "1", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["seconds_per_audio_second"] > 0
    assert told["first_audio_s"] > 0
