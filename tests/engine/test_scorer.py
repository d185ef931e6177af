"""What the starter scorer hears, and the towers that ship."""

from pathlib import Path

import numpy as np
import pytest

from engine.errors import Problem
from engine.measure import vibes_of
from engine.paths import resources
from engine.scorer.features import RATE, deep_size, hear, pack, unpack
from engine.scorer.towers import load_towers
from engine.windows import windows

NOISE = (0.1 * np.random.default_rng(0).standard_normal(12 * RATE)).astype(np.float32)


def test_windows_cover_the_clip_and_leave_silence_out() -> None:
    clip = np.arange(25, dtype=np.float32).repeat(100) + 1
    assert [w[0] for w in windows(clip, 100)] == [1, 8, 16]
    assert [len(w) for w in windows(clip, 100)] == [1000] * 3
    assert [len(w) for w in windows(clip[:300], 100)] == [300]
    assert windows(0 * clip, 100) == []


def test_features_are_vibenets_and_of_the_spectrum() -> None:
    heard = hear(NOISE[: 10 * RATE])
    expected = vibes_of(NOISE[: 10 * RATE])
    assert heard.vibes == pytest.approx(
        {name: value for name, value in expected.items() if value is not None}
    )
    assert heard.features.shape == (deep_size() + 3 * 128 + 90,)
    assert np.isfinite(hear(NOISE[: RATE // 2]).features).all()


def test_a_pulse_shows_at_its_lag() -> None:
    time = np.arange(10 * RATE) / RATE
    clicks = (NOISE[: len(time)] * np.exp(-30 * (time % 0.5))).astype(np.float32)
    pulse = hear(clicks).features[-90:]
    assert pulse[25 - 10] > 0.8, "25 frames of 20 ms are half a second"


def test_features_are_kept_as_text() -> None:
    features = hear(NOISE[: 3 * RATE]).features
    assert np.array_equal(unpack(pack(features)), features)


def test_the_towers_that_ship_are_small_and_fit_the_features() -> None:
    towers, sha256 = load_towers(resources() / "scorer")
    assert towers.config.features == deep_size() + 3 * 128 + 90
    assert len(sha256) == 64
    size = sum(file.stat().st_size for file in (resources() / "scorer").iterdir())
    assert size <= 15e6


@pytest.mark.parametrize(
    ("config", "weights", "told"),
    [
        (None, None, "not there"),
        ("{", b"", "damaged"),
        ('{"features": 4}', b"nothing", "damaged"),
        ('{"features": 4, "features_version": 0}', b"", "version 0"),
    ],
)
def test_what_cannot_be_loaded_is_told(
    config: str | None, weights: bytes | None, told: str, tmp_path: Path
) -> None:
    if config is not None and weights is not None:
        (tmp_path / "config.json").write_text(config)
        (tmp_path / "model.safetensors").write_bytes(weights)
    with pytest.raises(Problem, match=told):
        load_towers(tmp_path)
