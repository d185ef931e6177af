import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.audio_prompt.stretch import LEAST_S, between, grabbed, shifted
from desktop.state import Span


def test_an_end_that_crosses_the_other_becomes_the_beginning() -> None:
    assert between(4.0, 6.5, 10.0) == Span(4.0, 6.5)
    assert between(4.0, 1.0, 10.0) == Span(1.0, 4.0)


def test_a_stretch_is_never_shorter_than_a_tenth_of_a_second_nor_outside() -> None:
    assert between(4.0, 4.01, 10.0) == Span(4.0, 4.1)
    assert between(9.98, 20.0, 10.0) == Span(9.9, 10.0)
    assert between(0.0, 3.0, 0.05) == Span(0.0, 0.05)


def test_a_shifted_stretch_keeps_its_length_and_stops_at_the_ends() -> None:
    assert shifted(Span(2.0, 5.0), 1.5, 10.0) == Span(3.5, 6.5)
    assert shifted(Span(2.0, 5.0), 99.0, 10.0) == Span(7.0, 10.0)
    assert shifted(Span(2.0, 5.0), -99.0, 10.0) == Span(0.0, 3.0)


@pytest.mark.parametrize(
    ("pressed", "moved", "found"),
    [
        (2.1, 1.0, Span(1.0, 5.0)),  # near the beginning: it moves
        (4.9, 8.0, Span(2.0, 8.0)),  # near the end
        (3.5, 4.5, Span(3.0, 6.0)),  # inside: all of it moves
        (8.0, 8.0, Span(2.0, 8.0)),  # outside: the nearer end comes
        (0.5, 0.5, Span(0.5, 5.0)),
    ],
)
def test_what_is_grabbed_depends_on_where(pressed: float, moved: float, found: Span) -> None:
    assert grabbed(Span(2.0, 5.0), pressed, 0.2, 10.0)(moved) == found


def test_in_a_stretch_that_is_all_of_the_file_another_begins() -> None:
    assert grabbed(Span(0.0, 10.0), 3.0, 0.2, 10.0)(6.0) == Span(3.0, 6.0)


@given(st.floats(0.01, 4000), st.data())
def test_whatever_is_dragged_stays_in_the_file(length: float, data: st.DataObject) -> None:
    inside = st.floats(0, length)
    span = between(data.draw(inside), data.draw(inside), length)
    found = grabbed(span, data.draw(inside), 0.1, length)(data.draw(st.floats(-length, 2 * length)))
    assert 0 <= found.start < found.end <= length + 1e-9
    assert found.end - found.start >= min(LEAST_S, length) - 1e-6
