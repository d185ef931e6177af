"""`measure`."""

import json
from pathlib import Path

import pytest

from engine import measure
from engine.cli import main
from engine.errors import Problem
from engine.measure import Measurement

FOUND = Measurement(
    acousticness=0.25,
    danceability=0.5,
    energy=None,
    instrumentalness=0.1,
    liveness=0.1,
    speechiness=0.1,
    valence=0.75,
    tempo=120.04,
    tempo_confidence=0.9,
    key="A minor",
    key_confidence=0.8,
    loudness=-14.26,
    duration=10.0,
)


@pytest.fixture
def files(tmp_path, monkeypatch) -> dict[str, str]:
    """A file that can be measured and one that cannot."""

    def measured(path: Path) -> Measurement:
        if path.stem == "bad":
            raise Problem(f"{path} could not be read.", "Convert it.")
        return FOUND

    monkeypatch.setattr(measure, "measure", measured)
    for name in ("good", "bad"):
        (tmp_path / f"{name}.wav").touch()
    return {name: str(tmp_path / f"{name}.wav") for name in ("good", "bad")}


def test_a_file_is_measured_line_by_line(files, capsys):
    assert main(["measure", files["good"]]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == [files["good"]]
    for line in (
        ["acousticness", "0.25"],
        ["energy", "-"],
        ["loudness", "-14.3", "LUFS"],
        ["duration", "10.0", "s"],
    ):
        assert line in lines
    assert ["tempo", "120.0", "bpm,", "confidence", "0.90"] in lines
    assert ["key", "A", "minor,", "confidence", "0.80"] in lines


def test_json_is_one_object_with_a_row_for_each_file(files, capsys):
    assert main(["measure", files["good"], files["good"], "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["files"]
    assert rows == [{"file": files["good"], **FOUND.to_json()}] * 2


def test_a_file_that_cannot_be_measured_does_not_stop_the_others(files, capsys):
    assert main(["measure", files["bad"], files["good"], "--json"]) == 1
    out, err = capsys.readouterr()
    bad, good = json.loads(out)["files"]
    assert bad == {"file": files["bad"], "problem": f"{files['bad']} could not be read. Convert it."}
    assert good["valence"] == 0.75
    assert "could not be read" in err


def test_a_file_that_is_not_there_is_a_wrong_call(files, capsys):
    assert main(["measure", files["good"], "nowhere.wav"]) == 2
    assert capsys.readouterr().out == ""
