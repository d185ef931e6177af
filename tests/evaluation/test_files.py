"""`evaluate score` and `compare` on files good and bad, with a scorer that costs nothing."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.audio import write_audio
from engine.cli import main
from evaluation.clips import Listener

RATE = 8000
RNG = np.random.default_rng(0)
CALLS: list[int] = []


def loudness_and_brightness(audio: np.ndarray, codes: Any, rate: int) -> dict[str, Any]:
    CALLS.append(audio.shape[1])
    if not audio.any():
        return {"vector": None}
    return {"vector": [float(np.abs(audio).mean()), float(np.abs(np.diff(audio)).mean())]}


class Ears:
    """A scorer of two dimensions: "loud" and "bright"."""

    name, version, scale = "ears", "1", 10.0

    def listener(self) -> Listener:
        return Listener("ears-1", loudness_and_brightness)

    def embed(self, kept: Sequence[Any]) -> np.ndarray:
        rows = [np.full(2, np.nan) if k["vector"] is None else np.array(k["vector"]) for k in kept]
        return np.stack([row / np.linalg.norm(row) for row in rows])

    def embed_texts(self, texts: Sequence[str]) -> np.ndarray:
        return np.array([[1.0, 0.0] if text == "loud" else [0.0, 1.0] for text in texts])


@pytest.fixture(autouse=True)
def _ears(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("evaluation.scorers.open_scorer", lambda name: Ears())
    monkeypatch.setattr("evaluation.extractors.open_scorer", lambda name: Ears())
    CALLS.clear()


def noise(path: Path, level: float = 0.1) -> Path:
    path.parent.mkdir(exist_ok=True)
    write_audio(path, (level * RNG.standard_normal((1, 3 * RATE))).astype(np.float32), RATE)
    return path


def run(*words: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, Any, str]:
    code = main(["evaluate", *words, "--json"])
    told = capsys.readouterr()
    return code, json.loads(told.out) if told.out else None, told.err


def test_files_are_scored_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files = [noise(tmp_path / "music" / f"{n}.wav") for n in range(4)]
    words = ("score", str(tmp_path / "music"), "--text", "loud", "--text", "bright")
    code, found, _ = run(*words, capsys=capsys)
    assert code == 0
    assert [row["file"] for row in found["files"]] == [str(file) for file in files]
    loud, bright = found["means"]
    assert bright["mean"] > loud["mean"] and loud["interval"][0] <= loud["mean"] <= loud["interval"][1]
    heard = len(CALLS)
    files[0].rename(tmp_path / "music" / "renamed.wav")
    assert run(*words, capsys=capsys)[0] == 0
    assert len(CALLS) == heard == 4, "kept by content"


def test_one_clip_says_that_it_has_no_interval(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found, _ = run("score", str(noise(tmp_path / "a.wav")), "--text", "loud", capsys=capsys)
    assert (code, found["means"][0]["n"], found["means"][0]["interval"]) == (0, 1, None)
    assert main(["evaluate", "score", str(tmp_path / "a.wav"), "--text", "loud"]) == 0
    assert "no interval" in capsys.readouterr().out.replace("\n", " ")


def test_silence_has_no_score_and_no_nan(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    noise(tmp_path / "in" / "a.wav")
    noise(tmp_path / "in" / "silence.wav", level=0)
    code, found, _ = run("score", str(tmp_path / "in"), "--text", "loud", capsys=capsys)
    assert code == 0
    assert [row["scores"][0] is None for row in found["files"]] == [False, True]
    assert found["means"][0]["n"] == 1


def test_what_cannot_be_read_is_told_and_the_rest_is_scored(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    noise(tmp_path / "in" / "a.wav")
    (tmp_path / "in" / "broken.wav").write_bytes(b"RIFF....")
    code, found, told = run("score", str(tmp_path / "in"), capsys=capsys)
    assert (code, len(found["files"]), len(found["texts"])) == (0, 1, 13)
    assert "left out: " in told and "broken.wav" in told
    (tmp_path / "in" / "a.wav").unlink()
    code, found, told = run("score", str(tmp_path / "in"), capsys=capsys)
    assert (code, found) == (1, None) and "None of the files could be read" in told


def test_an_empty_folder_is_a_wrong_call(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "in").mkdir()
    code, _, told = run("score", str(tmp_path / "in"), capsys=capsys)
    assert code == 2 and "There is no audio in" in told


def test_folders_are_compared_and_pairs_found_by_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for n in range(5):
        noise(tmp_path / "real" / f"{n}.wav")
        noise(tmp_path / "made" / f"{n + 2}.wav", 0.3)
    words = ("compare", str(tmp_path / "real"), str(tmp_path / "made"), "--features", "scorer:ears")
    code, found, _ = run(*words, capsys=capsys)
    assert code == 0
    assert (found["reference_clips"], found["clips"], found["pairs"]) == (5, 5, 3)
    assert found["fad"]["value"] >= 0 and found["inception"]["value"] >= 1 and found["kl"]["value"] >= 0
    assert 0 <= found["chroma"]["mean"] <= 1
    itself = ("compare", str(tmp_path / "real"), str(tmp_path / "real"), "--features", "scorer:ears")
    same = run(*itself, capsys=capsys)[1]
    assert same["fad"]["value"] == pytest.approx(0, abs=1e-9)
    assert (same["kl"]["value"], same["chroma"]["mean"]) == (0, 1)


def test_one_clip_has_no_distance(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for side in ("real", "made"):
        noise(tmp_path / side / "a.wav")
    words = ("compare", str(tmp_path / "real"), str(tmp_path / "made"), "--features", "scorer:ears")
    found = run(*words, capsys=capsys)[1]
    assert found["fad"] == {"value": None, "interval": None}
    assert found["kl"]["interval"] is None
