import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from engine.codecs.metre import beat_length, card, find_metre, metre_codes, next_metre, onset_strength

BEATS, BARS = (16, 18, 20, 24, 28, 30, 32, 36, 40), (2, 3, 4, 5, 6)


def test_codes_count_the_frames_of_a_beat_and_the_beats_of_a_bar() -> None:
    codes = metre_codes(torch.arange(10), 3, 3, (3, 4), (2, 3))
    assert codes.tolist() == [[0, 1, 2, 0, 1, 2, 0, 1, 2, 0], [2, 2, 2, 3, 3, 3, 4, 4, 4, 2]]
    longer = metre_codes(torch.arange(10), 4, 2, (3, 4), (2, 3))
    assert longer.tolist() == [[3, 4, 5, 6, 3, 4, 5, 6, 3, 4], [0, 0, 0, 0, 1, 1, 1, 1, 0, 0]]


def test_a_code_tells_its_beat() -> None:
    assert [beat_length(code, (3, 4)) for code in range(8)] == [3, 3, 3, 4, 4, 4, 4, None]


def test_frames_before_the_bar_line_belong_to_the_bar_before() -> None:
    assert metre_codes(torch.arange(-3, 1), 3, 2, (3,), (2,)).tolist() == [[0, 1, 2, 0], [1, 1, 1, 0]]


@given(st.sampled_from(BEATS), st.sampled_from(BARS), st.integers(0, 200))
def test_each_frames_metre_follows_from_the_one_before(beat: int, bar: int, first: int) -> None:
    codes = metre_codes(torch.arange(first, first + 300), beat, bar, BEATS, BARS)
    found = codes[None].clone()
    found[..., 1:] = -1
    for frame in range(1, 300):
        for book in (0, 1):
            found[:, book, frame] = next_metre(found, book, frame, BEATS, BARS)
    assert torch.equal(found[0], codes)


def test_codes_that_stand_for_nothing_stay() -> None:
    nothing = torch.tensor([[[1023, 0], [1023, 0]]])
    assert next_metre(nothing, 0, 1, BEATS, BARS).tolist() == [1023]
    nothing[0, 0, 1] = 1023
    assert next_metre(nothing, 1, 1, BEATS, BARS).tolist() == [1023]


def test_no_two_lengths_share_a_code_and_the_largest_book_counts() -> None:
    seen = [set(metre_codes(torch.arange(240), beat, 4, BEATS, BARS)[0].tolist()) for beat in BEATS]
    assert [len(codes) for codes in seen] == list(BEATS)
    assert set().union(*seen) == set(range(sum(BEATS)))
    assert card(BEATS, BARS) == 244 and card((2,), BARS) == 20


def test_a_beat_without_codes_is_an_error() -> None:
    with pytest.raises(ValueError, match="not in"):
        metre_codes(torch.arange(4), 19, 4, BEATS, BARS)


@given(st.sampled_from(BEATS), st.integers(0, 159), st.integers(0, 2**32))
def test_beats_and_bar_lines_are_found(beat: int, line: int, seed: int) -> None:
    """Something begins on every beat, over noise, as seen a frame early; each bar has another chord."""
    line %= 4 * beat
    places = torch.arange(500) - line
    generator = torch.Generator().manual_seed(seed)
    mels = torch.rand(500, 16, generator=generator) / 5
    mels[(places % beat == beat - 1)] += 1
    chords = torch.rand(12, 24, generator=generator)
    found, first = find_metre(mels, chords[torch.div(places, 4 * beat, rounding_mode="floor")], BEATS)
    assert (found, first % (4 * beat)) == (beat, line)


def test_what_begins_is_seen_a_frame_early() -> None:
    mels = torch.tensor([0.0, 0, 0, 1, 3, 3, 2, 0])[:, None]
    assert onset_strength(mels).tolist() == [0.5, 0.5, 0, 0, 1, 2, 0, 0]


@pytest.mark.parametrize("frames", [1, 10, 500])
def test_without_a_beat_it_is_taken_to_be_120_a_minute(frames: int) -> None:
    beat, _ = find_metre(torch.zeros(frames, 4), torch.zeros(frames, 4), BEATS)
    assert beat == 24
