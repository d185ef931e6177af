import numpy as np
import pytest
import soundfile

from desktop.player.loudness import LoudnessMeter, matching_gains
from engine.audio import loudness
from tests.desktop.paths import STARTER_CLIPS


def measured(samples, rate, pieces=1):
    meter = LoudnessMeter(rate, samples.shape[0])
    for piece in np.array_split(samples, pieces, axis=1):
        meter.push(piece)
    return meter.loudness()


def sine(frequency, seconds, rate, level=1.0, channels=1):
    time = np.arange(round(seconds * rate)) / rate
    return np.tile((level * np.sin(2 * np.pi * frequency * time)).astype(np.float32), (channels, 1))


@pytest.mark.parametrize("rate", [32_000, 44_100, 48_000])
def test_a_full_scale_sine_of_997_hz_measures_what_the_standard_says(rate):
    """ITU-R BS.1770-4, annex 1: 0 dBFS in one channel reads -3.01 LUFS; in both, 3 dB more."""
    assert measured(sine(997, 5, rate), rate) == pytest.approx(-3.01, abs=0.02)
    assert measured(sine(997, 5, rate, channels=2), rate) == pytest.approx(0.0, abs=0.02)


def test_silence_between_notes_is_gated():
    """EBU Tech 3341, case 3: -36, -23 and -36 dBFS measure as -23 LUFS."""
    parts = [sine(1000, s, 48_000, 10 ** (db / 20), 2) for s, db in ((10, -36), (60, -23), (10, -36))]
    assert measured(np.concatenate(parts, axis=1), 48_000) == pytest.approx(-23, abs=0.1)


@pytest.mark.parametrize("file", STARTER_CLIPS[:3], ids=lambda file: file.stem[:2])
def test_music_measures_as_pyloudnorm_says(file):
    samples, rate = soundfile.read(file, dtype="float32", always_2d=True)
    assert measured(samples.T, rate) == pytest.approx(loudness(samples.T, rate), abs=0.1)


def test_pieces_make_no_difference():
    noise = np.random.default_rng(0).normal(0, 0.1, (2, 100_000)).astype(np.float32)
    assert measured(noise, 32_000, 17) == pytest.approx(measured(noise, 32_000), abs=1e-3)


def test_silence_and_less_than_a_block_have_no_loudness():
    assert measured(np.zeros((1, 64_000), np.float32), 32_000) is None
    assert measured(sine(997, 0.3, 32_000), 32_000) is None


def test_the_louder_clip_is_turned_down():
    assert matching_gains(-14, -20) == {"base": pytest.approx(10**-0.3), "tuned": 1.0}
    assert matching_gains(-20, -14) == {"base": 1.0, "tuned": pytest.approx(10**-0.3)}
    assert matching_gains(None, -14) == {"base": 1.0, "tuned": 1.0}


def test_matched_clips_are_equally_loud():
    quiet = np.random.default_rng(0).normal(0, 0.05, (1, 96_000)).astype(np.float32)
    loud = sine(440, 3, 32_000, 0.8)
    gains = matching_gains(measured(quiet, 32_000), measured(loud, 32_000))
    after = [
        measured(np.float32(gains[which]) * clip, 32_000)
        for which, clip in (("base", quiet), ("tuned", loud))
    ]
    assert after[0] == pytest.approx(after[1], abs=0.01)
