import numpy as np
import pytest
from scipy.linalg import sqrtm
from vibenet import load_model

from engine.frechet import frechet_distance
from engine.probe.timbre import SIZE
from tests.training.fixtures import DESCRIPTION
from training.starter.corpus.caption import Description
from training.starter.probe import answers, learn
from training.starter.report.features import PULSE_FOUND, Heard, hear, pulse
from training.starter.report.probes import drums_auc, family_accuracy


def test_frechet_distance_is_the_published_formula() -> None:
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((300, 6)), rng.standard_normal((200, 6)) @ rng.standard_normal((6, 6)) + 1
    cov_a, cov_b = np.cov(a.T), np.cov(b.T)
    root = sqrtm(cov_a @ cov_b).real
    expected = ((a.mean(0) - b.mean(0)) ** 2).sum() + np.trace(cov_a + cov_b - 2 * root)
    assert frechet_distance(a, b) == pytest.approx(expected, rel=1e-6)
    assert frechet_distance(a, a) == pytest.approx(0, abs=1e-9)


def test_a_click_track_has_a_pulse_and_a_drone_has_none() -> None:
    clicks = np.zeros(320_000, np.float32)
    clicks[::16_000] = 1
    time = np.arange(320_000) / 32_000
    assert pulse(clicks) > 2 * PULSE_FOUND
    assert pulse((0.1 * np.sin(2 * np.pi * 220 * time)).astype(np.float32)) < PULSE_FOUND
    assert pulse(np.zeros(320_000, np.float32)) == 0


def test_vibenets_values_are_vibenets() -> None:
    audio = np.random.default_rng(0).standard_normal(160_000).astype(np.float32) * 0.1
    heard = hear(audio)
    expected = load_model().predict([audio], 32_000)[0].to_dict()
    assert heard.values == pytest.approx(list(expected.values()), abs=1e-5)
    assert heard.deep.ndim == heard.timbre.ndim == 1


def described(rng: np.random.Generator, count: int) -> list[Description]:
    """Rock or jazz, piano or guitar, with drums or without."""
    return [
        DESCRIPTION.model_copy(
            update={
                "family": str(rng.choice(["rock", "jazz"])),
                "instruments": (
                    str(rng.choice(["piano", "acoustic guitar"])),
                    *(["drums"] if rng.random() < 0.5 else []),
                ),
            }
        )
        for _ in range(count)
    ]


def heard(rng: np.random.Generator, descriptions: list[Description]) -> list[Heard]:
    """Clips whose timbre tells family, instrument and drums, among as much that tells nothing."""
    clips = []
    for description in descriptions:
        told = [
            float(description.family == "rock"),
            float("piano" in description.instruments),
            float("drums" in description.instruments),
        ]
        timbre = np.concatenate([told, 0.3 * rng.standard_normal(SIZE - 3)])
        clips.append(Heard(np.zeros(7), np.zeros(3), timbre, 0.0))
    return clips


def test_probes_find_what_the_prompt_named_and_chance_in_clips_of_other_prompts() -> None:
    rng = np.random.default_rng(0)
    train_of, test_of = described(rng, 300), described(rng, 200)
    train, real = heard(rng, train_of), heard(rng, test_of)
    unrelated = heard(rng, described(rng, 200))
    probe = learn(np.stack([clip.timbre for clip in train]), [answers(one) for one in train_of])
    assert family_accuracy(probe, real, test_of) > 0.98
    assert family_accuracy(probe, unrelated, test_of) == pytest.approx(0.5, abs=0.1)
    assert drums_auc(probe, real, test_of) > 0.99
    assert drums_auc(probe, unrelated, test_of) == pytest.approx(0.5, abs=0.12)
