import json
import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import CallProblem
from engine.metrics import METRIC_IDS
from engine.mix import Mix, weights

knobs = st.dictionaries(st.sampled_from(METRIC_IDS), st.floats(-5, 5))


def test_weights_of_the_worked_example():
    # b = 5, |s| = 3 and 2: the sum is 10
    assert weights(Mix(knobs={"energy": 3, "valence": -2})) == {"base": 0.5, "energy": 0.3, "valence": 0.2}


@given(knobs, st.floats(0.1, 100))
def test_weights_are_shares_of_the_base_weight_and_the_absolute_values(values, base_weight):
    got = weights(Mix(knobs=values, base_weight=base_weight))
    total = Fraction(base_weight) + sum(abs(Fraction(value)) for value in values.values())
    assert got.pop("base") == pytest.approx(float(Fraction(base_weight) / total))
    assert got == {
        name: pytest.approx(float(abs(Fraction(value)) / total)) for name, value in values.items() if value
    }


@given(knobs)
def test_a_mix_survives_json(values):
    mix = Mix(knobs=values, amount=0.7)
    assert Mix.model_validate_json(mix.model_dump_json()) == mix


def test_a_knob_at_zero_is_left_out():
    assert json.loads(Mix(knobs={"energy": 0.0, "valence": 1}).model_dump_json())["knobs"] == {"valence": 1.0}


@pytest.mark.parametrize(
    ("mix", "neutral"),
    [
        (Mix(), True),
        (Mix(knobs={"energy": 0}), True),
        (Mix(knobs={"energy": -0.0}), True),
        (Mix(knobs={"energy": 5}, amount=0), True),
        (Mix(knobs={"energy": 1}), False),
    ],
)
def test_a_mix_is_neutral_if_nothing_is_turned(mix, neutral):
    assert mix.neutral is neutral


@pytest.mark.parametrize("value", [5.01, -6, math.nan, math.inf, -math.inf])
def test_a_knob_out_of_range_is_refused_by_name(value):
    with pytest.raises(CallProblem, match=r"The knob 'energy' cannot be set to .*from -5 to 5"):
        Mix(knobs={"energy": value})


def test_an_unknown_knob_is_refused_with_the_closest_name():
    with pytest.raises(CallProblem, match="Did you mean 'valence'"):
        Mix(knobs={"valance": 1})


def test_the_knobs_of_a_mix_cannot_be_changed():
    with pytest.raises(TypeError):
        Mix(knobs={"energy": 1}).knobs["energy"] = 2
