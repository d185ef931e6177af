"""Words for what was measured."""

import random

from engine.metrics import METRIC_IDS
from training.qualities import HINTS, bounds, qualities, spoken, word_of


def labels(**values: float | None) -> dict[str, float | None]:
    return dict.fromkeys(METRIC_IDS, 0.5) | values


def test_the_outer_quarters_are_named() -> None:
    limits = bounds([labels(energy=n / 10) for n in range(11)])
    assert limits["energy"] == (0.25, 0.75)
    assert qualities(labels(energy=0.8), limits) == {("energy", True)}
    assert qualities(labels(energy=0.1), limits) == {("energy", False)}
    assert qualities(labels(energy=0.5), limits) == frozenset()
    assert qualities(labels(energy=None), limits) == frozenset()


def test_the_metric_prompt_is_half_of_a_high_words_names() -> None:
    rng = random.Random(0)
    spoken = [word_of(("acousticness", True), rng) for _ in range(200)]
    assert 60 < spoken.count("acoustic song") < 140
    assert "acoustic song" not in {word_of(("acousticness", False), rng) for _ in range(200)}


def test_at_most_two_qualities_are_spoken_of() -> None:
    has = frozenset({("energy", True), ("tempo", False), ("liveness", True)})
    for n in range(20):
        words, named = spoken(has, random.Random(n))
        assert named <= has and 1 <= len(named) <= 2 and words


def test_each_metric_has_a_hint_up_and_down() -> None:
    assert len(set(HINTS)) == 2 * len(METRIC_IDS)
