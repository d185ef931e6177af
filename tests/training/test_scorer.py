"""The starter scorer's training: words for what was measured, which captions fit, and what is found again."""

import random

import numpy as np
import pytest
import torch

from engine.metrics import METRIC_IDS
from engine.scorer.towers import Towers, TowersConfig, load_towers
from training.starter.corpus.caption import Description
from training.starter.scorer.retrieval import rank_area, retrieval
from training.starter.scorer.train import Examples, ScorerPlan, contrast, fits, train, write_towers
from training.starter.scorer.windows import Window
from training.starter.scorer.words import Caption, captions_of

RNG = np.random.default_rng(0)


def window(genre: str = "jazz", split: str = "train", **labels: float | None) -> Window:
    description = Description(
        genre=genre,
        family=genre,
        instruments=("piano", "drums"),
        tempo=120,
        voice="none",
        audience=False,
        varied=True,
    )
    values = dict.fromkeys(METRIC_IDS, 0.5) | labels
    return Window(split, True, description, np.zeros(4, np.float32), values)


def test_captions_say_what_sounds_and_what_was_measured() -> None:
    plain, words, both = captions_of(window(), frozenset({("energy", True)}), random.Random(0))
    assert plain.described and not plain.qualities
    assert (words.described, words.qualities) == (False, {("energy", True)})
    assert both.described and both.qualities == {("energy", True)}
    assert words.text in both.text or "energetic" in both.text + words.text
    assert all(not c.qualities for c in captions_of(window(), frozenset(), random.Random(0)))


JAZZ, HAPPY, ROCK_HAPPY = (
    Caption("jazz", frozenset(), True),
    Caption("happy", frozenset({("valence", True)}), False),
    Caption("rock, happy", frozenset({("valence", True)}), True),
)


def examples() -> Examples:
    """Windows a (jazz, happy), b (jazz, happy) and c (rock, happy)."""
    return Examples(
        torch.from_numpy(RNG.normal(size=(3, 4)).astype(np.float32)),
        torch.tensor([0, 0, 1]),
        torch.tensor([[True, False]] * 3),
        [[JAZZ], [HAPPY], [ROCK_HAPPY]],
        {
            c.text: torch.from_numpy(RNG.normal(size=384).astype(np.float32))
            for c in (JAZZ, HAPPY, ROCK_HAPPY)
        },
        {("valence", True): 0, ("energy", True): 1},
    )


def test_which_captions_fit_is_the_matrix_that_is_drawn() -> None:
    found = fits(examples(), torch.arange(3), [JAZZ, HAPPY, ROCK_HAPPY])
    assert found.int().tolist() == [[1, 1, 0], [1, 1, 0], [0, 1, 1]]


def test_the_contrast_of_one_right_pair_is_the_cross_entropy() -> None:
    logits = torch.tensor([[2.0, 0.0], [1.0, 3.0]])
    target = torch.arange(2)
    expected = (
        torch.nn.functional.cross_entropy(logits, target)
        + torch.nn.functional.cross_entropy(logits.T, target)
    ) / 2
    assert contrast(logits, torch.eye(2)) == pytest.approx(float(expected))
    assert contrast(torch.zeros(3, 3), torch.ones(3, 3)) == pytest.approx(np.log(3))


def test_training_brings_right_pairs_together_and_is_the_same_twice(tmp_path) -> None:
    plan = ScorerPlan(steps=60, rows=3, dropout=0.0, noise=0.0)
    runs = [[(loss, towers) for _, loss, towers in train(examples(), plan)] for _ in range(2)]
    losses = [[loss for loss, _ in run] for run in runs]
    assert losses[0][-1] < losses[0][0] - 0.1
    towers = runs[0][-1][1]
    assert write_towers(towers, tmp_path) < 15e6
    loaded, _ = load_towers(tmp_path)
    features = torch.randn(2, 4)
    with torch.no_grad():
        assert torch.allclose(loaded.embed_audio(features), towers.eval().embed_audio(features), atol=0.02)
        assert loaded.embed_audio(features).norm(dim=-1) == pytest.approx([1, 1], abs=1e-5)


def test_towers_start_from_nothing_the_same() -> None:
    assert Towers(TowersConfig(features=4)).scale.exp().item() == pytest.approx(1 / 0.07, rel=1e-4)


def test_retrieval_by_hand() -> None:
    scores = np.array([[0.9, 0.1, 0.2], [0.5, 0.4, 0.3], [0.1, 0.2, 0.2]])
    found = retrieval(scores)
    assert found["r_at_1"] == pytest.approx(1 / 3), "ranks 1, 2 and 1.5"
    assert (found["r_at_10"], found["median_rank"]) == (1.0, 1.5)
    assert retrieval(np.zeros((5, 5)))["median_rank"] == 3.0, "scores that are all the same find nothing"


def test_the_rank_area_by_hand() -> None:
    high = np.array([True, True, False, False])
    assert rank_area(np.array([3.0, 2.0, 1.0, 0.0]), high) == 1.0
    assert rank_area(np.array([0.0, 2.0, 1.0, 2.0]), high) == 0.375
