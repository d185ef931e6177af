import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.pair.viewport import CLOSEST_S, Viewport, following, lengthened, panned, placed, whole, zoomed

LENGTHS = st.floats(0.1, 600)
PARTS = st.floats(0, 1)


@given(LENGTHS, PARTS, PARTS, st.floats(0.01, 100), PARTS)
def test_a_zoom_stays_inside_and_keeps_its_place(length, start, span, factor, part):
    view = placed(whole(length), start * length, span * length)
    around = view.start + part * view.span
    closer = zoomed(view, factor, around)
    assert closer.start >= 0 and closer.end <= length + 1e-9
    assert CLOSEST_S <= closer.span <= length
    if factor > 1 and closer.span > CLOSEST_S:
        assert closer.x(around, 1000) == pytest.approx(view.x(around, 1000), abs=1e-3)


def test_pixels_and_times_are_inverse():
    view = Viewport(2.0, 4.0, 10.0)
    assert (view.x(3.0, 800), view.seconds(200, 800)) == (200, 3.0)


def test_panning_stops_at_the_ends():
    view = Viewport(2.0, 4.0, 10.0)
    assert panned(view, 1).start == 3
    assert panned(view, 99).start == 6
    assert panned(view, -99).start == 0


def test_a_view_of_all_stays_one_and_another_stays_where_it_is():
    assert lengthened(whole(3), 10) == whole(10)
    assert lengthened(Viewport(1, 2, 5), 10) == Viewport(1, 2, 10)
    assert lengthened(Viewport(4, 4, 10), 5) == Viewport(1, 4, 5)


def test_pages_are_turned():
    view = Viewport(0, 2, 10)
    assert following(view, 1.9) is view
    assert following(view, 2.1) == Viewport(2.1, 2, 10)
    assert following(view, 9.9) == Viewport(8, 2, 10)
