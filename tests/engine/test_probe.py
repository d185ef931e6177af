"""The probe: which families a prompt names, and how probable they are for a timbre."""

from pathlib import Path

import numpy as np
import pytest

from engine.errors import Problem
from engine.paths import resources
from engine.probe.families import (
    CONFIG_FILE,
    WEIGHTS_FILE,
    Probe,
    ProbeConfig,
    load_probe,
    write_probe,
)
from engine.probe.timbre import RATE, SIZE, VERSION, timbre
from engine.prompts import read_prompts

FAMILIES = {"genre": ("jazz", "rock"), "instrument": ("drums", "guitar", "keys")}
WORDS = {
    "genre": {"jazz": "jazz", "rock": "rock", "jazz rock": "jazz"},
    "instrument": {
        "piano": "keys",
        "guitar": "guitar",
        "jazz guitar": "guitar",
        "bass": None,
        "drums": "drums",
    },
}


@pytest.fixture
def probe() -> Probe:
    """Knows rock by the first number of a timbre, keys by the second, guitars by the third."""
    weights = {"genre": np.zeros((2, SIZE)), "instrument": np.zeros((3, SIZE))}
    weights["genre"][1, 0] = weights["instrument"][2, 1] = weights["instrument"][1, 2] = 1
    questions = {name: (weight, np.zeros(len(weight))) for name, weight in weights.items()}
    config = ProbeConfig(timbre_version=VERSION, families=FAMILIES, words=WORDS)
    return Probe(config, np.zeros(SIZE), np.ones(SIZE), questions, "")


@pytest.mark.parametrize(
    ("prompt", "named"),
    [
        ("Rock, piano, guitar", {"genre": {"rock"}, "instrument": {"keys", "guitar"}}),
        ("rock, jazz guitar, bass", {"genre": {"rock"}, "instrument": {"guitar"}}),
        ("a jazz rock song with drums and piano", {"genre": {"jazz"}, "instrument": {"keys"}}),
        ("drums", {"instrument": {"drums"}}),
        ("rocking pianos", {}),
        ("", {}),
    ],
)
def test_a_prompt_names_families(probe: Probe, prompt: str, named: dict[str, set[str]]) -> None:
    assert probe.named(prompt) == named


def test_a_clip_fits_what_its_prompt_names(probe: Probe) -> None:
    timbres = np.zeros((4, SIZE))
    timbres[0, 0] = np.log(3)  # rock 3 : jazz 1
    timbres[1, 1] = np.log(6)  # keys 6 : guitar 1 : drums 1
    prompts = ["rock, bass", "jazz, piano, guitar", "waltz", "rock"]
    timbres[3] = np.nan
    assert probe.fit(prompts, timbres) == pytest.approx(
        [3 / 4, (1 / 2 + 7 / 8) / 2, np.nan, np.nan], nan_ok=True
    )
    assert probe.fit([], np.zeros((0, SIZE))).shape == (0,)


def test_it_comes_back_as_it_was_written(probe: Probe, tmp_path: Path) -> None:
    assert write_probe(probe, tmp_path) == sum(file.stat().st_size for file in tmp_path.iterdir())
    found = load_probe(tmp_path)
    timbres = np.random.default_rng(0).standard_normal((5, SIZE))
    assert found.config == probe.config and len(found.version) == 16
    assert np.allclose(
        found.fit(["rock, piano"] * 5, timbres), probe.fit(["rock, piano"] * 5, timbres), atol=1e-6
    )


@pytest.mark.parametrize(
    ("file", "content", "told"),
    [
        (CONFIG_FILE, None, "not there"),
        (WEIGHTS_FILE, None, "not there"),
        (CONFIG_FILE, b"{", "damaged"),
        (WEIGHTS_FILE, b"not tensors", "damaged"),
        (CONFIG_FILE, b'{"timbre_version": 0, "families": {}, "words": {}}', "version 0"),
        (
            CONFIG_FILE,
            f'{{"timbre_version": {VERSION}, "families": {{}}, "words": {{}}}}'.encode(),
            "not fit",
        ),
    ],
)
def test_what_is_wrong_is_told(
    probe: Probe, tmp_path: Path, file: str, content: bytes | None, told: str
) -> None:
    write_probe(probe, tmp_path)
    if content is None:
        (tmp_path / file).unlink()
    else:
        (tmp_path / file).write_bytes(content)
    with pytest.raises(Problem, match=told):
        load_probe(tmp_path)


def test_the_probe_that_ships_knows_what_the_prompts_that_ship_name() -> None:
    probe = load_probe(resources() / "probe")
    unknown = [
        prompt
        for prompt in read_prompts(None, "evaluation")
        if set(probe.named(prompt)) != {"genre", "instrument"}
    ]
    assert unknown == []
    assert probe.named("blues, jazz guitar, upright bass") == {"genre": {"blues"}, "instrument": {"guitar"}}


def test_timbre_tells_noise_from_a_tone_and_loud_from_soft() -> None:
    tone = np.sin(2 * np.pi * 440 * np.arange(2 * RATE) / RATE).astype(np.float32)
    noise = np.random.default_rng(0).standard_normal(2 * RATE).astype(np.float32)
    heard = [timbre(0.1 * clip) for clip in (tone, noise)]
    assert all(row.shape == (SIZE,) and np.isfinite(row).all() for row in heard)
    flatness = [row[60:67].mean() for row in heard]
    assert flatness[0] > flatness[1], "a tone stands out of its band"
    assert timbre(0.2 * noise)[0] > heard[1][0], "the first coefficient is the level"
    assert np.isfinite(timbre(np.zeros(RATE, np.float32))).all()
