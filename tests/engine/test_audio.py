import tracemalloc
import wave

import numpy as np
import pytest
import soundfile
from scipy.signal import resample_poly

from engine.audio import (
    FORMATS,
    audio_info,
    encode_audio,
    loudness,
    peak_db,
    read_audio,
    read_comment,
    write_audio,
)
from engine.errors import CallProblem, Problem

RATE = 32000


def sine(seconds, rate=RATE, hz=440.0, channels=1, level=0.5):
    t = np.arange(round(seconds * rate)) / rate
    return np.tile(level * np.sin(2 * np.pi * hz * t), (channels, 1)).astype(np.float32)


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize(
    ("kind", "tolerance"), [("wav16", 2**-15), ("wav24", 2**-23), ("wav32f", 0), ("flac", 2**-23)]
)
def test_what_is_written_is_read_back(tmp_path, kind, tolerance, channels):
    audio = np.random.default_rng(0).uniform(-1, 1, (channels, 3 * RATE)).astype(np.float32)
    path = tmp_path / f"a{FORMATS[kind][0]}"
    write_audio(path, audio, RATE, kind)
    assert np.abs(read_audio(path, RATE, channels) - audio).max() <= tolerance
    assert [entry.name for entry in tmp_path.iterdir()] == [path.name]


def test_ogg_keeps_length_and_sound(tmp_path):
    audio = sine(40, channels=2)
    write_audio(tmp_path / "a.ogg", audio, RATE, "ogg")
    got = read_audio(tmp_path / "a.ogg", RATE, 2)
    assert got.shape == audio.shape
    assert np.corrcoef(got.ravel(), audio.ravel())[0, 1] > 0.99


def test_integer_formats_clip_at_full_scale(tmp_path):
    write_audio(tmp_path / "a.wav", np.array([[2.0, -2.0]], np.float32), RATE)
    assert read_audio(tmp_path / "a.wav", RATE, 1)[0] == pytest.approx([1, -1], abs=1e-6)


def test_samples_that_are_not_numbers_are_not_written():
    with pytest.raises(Problem, match="not numbers"):
        encode_audio(np.array([[0.0, np.nan]], np.float32), RATE)


