import numpy as np
import pytest
from scipy.signal import welch

from engine.audio import loudness, peak_db
from evaluation.listening.sound import CEILING_DB, TARGET_LUFS, at_level, common_level, spoilt

RATE = 32000
NOISE = np.random.default_rng(0).normal(0, 0.1, (2, 2 * RATE)).astype(np.float32)


def test_clips_are_brought_to_one_loudness():
    clips = [(NOISE, RATE), (NOISE * 0.1, RATE)]
    level = common_level(clips)
    assert level == TARGET_LUFS
    for audio, rate in clips:
        assert loudness(at_level(audio, rate, level), rate) == pytest.approx(TARGET_LUFS, abs=0.05)


def test_the_level_is_lower_where_a_clip_would_be_clipped():
    clicks = np.zeros((1, 2 * RATE), np.float32)
    clicks[:, ::4000] = 1.0
    clips = [(NOISE, RATE), (clicks, RATE)]
    level = common_level(clips)
    assert level < TARGET_LUFS
    levelled = [at_level(audio, rate, level) for audio, rate in clips]
    assert peak_db(levelled[1]) == pytest.approx(CEILING_DB, abs=0.05)
    assert loudness(levelled[0], RATE) == pytest.approx(level, abs=0.05)


def test_silence_has_no_level():
    assert common_level([(NOISE, RATE), (np.zeros((1, RATE), np.float32), RATE)]) is None


def test_a_spoilt_clip_is_dull_and_noisy():
    silence_between = NOISE * (np.arange(NOISE.shape[1]) < RATE)
    bad = spoilt(silence_between, RATE)
    assert bad.shape == NOISE.shape and bad.dtype == np.float32
    frequency, plain = welch(silence_between[0, :RATE], RATE)
    _, heard = welch(bad[0, :RATE], RATE)
    high = frequency > 2000
    assert 10 * np.log10(heard[high].mean() / plain[high].mean()) < -15
    assert np.abs(bad[:, RATE + 2000 :]).max() > 0, "noise where there was silence"
