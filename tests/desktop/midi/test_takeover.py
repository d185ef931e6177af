import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.midi.takeover import Takeover, knob_value, moved


def turned(positions, knob=0.0):
    """The knob after each position of the controller; it follows when it is told to."""
    takeover, values = Takeover(), []
    for position in positions:
        takeover, value = moved(takeover, position, knob)
        knob = knob if value is None else value
        values.append(value)
    return values


@pytest.mark.parametrize(
    ("position", "value"), [(0, -5), (32, -2.5), (64, 0), (127, 5), (65, 0.08), (63, -0.08)]
)
def test_the_middle_is_zero_and_the_ends_are_the_limits(position, value):
    assert knob_value(position) == value


def test_nothing_happens_until_the_knob_is_passed():
    assert turned([90, 80, 70, 60, 50]) == [None, None, None, knob_value(60), knob_value(50)]
    assert turned([20, 40, 100, 127]) == [None, None, knob_value(100), 5]


def test_coming_near_is_enough():
    assert turned([90, 65, 70]) == [None, 0.08, knob_value(70)]
    assert turned([64]) == [0]


def test_a_controller_at_the_knobs_end_takes_it():
    assert turned([120, 127, 100], knob=5.0) == [None, 5, knob_value(100)]


def test_a_knob_that_was_moved_otherwise_must_be_met_again():
    takeover, value = moved(Takeover(), 64, 0.0)
    assert value == 0
    takeover, value = moved(takeover, 70, 4.0)  # a preset moved the knob to 4
    assert value is None
    takeover, value = moved(takeover, 100, 4.0)
    assert value is None
    takeover, value = moved(takeover, 120, 4.0)
    assert value == knob_value(120)


@given(st.lists(st.integers(0, 127), min_size=1), st.floats(-5, 5))
def test_the_knob_never_jumps_by_more_than_the_controller(positions, knob):
    takeover, before = Takeover(), None
    for position in positions:
        takeover, value = moved(takeover, position, knob)
        if value is not None:
            step = 0.2 if before is None else abs(knob_value(position) - knob_value(before)) + 0.2
            assert abs(value - knob) <= step
            knob = value
        before = position