@pytest.mark.parametrize("kind", FORMATS)
@pytest.mark.parametrize("length", [1, 2, 1999, 5000, 70_001])
def test_a_comment_of_any_length_survives(tmp_path, kind, length):
    comment = ("é" + "0123456789" * (length // 10 + 1))[:length]
    path = tmp_path / f"a{FORMATS[kind][0]}"
    write_audio(path, sine(0.1), RATE, kind, comment)
    assert read_comment(path) == comment


def test_a_short_comment_is_what_libsndfile_reads_too(tmp_path):
    write_audio(tmp_path / "a.wav", sine(0.1), RATE, comment="a recipe")
    assert soundfile.SoundFile(tmp_path / "a.wav").comment == "a recipe"


def test_a_wav_with_a_comment_is_a_plain_wav_to_others(tmp_path):
    write_audio(tmp_path / "a.wav", sine(0.1), RATE, "wav16", comment="x" * 4001)
    with wave.open(str(tmp_path / "a.wav")) as file:
        assert file.getparams()[:4] == (1, 2, RATE, RATE // 10)
    data = (tmp_path / "a.wav").read_bytes()
    assert int.from_bytes(data[4:8], "little") == len(data) - 8


def test_a_comment_that_libsndfile_wrote_is_read(tmp_path):
    with soundfile.SoundFile(tmp_path / "a.wav", "w", RATE, 1) as file:
        file.comment = "hello"
        file.write(np.zeros(11))
    assert read_comment(tmp_path / "a.wav") == "hello"


def test_no_comment_is_an_empty_string(tmp_path):
    write_audio(tmp_path / "a.wav", sine(0.1), RATE)
    assert read_comment(tmp_path / "a.wav") == ""


def test_the_same_audio_gives_the_same_bytes():
    assert encode_audio(sine(1), RATE, comment="x") == encode_audio(sine(1), RATE, comment="x")


def test_only_the_asked_range_is_returned(tmp_path):
    audio = np.arange(10_000, dtype=np.float32)[None] / 10_000
    write_audio(tmp_path / "a.wav", audio, 1000, "wav32f")
    np.testing.assert_array_equal(read_audio(tmp_path / "a.wav", 1000, 1, 2.5, 4.0), audio[:, 2500:4000])
    np.testing.assert_array_equal(read_audio(tmp_path / "a.wav", 1000, 1, 9.0, 99.0), audio[:, 9000:])


@pytest.mark.parametrize("span", [(3.0, None), (2.0, 2.0), (2.0, 1.0)])
def test_a_range_outside_the_file_is_refused(tmp_path, span):
    write_audio(tmp_path / "a.wav", sine(3), RATE)
    with pytest.raises(CallProblem, match=r"a\.wav has no audio between .*3\.00 s long"):
        read_audio(tmp_path / "a.wav", RATE, 1, *span)


def test_resampling_192_khz_agrees_with_scipy(tmp_path):
    audio = sine(0.5, 192_000) + sine(0.5, 192_000, 3000, level=0.2)
    write_audio(tmp_path / "a.wav", audio, 192_000, "wav32f")
    got = read_audio(tmp_path / "a.wav", RATE, 1)
    want = resample_poly(audio[0], 1, 6)
    assert got.shape == (1, RATE // 2)
    assert np.abs(got[0] - want)[1000:-1000].max() < 2e-3


def test_an_hour_is_not_read_for_the_sake_of_two_seconds(tmp_path):
    silence = np.zeros(8000 * 60, np.int16)
    with soundfile.SoundFile(tmp_path / "hour.flac", "w", 8000, 1, format="FLAC") as file:
        for minute in range(60):
            silence[0] = minute
            file.write(silence)
    assert audio_info(tmp_path / "hour.flac").seconds == 3600
    tracemalloc.start()
    try:
        audio = read_audio(tmp_path / "hour.flac", RATE, 2, 3000, 3002)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert audio.shape == (2, 2 * RATE)
    assert peak < 8_000_000


@pytest.mark.parametrize(
    ("have", "want", "expected"),
    [
        ([1, 0], 1, [0.5]),
        ([1], 2, [1, 1]),
        # 7.1 to stereo: no low-frequency channel, the centre at -3 dB on both sides, so that
        # left = (1 + 0.7071) / (1 + 0.7071 + 1 + 1) and right = 0.7071 / (1 + 0.7071 + 1 + 1)
        ([1, 0, 1, 1, 0, 0, 0, 0], 2, [0.4605, 0.1907]),
        ([1, 1, 1, 0, 1, 1, 1, 1], 1, [1]),
        ([1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1], 2, [1, 1]),
    ],
)
def test_channels_are_folded(tmp_path, have, want, expected):
    write_audio(tmp_path / "a.wav", np.tile(np.array(have, np.float32)[:, None], (1, 64)), RATE, "wav32f")
    got = read_audio(tmp_path / "a.wav", RATE, want)
    assert got.shape == (want, 64)
    assert got[:, 10] == pytest.approx(expected, abs=1e-4)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CallProblem, match=r"nowhere\.wav does not exist"):
        read_audio(tmp_path / "nowhere.wav", RATE, 1)


def test_a_folder_is_not_a_file(tmp_path):
    with pytest.raises(CallProblem, match="is a folder"):
        read_audio(tmp_path, RATE, 1)


@pytest.mark.parametrize("name", ["a.wav", "a.raw", "a.mp3", "a.txt", "noending"])
@pytest.mark.parametrize("content", [b"", b"not audio at all" * 100])
def test_what_is_not_audio_is_refused_by_name(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(Problem, match=rf"{name} could not be read as audio: .*Convert it"):
        read_audio(tmp_path / name, RATE, 1)


def test_a_wav_without_samples_is_empty(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.zeros((0, 1)), RATE)
    with pytest.raises(Problem, match=r"a\.wav is empty"):
        read_audio(tmp_path / "a.wav", RATE, 1)


def test_nan_in_a_file_is_refused(tmp_path):
    soundfile.write(tmp_path / "a.wav", np.array([0.0, np.nan, 0.0]), RATE, subtype="FLOAT")
    with pytest.raises(Problem, match=r"a\.wav holds samples that are not numbers"):
        read_audio(tmp_path / "a.wav", RATE, 1)


def test_a_cut_off_flac_is_a_problem_not_a_crash(tmp_path):
    write_audio(tmp_path / "a.flac", np.random.default_rng(0).uniform(-1, 1, (1, 99_999)), RATE, "flac")
    data = (tmp_path / "a.flac").read_bytes()
    (tmp_path / "a.flac").write_bytes(data[: len(data) // 2])
    with pytest.raises(Problem, match=r"a\.flac"):
        read_audio(tmp_path / "a.flac", RATE, 1)


def test_peak_is_in_decibels_and_silence_has_none():
    assert peak_db(np.array([[0.1, -0.5]], np.float32)) == pytest.approx(-6.0206, abs=1e-3)
    assert peak_db(np.zeros((1, 10), np.float32)) is None


def test_loudness_of_ebu_3341_case_1():
    # EBU Tech 3341, case 1: a stereo sine of 1 kHz at -23 dBFS reads -23.0 +- 0.1 LUFS
    assert loudness(sine(20, 48_000, 1000, 2, 10 ** (-23 / 20)), 48_000) == pytest.approx(-23.0, abs=0.1)


@pytest.mark.parametrize("audio", [np.zeros((2, RATE), np.float32), sine(0.1)])
def test_silence_and_less_than_a_block_have_no_loudness(audio):
    assert loudness(audio, RATE) is None
