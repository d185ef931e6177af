"""What the probe still hears of a caption in variants of a song."""

import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from engine.metrics import METRIC_IDS
from engine.probe.families import Probe, ProbeConfig
from engine.probe.timbre import SIZE, VERSION
from tests.training.fixtures import DESCRIPTION, rendering
from training.data.counterfactual import Cut
from training.starter.__main__ import starter
from training.starter.kept import Sound, alike, kept


def probe_of_jazz() -> Probe:
    """P(jazz) is the logistic function of the first number of a timbre."""
    config = ProbeConfig(
        timbre_version=VERSION, families={"genre": ("jazz", "rock")}, words={"genre": {"jazz": "jazz"}}
    )
    weight = np.zeros((2, SIZE))
    weight[0, 0] = 1.0
    return Probe(config, np.zeros(SIZE), np.ones(SIZE), {"genre": (weight, np.zeros(2))}, "")


def sound(chance: float, energy: float) -> Sound:
    timbre = np.zeros(SIZE)
    timbre[0] = np.log(chance / (1 - chance))
    return Sound(timbre, {**dict.fromkeys(METRIC_IDS), "energy": energy})


def couple(seed: int, axis: str = "live") -> tuple[Cut, Cut]:
    """A song and a variant of it."""
    song = rendering(600, name=f"{seed}_0", seed=seed)
    return Cut(song, 0, 500), Cut(song.model_copy(update={"name": f"{seed}_1", "axis": axis}), 0, 500)


def test_it_is_the_share_of_what_was_heard_by_axis_and_by_metric() -> None:
    couples = [couple(n, "live" if n < 12 else "mode") for n in range(24)]
    heard = {}
    for n, (song, variant) in enumerate(couples):
        chance = 0.8 if n % 2 else 0.4
        live = variant.rendering.axis == "live"
        heard[song] = sound(chance, energy=0.0)
        heard[variant] = sound(chance * (0.75 if live else 1.0), energy=float(live))
    found = kept(probe_of_jazz(), couples, heard)
    assert found["axes"]["live"]["kept"] == pytest.approx(0.75)
    assert found["axes"]["mode"]["kept"] == pytest.approx(1.0)
    energy = found["metrics"]["energy"]
    assert energy["up"]["kept"] == pytest.approx(0.75)
    assert energy["up"]["moved"] == pytest.approx(1 / np.std([0.0] * 36 + [1.0] * 12))
    lost = [0.1, 0.2] * 6
    assert energy["up"]["error"] == pytest.approx(np.std(lost, ddof=1) / np.sqrt(12) / 0.6, rel=0.2)
    assert energy["down"] is None and found["metrics"]["tempo"]["up"] is None


def test_variants_of_other_instruments_do_not_count() -> None:
    plain, other = couple(1)
    without = other.rendering.model_copy(
        update={"description": DESCRIPTION.model_copy(update={"instruments": ("piano",)})}
    )
    assert alike([(plain, other), (plain, Cut(without, 0, 500))]) == [(plain, other)]


def test_the_command_listens_to_songs_and_their_variants(tmp_path: Path) -> None:
    (tmp_path / "audio").mkdir()
    (tmp_path / "songs").mkdir()
    for seed in range(10):
        song = rendering(520, name=f"{seed}_0", seed=seed)
        variant = song.model_copy(update={"name": f"{seed}_1", "axis": "intensity"})
        (tmp_path / "songs" / f"{seed:06d}.json").write_text(
            json.dumps([one.model_dump() for one in (song, variant)])
        )
        noise = np.random.default_rng(seed).standard_normal((2, song.samples)) * 3000
        np.save(tmp_path / "audio" / f"{song.name}.npy", noise.astype(np.int16))
        np.save(tmp_path / "audio" / f"{variant.name}.npy", noise.astype(np.int16))
    ran = CliRunner().invoke(starter, ["kept", "--corpus", str(tmp_path), "--json"])
    assert ran.exit_code == 0, ran.output
    axes = json.loads(ran.stdout)["axes"]
    assert axes == {"intensity": {"couples": 10, "kept": 1.0, "error": 0.0}}, "the same sound keeps all"
