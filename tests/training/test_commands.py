import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.training.fixtures import TINY, random_network, write_codec, write_corpus
from training.starter import __main__ as command
from training.starter import checkpoint
from training.starter.lm.tokens import tokens_folder


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The options that name a small corpus and a run with a small codec."""
    monkeypatch.setattr("training.starter.codec.train.StemCodecConfig", lambda: TINY)
    write_corpus(tmp_path / "corpus")
    return ["--corpus", str(tmp_path / "corpus"), "--run", str(tmp_path / "run")]


def test_help_lists_the_steps_in_their_order() -> None:
    shown = CliRunner().invoke(command.starter, ["--help"]).output
    steps = [
        "corpus",
        "codec",
        "decoder",
        "splitter",
        "tokens",
        "lm",
        "export",
        "report",
        "scorer",
        "probe",
        "kept",
    ]
    places = [shown.index(f"python -m training.starter {step}") for step in steps]
    assert places == sorted(places)
    assert set(steps) == set(command.starter.commands)


def test_codec_decoder_and_splitter_are_trained(folders: list[str], tmp_path: Path) -> None:
    for step in ("codec", "decoder", "splitter"):
        run = CliRunner().invoke(command.starter, [step, *folders, "--steps", "1"])
        assert run.exit_code == 0, run.output
    saved = {path.name for path in (tmp_path / "run").glob("*.pt")}
    assert saved == {"codec.pt", "decoder.pt", "splitter.pt"}
    state = checkpoint.load(tmp_path / "run" / "codec.pt")
    assert state is not None and state["step"] == 1


def test_tokens_are_made(folders: list[str], tmp_path: Path) -> None:
    write_codec(tmp_path / "run", random_network())
    run = CliRunner().invoke(command.starter, ["tokens", *folders, "--workers", "1"])
    assert run.exit_code == 0, run.output
    assert len(list(tokens_folder(tmp_path / "corpus", tmp_path / "run").iterdir())) == 3


def test_what_is_missing_is_one_line_and_exit_code_1(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["starter", "export", "--run", str(tmp_path)])
    with pytest.raises(SystemExit) as stop:
        command.main()
    assert stop.value.code == 1
    assert capsys.readouterr().err.splitlines() == [
        f"Error: There is no codec in {tmp_path}. Train it first: python -m training.starter codec"
    ]
