import io
import struct
from dataclasses import replace

import numpy as np
import pytest
import soundfile

from desktop.export.files import LABELS, Excerpt, encode, exports_dir, keep, save
from desktop.export.riff import acid_chunk, chunks_of
from desktop.pair.facts import Facts
from desktop.pairs import pair_of
from desktop.state import Span
from engine.audio import FORMATS
from engine.errors import Problem
from engine.take import read_recipe, write_take
from tests.engine.takes import RATE, make_take

FACTS = Facts(120.0, "A minor")


@pytest.fixture
def pair(tmp_path):
    take = make_take({"energy": 2}, seed=7, seconds=2.0, channels=2, prompt="jazz, piano")
    return pair_of(take, write_take(take, tmp_path / "take").folder)


def chunks(wav):
    return dict(chunks_of(wav))


@pytest.mark.parametrize("kind", ["wav24", "wav16", "wav32f"])
def test_a_wav_is_whole_and_says_tempo_key_and_recipe(pair, kind, tmp_path):
    wav = encode(Excerpt(pair, "tuned", FACTS), kind)
    assert wav[:4] == b"RIFF" and struct.unpack("<I", wav[4:8])[0] == len(wav) - 8
    found = chunks(wav)
    assert list(found)[-2:] == [b"acid", b"LIST"]
    flags, root, _, _, beats, denominator, numerator, tempo = struct.unpack("<IHHfIHHf", found[b"acid"])
    assert (flags, root, beats, denominator, numerator, tempo) == (2 | 4, 48 + 9, 4, 4, 4, 120.0)
    with soundfile.SoundFile(io.BytesIO(wav)) as file:
        assert file.subtype == FORMATS[kind][2]
        assert file.title == "jazz-piano-120bpm-Am-seed7-tuned"
        np.testing.assert_allclose(file.read(dtype="float32").T, pair.tuned.audio, atol=2**-15)
    assert b"IKEY" + struct.pack("<I", 17) + b"120 BPM; A minor\0" in found[b"LIST"]
    (tmp_path / "out.wav").write_bytes(wav)
    assert read_recipe(tmp_path / "out.wav") == read_recipe(pair.folder)


@pytest.mark.parametrize("kind", ["flac", "ogg"])
def test_a_compressed_file_plays_and_carries_its_recipe(pair, kind, tmp_path):
    path = save(Excerpt(pair, "base", FACTS), tmp_path / f"out.{kind}", kind)
    with soundfile.SoundFile(path) as file:
        assert (file.format, file.samplerate, file.channels) == (FORMATS[kind][1], RATE, 2)
        assert file.title == "jazz-piano-120bpm-Am-seed7-base"
        assert file.read().shape == (2 * RATE, 2)
    assert read_recipe(path) == read_recipe(pair.folder)


@pytest.mark.parametrize("kind", ["flac", "ogg"])
def test_a_compressed_file_has_tempo_and_key_in_its_comments(pair, kind):
    data = encode(Excerpt(pair, "tuned", FACTS), kind)
    assert b"\x07\0\0\0BPM=120" in data and b"\x0d\0\0\0INITIALKEY=Am" in data


def test_a_flac_has_the_same_samples(pair):
    samples, _ = soundfile.read(io.BytesIO(encode(Excerpt(pair, "tuned", FACTS), "flac")), dtype="float32")
    np.testing.assert_allclose(samples.T, pair.tuned.audio, atol=2**-23)


def test_every_format_has_a_name():
    assert LABELS.keys() == FORMATS.keys()


def test_a_stretch_is_what_its_loop_plays(pair):
    excerpt = Excerpt(pair, "tuned", FACTS, Span(0.5, 1.0))
    samples, _ = soundfile.read(io.BytesIO(encode(excerpt, "wav32f")), dtype="float32")
    assert np.array_equal(samples.T, pair.tuned.audio[:, RATE // 2 : RATE])


def test_a_stretch_of_nothing_and_a_take_that_is_not_written_are_told(pair):
    with pytest.raises(Problem, match="holds no audio"):
        encode(Excerpt(pair, "base", FACTS, Span(5, 6)))
    with pytest.raises(Problem, match="not finished"):
        encode(Excerpt(replace(pair, folder=None), "base", FACTS))


def test_without_a_tempo_there_is_no_acid_chunk(pair):
    assert b"acid" not in chunks(encode(Excerpt(pair, "base", Facts(None, "A minor"))))


@pytest.mark.parametrize(
    ("seconds", "tempo", "key", "flags", "root", "beats"),
    [
        (2.0, 120.0, None, 4, 48, 4),
        (10.0, 119.3, None, 4 | 8, 48, 20),
        (1.0, 120.0, "C major", 4 | 2, 48, 2),
        (1.0, 120.0, "B minor", 4 | 2, 59, 2),
        (0.1, 60.0, None, 4 | 8, 48, 1),
    ],
)
def test_only_whole_beats_make_a_loop(seconds, tempo, key, flags, root, beats):
    found = struct.unpack("<IHHfIHHf", acid_chunk(seconds, tempo, key))
    assert (found[0], found[1], found[4]) == (flags, root, beats)
    assert found[7] == pytest.approx(tempo, rel=1e-6)


def test_a_kept_file_is_written_once_and_never_changed(pair):
    first = keep(Excerpt(pair, "tuned", FACTS))
    assert first == exports_dir() / "jazz-piano-120bpm-Am-seed7-tuned.wav"
    assert soundfile.info(first).subtype == "PCM_24"
    written = first.stat().st_mtime_ns
    assert keep(Excerpt(pair, "tuned", FACTS)) == first
    assert first.stat().st_mtime_ns == written
    first.write_bytes(b"a project's own")
    assert keep(Excerpt(pair, "tuned", FACTS)).name == "jazz-piano-120bpm-Am-seed7-tuned 2.wav"
    assert first.read_bytes() == b"a project's own"
