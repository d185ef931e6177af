from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from desktop.pair.peaks import BIN, Pyramid


def pushed(samples, pieces=1):
    pyramid = Pyramid(samples.shape[0])
    for piece in np.array_split(samples, pieces, axis=1):
        pyramid.push(piece)
    return pyramid


def noise(length, channels=1, seed=0):
    return np.random.default_rng(seed).uniform(-1, 1, (channels, length)).astype(np.float32)


def test_a_pixel_of_few_samples_is_exact():
    samples = np.array([[0, 1, -2, 3, 5, -1, 0, 4]], np.float32)
    peaks = pushed(samples).peaks(samples, 0, 8, 4)
    assert peaks.least.tolist() == [[0, -2, -1, 0]]
    assert peaks.greatest.tolist() == [[1, 3, 5, 4]]
    assert peaks.rms == pytest.approx(np.sqrt([[0.5, 6.5, 13, 8]]))


def test_pixels_beside_the_clip_are_silent():
    samples = np.array([[1, 1, 1, 1]], np.float32)
    peaks = pushed(samples).peaks(samples, -4, 8, 6)
    assert peaks.greatest.tolist() == [[0, 0, 1, 1, 0, 0]]
    assert peaks.rms.tolist() == [[0, 0, 1, 1, 0, 0]]


def test_an_empty_clip_shows_nothing():
    samples = np.zeros((2, 0), np.float32)
    peaks = Pyramid(2).peaks(samples, 0, 1000, 3)
    assert peaks.least.tolist() == peaks.rms.tolist() == [[0, 0, 0], [0, 0, 0]]


@given(
    length=st.integers(1, 40_000),
    pieces=st.integers(1, 9),
    start=st.floats(-1000, 40_000),
    span=st.floats(1, 60_000),
    pixels=st.integers(1, 50),
)
def test_no_peak_is_missed_and_none_comes_from_far(length, pieces, start, span, pixels):
    samples = noise(length, seed=length)
    peaks = pushed(samples, pieces).peaks(samples, start, start + span, pixels)
    edges = np.linspace(start, start + span, pixels + 1)
    reach = max(1.0, span / pixels / 2)
    for pixel, (left, right) in enumerate(pairwise(edges)):
        inside = samples[0, max(0, int(np.floor(left))) : max(0, int(np.ceil(right)))]
        around = samples[0, max(0, int(np.floor(left - reach))) : max(0, int(np.ceil(right + reach)))]
        if len(inside) == 0:
            assert peaks.greatest[0, pixel] == peaks.least[0, pixel] == 0
            continue
        assert inside.max() <= peaks.greatest[0, pixel] <= around.max()
        assert around.min() <= peaks.least[0, pixel] <= inside.min()


def test_pieces_make_no_difference():
    samples = noise(100_003, channels=2)
    at_once, in_pieces = pushed(samples), pushed(samples, 37)
    for span in (1000, 30_000, 100_003):
        one = at_once.peaks(samples, 17, 17 + span, 40)
        other = in_pieces.peaks(samples, 17, 17 + span, 40)
        assert np.array_equal(one.least, other.least)
        assert np.array_equal(one.greatest, other.greatest)
        np.testing.assert_allclose(one.rms, other.rms, rtol=1e-6)


def test_whole_pixels_of_whole_bins_are_exact_at_every_level():
    samples = noise(BIN * 4**4 * 8)
    pyramid = pushed(samples, 11)
    for width in (BIN * 2, BIN * 8, BIN * 32, BIN * 4**4 * 2):
        columns = samples.reshape(-1, width)
        peaks = pyramid.peaks(samples, 0, samples.shape[1], len(columns))
        assert np.array_equal(peaks.least[0], columns.min(axis=1))
        assert np.array_equal(peaks.greatest[0], columns.max(axis=1))
        np.testing.assert_allclose(peaks.rms[0], np.sqrt(np.square(columns).mean(axis=1)), rtol=1e-5)


def test_a_clip_shows_its_last_samples_while_it_grows():
    samples = noise(100_000)
    samples[0, -1] = 9
    peaks = pushed(samples).peaks(samples, 0, 100_000, 10)
    assert peaks.greatest[0, -1] == 9


def test_what_was_not_pushed_is_not_searched_for():
    """A file that was just opened is there at once, and its pyramid is not: the view must not stall."""
    samples = noise(10_000_000)
    peaks = Pyramid(1).peaks(samples, 0, samples.shape[1], 100)
    assert peaks.greatest[0, 0] > 0.9
    assert not peaks.greatest[0, 60:].any()
