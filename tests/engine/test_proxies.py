"""Each proxy, on sounds whose answer is known."""

import numpy as np
import pytest

from engine.proxies import (
    PROXIES,
    RATE,
    chroma_of,
    cleanness,
    contrast,
    popularity,
    proxies_of,
    recurrence,
    spectrum_of,
    tonal_clarity,
)

TIME = np.arange(8 * RATE) / RATE
NOISE = np.random.default_rng(0).standard_normal(len(TIME)) * 0.1
VIBES = {"danceability": 0.8, "valence": 0.6, "acousticness": 0.1, "instrumentalness": 0.3}


def tones(*hertz: float) -> np.ndarray:
    return sum(0.2 * np.sin(2 * np.pi * f * TIME) for f in hertz)


def spectrum(audio: np.ndarray) -> np.ndarray:
    return spectrum_of(audio.astype(np.float32))


def test_a_tone_lies_in_its_pitch_class():
    assert chroma_of(spectrum(tones(440.0))).mean(0).argmax() == 9
    assert chroma_of(spectrum(tones(261.63))).mean(0).argmax() == 0


def test_a_major_chord_is_clearer_than_a_cluster_and_noise():
    chord = tonal_clarity(spectrum(tones(261.63, 329.63, 392.0)))
    cluster = tonal_clarity(spectrum(tones(261.63, 277.18, 369.99, 392.0, 415.3)))
    assert chord > 0.7 > cluster
    assert chord > tonal_clarity(spectrum(NOISE))


def test_a_loop_recurs_and_a_stream_of_new_notes_does_not():
    rng = np.random.default_rng(1)
    notes = 220 * 2 ** (rng.integers(0, 24, 32) / 12)
    steps = (TIME * 4).astype(int)
    loop = 0.3 * np.sin(2 * np.pi * notes[:8][steps % 8] * TIME)
    stream = 0.3 * np.sin(2 * np.pi * notes[steps % 32] * TIME)
    assert recurrence(spectrum(loop)) > recurrence(spectrum(stream)) + 0.2


def test_contrast_is_of_seconds_that_differ():
    steady = spectrum(NOISE)
    changing = spectrum(NOISE * np.where(TIME.astype(int) % 2, 1.0, 0.05))
    assert contrast(changing) > contrast(steady) + 0.3


def test_clipping_and_noise_lower_cleanness():
    clean = tones(220.0, 440.0, 660.0) * np.exp(-4 * (TIME % 0.5))
    squashed = np.clip(20 * tones(220.0, 440.0, 660.0), -0.5, 0.5)
    values = [cleanness(spectrum(audio), audio.astype(np.float32)) for audio in (clean, squashed, NOISE)]
    assert values[0] > values[2] > values[1]
    assert values[0] > 0.7


def test_popularity_is_the_mean_of_its_parts():
    assert popularity(VIBES) == pytest.approx((0.8 + 0.6 + 0.9 + 0.7) / 4)
    assert popularity(VIBES | {"valence": None}) is None


def test_all_lie_between_0_and_1_and_silence_has_none():
    found = proxies_of(NOISE.astype(np.float32), VIBES)
    assert set(found) == set(PROXIES)
    assert all(value is not None and 0 <= value <= 1 for value in found.values())
    assert proxies_of(np.zeros(8 * RATE, np.float32), VIBES) == dict.fromkeys(PROXIES)
