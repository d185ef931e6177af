import numpy as np
import pytest

from engine.proxies import RATE
from evaluation.melody import CHROMA, chroma, chroma_similarity, kept_chroma

TIME = np.arange(4 * RATE) / RATE


def tones(*hertz: float) -> np.ndarray:
    """Notes of equal length, one after another."""
    each = len(TIME) // len(hertz)
    return np.concatenate([0.3 * np.sin(2 * np.pi * f * TIME[:each]) for f in hertz]).astype(np.float32)


def test_the_same_tune_in_another_octave_is_the_same_tune():
    tune = chroma(tones(220, 330, 440, 262))
    assert chroma_similarity(tune, chroma(tones(440, 660, 880, 524))) > 0.95
    assert chroma_similarity(tune, tune) == pytest.approx(1)


def test_another_tune_is_not():
    assert chroma_similarity(chroma(tones(220, 330)), chroma(tones(247, 370))) < 0.2


def test_the_pitch_class_is_the_tones():
    found = chroma(tones(440.0)).mean(axis=0)
    assert found.argmax() == 9 and found[9] > 0.95
    assert chroma(tones(440.0)).shape == (40, 12)


def test_silence_has_no_chroma_and_no_similarity():
    silence = np.zeros(len(TIME), np.float32)
    assert not chroma(silence).any()
    assert np.isnan(chroma_similarity(chroma(silence), chroma(tones(440))))


def test_chroma_are_kept_as_text():
    heard = CHROMA.hear(tones(440, 330)[None], None, RATE)
    assert kept_chroma(heard) == pytest.approx(chroma(tones(440, 330)), abs=1e-3)
