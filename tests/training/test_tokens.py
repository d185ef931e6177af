import os
from pathlib import Path

import numpy as np
import pytest
import torch

from engine.codecs.stem import StemCodec
from tests.training.fixtures import TINY, random_network, write_codec, write_corpus
from training.starter.codec.data import load_stems
from training.starter.corpus.synth import FRAME
from training.starter.lm.tokens import tokenize, tokens_folder


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr("training.starter.codec.train.StemCodecConfig", lambda: TINY)
    write_codec(tmp_path / "run", random_network())
    return tmp_path / "run"


def test_every_song_gets_the_codes_that_the_engines_codec_gives(tmp_path: Path, run: Path) -> None:
    songs = write_corpus(tmp_path / "corpus", frames=30)
    assert list(tokenize(tmp_path / "corpus", run, workers=1)) == [(0, 3), (1, 3), (2, 3), (3, 3)]
    codec = StemCodec(TINY.model_dump(), random_network().state_dict())
    for song in songs:
        codes = np.load(tokens_folder(tmp_path / "corpus", run) / f"{song.name}.npy")
        assert codes.shape == (16, 30) and codes.dtype == np.int16
        stems = load_stems(tmp_path / "corpus", song, 0, song.samples).astype(np.float32) / 32768
        assert codes[0, :6].tolist() == [3, 4, 5, 6, 3, 4], "beats of 4 frames follow those of 3"
        assert codes[1, 14:18].tolist() == [6, 6, 3, 3], "bars of 4 beats follow those of 3"
        sounding = [2, 3, 6, 7, 8, 9]  # the codebooks of drums and plucked
        agreed = codes[sounding] == codec.encode_stems(torch.tensor(stems)[None])[0][sounding].numpy()
        assert agreed.mean() > 0.8, "rounding moves some codes, the more in an untrained codec"


def test_a_stem_that_is_silent_has_the_codes_of_silence_all_through(tmp_path: Path, run: Path) -> None:
    songs = write_corpus(tmp_path / "corpus", frames=30)
    for _ in tokenize(tmp_path / "corpus", run, workers=1):
        pass
    codes = np.load(tokens_folder(tmp_path / "corpus", run) / f"{songs[0].name}.npy")
    assert 0 <= codes.min() <= codes.max() < TINY.codebook_size
    codec = StemCodec(TINY.model_dump(), random_network().state_dict())
    silence = codec.encode_stems(torch.zeros(1, 5, 30 * FRAME))[0, :, 15].numpy()
    silent = [4, 5, *range(10, 16)]
    assert (codes[silent] == silence[silent, None]).all()


def test_only_songs_without_codes_are_encoded(tmp_path: Path, run: Path) -> None:
    songs = write_corpus(tmp_path / "corpus", frames=30)
    for _ in tokenize(tmp_path / "corpus", run, workers=1):
        pass
    kept, lost = (tokens_folder(tmp_path / "corpus", run) / f"{song.name}.npy" for song in songs[:2])
    before = np.load(lost)
    lost.unlink()
    os.utime(kept, (0, 0))
    assert list(tokenize(tmp_path / "corpus", run, workers=1)) == [(2, 3), (3, 3)]
    assert np.array_equal(np.load(lost), before)
    assert kept.stat().st_mtime == 0


def test_codes_of_another_codec_lie_elsewhere(tmp_path: Path, run: Path) -> None:
    other = random_network()
    other.codebooks.add_(1)
    write_codec(tmp_path / "other", other)
    folders = {tokens_folder(tmp_path, tmp_path / name) for name in ("run", "other")}
    assert len(folders) == 2
