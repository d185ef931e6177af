"""`evaluate report` on a tiny model and random adapters: made once, kept, and all there."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.cli import main
from engine.job import GenerationSettings
from engine.packs import load_pack
from evaluation.clips import HEARING, Heard, Listener, Wanted, hear_all, open_studio
from tests.engine import tiny
from tests.engine.random_pack import decoder_weights, write_pack
from tests.evaluation.test_files import Ears

BOTH = [("energy", "positive"), ("energy", "negative"), ("tempo", "positive")]


def hum(audio: np.ndarray, codes: Any, rate: int) -> dict[str, Any]:
    """Cheap stand-in for all that a report hears."""
    values = [float(x) for x in np.abs(audio).reshape(-1)[:16]]
    return {"labels": {}, "first": values, "codes": int(codes.sum())}


@pytest.fixture(scope="module")
def pack_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("report")
    model = tiny.mono()
    folder = tiny.save(model, place / "model")
    return write_pack(
        place / "pack", decoder_weights(model.config.decoder), BOTH, base_model=str(folder.resolve())
    )


def heard(pack: Path, wanted: list[Wanted], *listeners: Listener) -> Any:
    studio = open_studio(load_pack(pack), GenerationSettings(seconds=1))
    for step in hear_all(studio, wanted, 1, listeners):
        if not isinstance(step, Heard):
            return step
    raise AssertionError


def test_another_listener_hears_what_was_made_before(
    pack_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    wanted = [Wanted("rock guitar", 1), Wanted("rock guitar", 1, (("energy", 5.0),))]
    first = heard(pack_folder, wanted, Listener("hum-1", hum))
    monkeypatch.setattr("engine.batch.make_clips", lambda *_: pytest.fail("made again"))
    second = heard(pack_folder, wanted, Listener("hum-2", hum), Listener("hum-1", hum))
    for clip in wanted:
        assert second[clip]["hum-2"] == second[clip]["hum-1"] == first[clip]["hum-1"]
    assert first[wanted[0]]["hum-1"]["codes"] != first[wanted[1]]["hum-1"]["codes"]


def test_clips_are_made_in_other_processes_too(pack_folder: Path) -> None:
    wanted = [Wanted(prompt, 5, (("tempo", 2.5),)) for prompt in ("loud", "slow")]
    studio = open_studio(load_pack(pack_folder), GenerationSettings(seconds=1))
    *steps, found = hear_all(studio, wanted, 2, [Listener("hum-1", hum)])
    assert steps[-1] == Heard(2, 2)
    assert found.keys() == set(wanted)


def test_a_clip_whose_codes_are_torn_is_made_again(pack_folder: Path) -> None:
    wanted = [Wanted("jazz piano", 3)]
    before = heard(pack_folder, wanted, Listener("hum-1", hum))
    studio = open_studio(load_pack(pack_folder), GenerationSettings(seconds=1))
    (file,) = (studio.folder / "codes").glob("*/*.npy")
    file.write_bytes(file.read_bytes()[:-10])
    assert (
        heard(pack_folder, wanted, Listener("hum-2", hum))[wanted[0]]["hum-2"] == (before[wanted[0]]["hum-1"])
    )


def test_the_report_is_whole_and_made_once(
    pack_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("evaluation.scorers.open_scorer", lambda name: Ears())
    monkeypatch.setattr("evaluation.report.POLICY_PROMPTS", 1)
    (tmp_path / "prompts.txt").write_text("rock guitar\njazz piano\n")
    call = ["evaluate", "report", "--pack", str(pack_folder), "--prompts", str(tmp_path / "prompts.txt")]
    call += ["--seconds", "3", "--workers", "1", "--out", str(tmp_path / "out"), "--scorer", "ears", "--json"]
    assert main(call) == 0
    found = json.loads(capsys.readouterr().out)
    assert (found["clips"], found["scorer"]["name"], found["seeds"]) == (8, "ears", [1])
    assert [row["metric"] for row in found["scored"]["rows"]] == ["energy", "tempo"]
    assert {row["model"] for row in found["positive_prompts"]} == {"base", "energy+", "tempo+"}
    assert {row["model"] for row in found["negative_prompts"]} == {"base", "energy-"}
    assert [d["extractor"] for d in found["distributions"]] == ["vibenet", "scorer:ears"]
    assert [(row["metric"], row["value"]) for row in found["policy"]] == [
        ("energy", 2.5),
        ("energy", 5.0),
        ("tempo", 2.5),
        ("tempo", 5.0),
        ("energy", -2.5),
        ("energy", -5.0),
    ]
    weak, strong = (row["kl"]["mean"] for row in found["policy"][:2])
    assert 0 < weak < strong
    out = tmp_path / "out"
    assert {path.name for path in (out / "audio").iterdir()} == {
        "base.ogg",
        "energy-positive.ogg",
        "energy-negative.ogg",
        "tempo-positive.ogg",
    }
    assert "data:audio/ogg" in (out / "report.html").read_text()
    assert (out / "figures" / "heat-positive.png").is_file()

    monkeypatch.setattr("evaluation.clips._hear", lambda *_: pytest.fail("heard again"))
    assert main(call) == 0
    again = json.loads(capsys.readouterr().out)
    changing = {"created", "seconds"}
    assert {k: v for k, v in again.items() if k not in changing} == {
        k: v for k, v in found.items() if k not in changing
    }

    (tmp_path / "answers.json").write_text('{"raters": 5}')
    redraw = ["evaluate", "report", "--from", str(out / "report.json"), "--out", str(tmp_path / "again")]
    assert main([*redraw, "--listening", str(tmp_path / "answers.json")]) == 0
    page = (tmp_path / "again" / "report.html").read_text()
    assert "Listening test" in page and "data:audio/ogg" in page
    assert (tmp_path / "again" / "audio" / "base.ogg").is_file()
    (tmp_path / "dose.json").write_text('{"values": [], "metrics": {"energy": {}}}')
    assert main([*redraw, "--dose", str(tmp_path / "dose.json")]) == 2
    assert "no doses of this version" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        ([], 2, "What is to be reported?"),
        (["--pack", "nowhere"], 2, "There is no pack called 'nowhere'"),
        (["--pack", "PACK", "--scorer", "laion/clap-htsat-unfused"], 1, "not on this computer"),
        (["--pack", "PACK", "--features", "pann"], 2, "no feature extractor called 'pann'"),
        (["--pack", "PACK", "--seeds", "x"], 2, "different numbers"),
    ],
)
def test_wrong_calls(
    pack_folder: Path,
    words: list[str],
    code: int,
    told: str,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if "--scorer" not in words:
        monkeypatch.setattr("evaluation.scorers.open_scorer", lambda name: Ears())
    words = [str(pack_folder) if word == "PACK" else word for word in words]
    assert main(["evaluate", "report", *words]) == code
    assert told in capsys.readouterr().err


def test_hearing_is_named_by_its_version() -> None:
    assert HEARING.name.startswith("hearing-")
