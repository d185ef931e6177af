"""Dose and response: the figures on clips that were never made, and the command on a tiny model."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.adapters import WEIGHTS_FILE
from engine.cli import main
from engine.files import sha256_of
from engine.metrics import METRIC_IDS
from engine.packs import load_pack
from evaluation.cards import write_cards
from evaluation.clips import HEARING, Wanted
from evaluation.dose import (
    VALUES,
    clips_to_hear,
    mixing,
    mixture_clips,
    mixtures,
    recommended_range,
    report,
    tellable,
    turnable,
    verdict_of,
)
from tests.engine import tiny
from tests.engine.random_pack import decoder_weights, write_pack

PROMPTS = [f"prompt {n}" for n in range(20)]
SEEDS = [1, 2]


def heard_as(response: dict[str, float], seed: int = 0, noise: float = 0.05, lost: float = 0.01) -> Any:
    """What would be heard if each unit of a knob moved metrics by `response` and `lost` so much prompt."""
    rng = np.random.default_rng(seed)
    centres = {prompt: rng.normal(0.5, 0.1) for prompt in PROMPTS}

    def hear(clip: Wanted) -> dict[str, Any]:
        turned = sum(value for _, value in clip.knobs)
        labels = {
            name: centres[clip.prompt] + response.get(name, 0.0) * turned + rng.normal(0, noise)
            for name in METRIC_IDS
        }
        return {
            "labels": labels,
            "opinions": {"energy": labels["energy"]},
            "scored": 0.8 + rng.normal(0, 0.02),
            "probed": centres[clip.prompt] * (1 - lost * abs(turned)),
            "faults": [],
        }

    return hear


def dose_of(
    response: dict[str, float], metric: str = "energy", values: tuple[float, ...] = (-5, -2.5, 2.5, 5)
):
    knobs = {metric: values}
    hear = heard_as(response)
    heard = {clip: hear(clip) for clip in clips_to_hear(PROMPTS, SEEDS, knobs)}
    return report(PROMPTS, SEEDS, knobs, heard)


def test_a_knob_that_works_is_told_so() -> None:
    dose = dose_of({"energy": 0.05, "valence": -0.02}).metrics["energy"]
    assert dose.verdict == "works"
    assert dose.means[0] < dose.means[2] < dose.means[4]
    assert all(low <= mean <= high for mean, (low, high) in zip(dose.means, dose.ci95, strict=True))
    assert (dose.spearman, dose.proxy) == (1.0, False)
    assert max(dose.p_up, dose.p_down) < 0.001
    assert dose.span_sd == pytest.approx(10 * 0.05 / 0.11, rel=0.25)
    assert dose.cross_talk["valence"] < -1 < abs(dose.cross_talk["tempo"]) + 1
    assert dose.adherence == pytest.approx((0.95, 0.975, 1.0, 0.975, 0.95))
    assert dose.adherence_ratio == pytest.approx(0.95)
    assert dose.adherence_ci95[0] == pytest.approx((0.95, 0.95)), "of pairs that all keep 0.95"
    assert dose.adherence_scored == pytest.approx((1, 1, 1, 1, 1), abs=0.1)
    assert dose.second_opinion is not None and dose.second_opinion.agrees
    assert dose.recommended == (-5.0, 5.0)
    assert dose.adherence[2] == 1.0 and dose.adherence_ratios == (dose.adherence[0], dose.adherence[4])


def test_a_knob_that_leaves_the_prompt_is_weak() -> None:
    knobs = {"energy": (-5.0, -2.5, 2.5, 5.0)}
    hear = heard_as({"energy": 0.05}, lost=0.03)
    heard = {clip: hear(clip) for clip in clips_to_hear(PROMPTS, SEEDS, knobs)}
    dose = report(PROMPTS, SEEDS, knobs, heard).metrics["energy"]
    assert (dose.adherence_ratio, dose.verdict) == (pytest.approx(0.85), "weak")
    untold = {clip: {**one, "probed": float("nan")} for clip, one in heard.items()}
    dose = report(PROMPTS, SEEDS, knobs, untold).metrics["energy"]
    assert (dose.adherence, dose.verdict) == (dose.adherence_scored, "works"), "then the scorer says it"
    assert dose.adherence_ci95 == (None, None)


def test_too_few_prompts_tell_nothing() -> None:
    assert not tellable(11, 13) and tellable(12, 13) and tellable(8, 1)
    knobs = {"energy": (-5.0, -2.5, 2.5, 5.0)}
    hear = heard_as({"energy": 0.05})
    heard = {clip: hear(clip) for clip in clips_to_hear(PROMPTS[:7], SEEDS, knobs)}
    assert report(PROMPTS[:7], SEEDS, knobs, heard).metrics["energy"].verdict == "not measured"


def test_a_knob_without_effect_is_told_so() -> None:
    dose = dose_of({}).metrics["energy"]
    assert dose.verdict == "no effect"
    assert max(dose.p_up, dose.p_down) > 0.01


def test_a_knob_of_one_side_has_no_means_on_the_other() -> None:
    dose = dose_of({"energy": 0.05}, values=(2.5, 5)).metrics["energy"]
    assert dose.means[:2] == (None, None)
    assert (dose.p_down, dose.verdict) == (1.0, "weak")


def test_the_recommended_range_ends_where_something_is_lost() -> None:
    rising, kept, fine = np.arange(5.0), [1.0] * 5, [False] * 5
    assert recommended_range(rising, kept, fine) == (-5.0, 5.0)
    assert recommended_range(rising, [1.0, 1.0, 1.0, 1.0, 0.8], fine) == (-5.0, 2.5)
    assert recommended_range(rising, kept, [False, True, False, False, False]) == (0.0, 5.0)
    assert recommended_range(np.array([0.0, 1.0, 2.0, 1.5, 3.0]), kept, fine) == (-5.0, 0.0)
    assert recommended_range(np.array([np.nan, 1.0, 2.0, 3.0, np.nan]), [None] * 5, fine) == (-2.5, 2.5)


def test_every_bar_counts() -> None:
    good = {"rank": 1.0, "p_up": 0.001, "p_down": 0.001, "span": 1.5, "adherence": 0.95, "faults": 0}
    assert verdict_of(**good) == "works"
    for change in ({"p_up": 0.02}, {"span": 0.9}, {"adherence": 0.8}, {"faults": 1}, {"rank": 0.7}):
        assert verdict_of(**(good | change)) == "weak", change
    assert verdict_of(**(good | {"p_up": 0.5, "p_down": 0.5})) == "no effect"
    assert verdict_of(**(good | {"rank": -1.0})) == "no effect"


def test_two_knobs_move_both_or_are_named() -> None:
    pairs = [("energy", "valence"), ("danceability", "energy")]
    heard = {
        clip: {HEARING.name: heard_as({"energy": 0.02, "danceability": 0.02, "valence": -0.02})(clip)}
        for clip in mixture_clips(PROMPTS, SEEDS, pairs)
    }
    found = mixing(PROMPTS, SEEDS, pairs, heard)
    assert (found["pairs"], found["share_right"]) == (2, 0.5)
    assert found["failed"] == [{"knobs": ["energy", "valence"], "wrong": ["valence"]}]


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    model = tiny.mono()
    folder = tiny.save(model, tmp_path / "model")
    both = [("energy", "positive"), ("energy", "negative"), ("tempo", "positive")]
    weights = decoder_weights(model.config.decoder)
    return write_pack(tmp_path / "pack", weights, both, base_model=str(folder.resolve()))


def test_what_a_pack_can_turn(pack: Path) -> None:
    found = load_pack(pack)
    assert turnable(found, METRIC_IDS) == {"energy": (-5.0, -2.5, 2.5, 5.0), "tempo": (2.5, 5.0)}
    assert mixtures(found) == [("energy", "tempo")]


def test_the_command_measures_resumes_and_writes_cards(
    pack: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "prompts.txt").write_text("rock guitar\njazz piano\n# no prompt\nslow bass\n")
    call = ["evaluate", "dose", "--pack", str(pack), "--prompts", str(tmp_path / "prompts.txt")]
    call += ["--seconds", "3", "--metric", "energy", "--json", "--cards"]
    assert main(call) == 0
    first = json.loads(capsys.readouterr().out)
    assert (len(first["prompts"]), first["seeds"], first["values"]) == (3, [1, 2], list(VALUES))
    wanted = "estimator proxy means ci95 spearman p_up p_down span_sd adherence_ratio second_opinion verdict"
    assert set(wanted.split()) <= set(first["metrics"]["energy"])
    card = load_pack(pack).adapters["energy", "negative"].card
    assert card is not None
    assert [point.mean for point in card.doses] == first["metrics"]["energy"]["means"]
    assert card.verdict == first["metrics"]["energy"]["verdict"]
    assert list(card.recommended or ()) == first["metrics"]["energy"]["recommended"]
    monkeypatch.setattr("engine.batch.make_clips", lambda *_: pytest.fail("played again"))
    assert main(call) == 0
    assert json.loads(capsys.readouterr().out) == first


def test_zero_is_the_base(pack: Path) -> None:
    clips = clips_to_hear(["jazz"], [1], {"energy": (-5.0, 5.0), "tempo": (5.0,)})
    assert [clip.knobs for clip in clips] == [
        (),
        (("energy", -5.0),),
        (("energy", 5.0),),
        (("tempo", 5.0),),
    ]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--pack", "nowhere"], "There is no pack called 'nowhere'"),
        (["--seeds", "1,1"], "different numbers"),
        (["--metric", "rating"], "has no adapter for that"),
    ],
)
def test_wrong_calls(pack: Path, words: list[str], told: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", "dose", "--pack", str(pack), *words]) == 2
    assert told in capsys.readouterr().err


def test_cards_keep_what_training_wrote(pack: Path) -> None:
    before = load_pack(pack).adapters["energy", "positive"].card
    assert write_cards(load_pack(pack), dose_of({"energy": 0.05})) == 2
    after = load_pack(pack).adapters["energy", "positive"].card
    assert before is not None and after is not None
    assert after.trained_on == before.trained_on
    assert after.measured_sha256 == sha256_of(pack / "energy" / "positive" / WEIGHTS_FILE)
    assert after.cross_talk.keys() == set(METRIC_IDS) - {"energy"}
