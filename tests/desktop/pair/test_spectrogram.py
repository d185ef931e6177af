import numpy as np
import pytest

from desktop.pair.spectrogram import BANDS, FLOOR_DB, HOP, LOWEST_HZ, Spectrogram

RATE = 32_000


def sine(frequency, seconds=1.0, level=1.0):
    time = np.arange(round(seconds * RATE)) / RATE
    return (level * np.sin(2 * np.pi * frequency * time)).astype(np.float32)[None]


def image(samples, pixels=20, pieces=1):
    spectrogram = Spectrogram(RATE)
    for piece in np.array_split(samples, pieces, axis=1):
        spectrogram.push(piece)
    return spectrogram.image(0, samples.shape[1], pixels)


def row_of(frequency):
    return BANDS - 1 - int(np.log(frequency / LOWEST_HZ) / np.log(16_000 / LOWEST_HZ) * BANDS)


@pytest.mark.parametrize("frequency", [110, 440, 1000, 7000])
def test_a_tone_is_brightest_in_its_band(frequency):
    shown = image(sine(frequency))[:, 10]
    assert abs(int(shown.argmax()) - row_of(frequency)) <= 2


def test_values_are_decibels():
    loud, quiet = (int(image(sine(1000, level=level))[:, 10].max()) for level in (1.0, 0.1))
    assert loud == pytest.approx(255, abs=4)
    assert loud - quiet == pytest.approx(-20 / FLOOR_DB * 255, abs=2)


def test_silence_is_black():
    assert not image(np.zeros((2, RATE), np.float32)).any()


def test_pieces_make_no_difference():
    noise = np.random.default_rng(0).normal(0, 0.1, (2, 100_000)).astype(np.float32)
    assert np.array_equal(image(noise, 200), image(noise, 200, pieces=37))


def test_zoomed_out_a_click_is_still_seen():
    samples = np.zeros((1, 4**4 * HOP * 8), np.float32)
    samples[0, 300_000] = 1
    assert image(samples, pixels=8).max(axis=0).astype(bool).tolist() == [
        pixel == 300_000 // (4**4 * HOP) for pixel in range(8)
    ]


def test_what_has_not_come_in_is_black():
    spectrogram = Spectrogram(RATE)
    assert not spectrogram.image(0, 1000, 4).any()
    spectrogram.push(sine(440, 1.0))
    shown = spectrogram.image(0, 2 * RATE, 20)
    assert shown[:, :9].max(axis=0).all() and not shown[:, 11:].any()
