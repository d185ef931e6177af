import pytest

from desktop.pair.grid import Grid
from desktop.pair.viewport import Viewport, whole

BEATS = Grid(tempo=120)


def drawn(grid, view, width):
    return [(round(line.seconds, 4), line.label, line.strong) for line in grid.lines(view, width)]


def test_bars_and_beats():
    assert drawn(BEATS, whole(4), 800)[:5] == [
        (0.0, "1", True),
        (0.125, "", False),
        (0.25, "", False),
        (0.375, "", False),
        (0.5, "1.2", False),
    ]
    strong = [line for line in drawn(BEATS, whole(4), 800) if line[2]]
    assert strong == [(0.0, "1", True), (2.0, "2", True), (4.0, "3", True)]


def test_far_away_only_bars_are_left():
    lines = drawn(BEATS, whole(600), 1000)
    assert all(strong for _, _, strong in lines)
    assert [label for _, label, _ in lines if label][:3] == ["1", "33", "65"]
    assert len(lines) <= 1000 / 14 + 1


def test_seconds_without_a_tempo():
    labels = [label for _, label, _ in drawn(Grid(), whole(100), 700) if label]
    assert labels[:4] == ["0:00", "0:10", "0:20", "0:30"]
    close = [label for _, label, _ in drawn(Grid(), Viewport(1, 0.1, 10), 700) if label]
    assert close[:3] == ["0:01.00", "0:01.01", "0:01.02"]


def test_a_first_beat_later_than_the_clip_has_no_lines_before_it_begins():
    grid = Grid(tempo=120, first=0.3)
    assert min(line.seconds for line in grid.lines(whole(4), 800)) >= 0
    assert (0.3, "1", True) in drawn(grid, whole(4), 800)


@pytest.mark.parametrize(("at", "to"), [(0.51, 0.5), (0.49, 0.5), (0.41, 0.41), (-0.01, 0.0), (3.999, 4.0)])
def test_snapping_goes_to_a_line_that_is_near(at, to):
    assert BEATS.snapped(at, whole(4), 400) == pytest.approx(to)


def test_close_up_it_snaps_to_sixteenths_and_far_away_to_bars():
    assert BEATS.snapped(0.124, Viewport(0, 1, 100), 1000) == pytest.approx(0.125)
    assert BEATS.snapped(7.9, whole(100), 1000) == 8.0


@pytest.mark.parametrize(
    ("grid", "seconds", "text"),
    [
        (BEATS, 0.0, "1.1.1"),
        (BEATS, 2.0, "2.1.1"),
        (BEATS, 2.63, "2.2.2"),
        (Grid(), 61.5, "1:01.500"),
        (Grid(120, first=0.5), 0.0, "0.4.1"),
    ],
)
def test_a_place_is_said_as_a_musician_says_it(grid, seconds, text):
    assert grid.place(seconds) == text
