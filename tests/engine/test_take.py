import errno
import os
import resource
from contextlib import contextmanager

import numpy as np
import pytest

from engine import files
from engine.audio import read_comment, write_audio
from engine.errors import CallProblem, Problem
from engine.preferences import Preference, read_preference, write_preference
from engine.recipe import parse_recipe
from engine.take import is_take, read_recipe, read_take, write_take
from tests.engine.takes import RATE, make_take


@contextmanager
def disk_with_room_for(size):
    """Files in this process cannot grow beyond `size` bytes; Python ignores SIGXFSZ, so writes fail."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.parametrize("channels", [1, 2])
def test_a_take_is_read_back(tmp_path, channels):
    take = make_take({"energy": 5}, channels=channels)
    files = write_take(take, tmp_path / "deep" / "take")
    got = read_take(tmp_path / "deep" / "take")
    assert np.abs(got.base - take.base).max() <= 2**-23
    assert np.abs(got.tuned - take.tuned).max() <= 2**-23
    assert (got.sample_rate, got.recipe) == (RATE, take.recipe)
    assert [path.name for path in (files.base, files.tuned, files.recipe)] == [
        "base.wav",
        "tuned.wav",
        "recipe.json",
    ]
    assert sorted(contents(files.folder)) == ["base.wav", "recipe.json", "tuned.wav"]
    assert [path.name for path in files.folder.parent.iterdir()] == ["take"]


def test_a_neutral_take_is_the_same_bytes_twice_and_one_array(tmp_path):
    files = write_take(make_take(), tmp_path / "take")
    assert files.base.read_bytes() == files.tuned.read_bytes()
    got = read_take(tmp_path / "take")
    assert got.tuned is got.base


def test_the_recipe_is_in_the_folder_the_json_and_both_wavs(tmp_path):
    take = make_take({"energy": 5}, prompt="é" * 2000)
    files = write_take(take, tmp_path / "take")
    for path in (files.folder, files.recipe, files.base, files.tuned):
        assert read_recipe(path) == take.recipe
    assert parse_recipe(read_comment(files.base), "comment") == take.recipe


def test_a_recipe_is_found_in_a_wav_that_was_moved_and_renamed(tmp_path):
    take = make_take()
    write_take(take, tmp_path / "take").base.rename(tmp_path / "Song.WAV")
    assert read_recipe(tmp_path / "Song.WAV") == take.recipe


def test_an_older_take_is_replaced_and_other_files_stay(tmp_path):
    write_take(make_take(seed=1), tmp_path / "take")
    (tmp_path / "take" / "notes.txt").write_text("mine")
    new = make_take(seed=2)
    write_take(new, tmp_path / "take")
    assert read_take(tmp_path / "take").recipe == new.recipe
    assert (tmp_path / "take" / "notes.txt").read_text() == "mine"
    assert len(contents(tmp_path / "take")) == 4


def test_what_was_thought_of_an_older_take_does_not_pass_to_the_new_one(tmp_path):
    write_take(make_take(seed=1), tmp_path / "take")
    write_preference(tmp_path / "take", Preference(stars=5))
    write_take(make_take(seed=2), tmp_path / "take")
    assert read_preference(tmp_path / "take") is None


@pytest.mark.parametrize("name", ["base.wav", "tuned.wav", "recipe.json"])
def test_a_file_that_belongs_to_no_take_is_not_overwritten(tmp_path, name):
    (tmp_path / name).write_bytes(b"mine")
    with pytest.raises(CallProblem, match="Choose another folder"):
        write_take(make_take(), tmp_path)
    assert contents(tmp_path) == {name: b"mine"}


def test_a_file_in_place_of_the_folder_is_refused(tmp_path):
    (tmp_path / "take").write_bytes(b"mine")
    with pytest.raises(CallProblem, match="is a file"):
        write_take(make_take(), tmp_path / "take")


def test_a_full_disk_leaves_nothing(tmp_path):
    with disk_with_room_for(50_000), pytest.raises(Problem, match="disk is full"):
        write_take(make_take(), tmp_path / "take")
    assert contents(tmp_path) == {}


def test_a_full_disk_leaves_the_older_take(tmp_path):
    write_take(make_take(seed=1), tmp_path / "take")
    before = contents(tmp_path / "take")
    with disk_with_room_for(50_000), pytest.raises(Problem, match="disk is full"):
        write_take(make_take(seed=2), tmp_path / "take")
    assert contents(tmp_path / "take") == before


def test_a_disk_that_fills_with_the_last_file_leaves_nothing(tmp_path, monkeypatch):
    written = []

    def fsync(handle):
        written.append(handle)
        if len(written) == 3:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(files.os, "fsync", fsync)
    with pytest.raises(Problem, match="disk is full"):
        write_take(make_take(), tmp_path / "take")
    assert contents(tmp_path) == {}


@pytest.mark.parametrize("code", [errno.EACCES, errno.EROFS])
def test_a_read_only_folder_is_told(tmp_path, monkeypatch, code):
    def mkdir(*_, **__):
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr("pathlib.Path.mkdir", mkdir)
    with pytest.raises(Problem, match="read-only"):
        write_take(make_take(), tmp_path / "take")


def test_whoever_dies_while_replacing_leaves_no_mixture(tmp_path, monkeypatch):
    write_take(make_take(seed=1), tmp_path / "take")

    def replace(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("os.replace", replace)
    with pytest.raises(KeyboardInterrupt):
        write_take(make_take(seed=2), tmp_path / "take")
    assert not is_take(tmp_path / "take")


@pytest.mark.parametrize("missing", ["base.wav", "tuned.wav", "recipe.json"])
def test_a_take_with_a_file_missing_is_no_take(tmp_path, missing):
    write_take(make_take(), tmp_path / "take")
    (tmp_path / "take" / missing).unlink()
    assert not is_take(tmp_path / "take")
    with pytest.raises(Problem, match="does not hold a complete take"):
        read_take(tmp_path / "take")


def test_a_wav_without_a_recipe_is_told(tmp_path):
    write_audio(tmp_path / "a.wav", np.zeros((1, 10), np.float32), RATE)
    with pytest.raises(Problem, match="carries no recipe"):
        read_recipe(tmp_path / "a.wav")


@pytest.mark.parametrize("name", ["nowhere", "nowhere.wav", "nowhere.json"])
def test_a_recipe_that_is_not_there_is_told(tmp_path, name):
    with pytest.raises(CallProblem, match="does not exist"):
        read_recipe(tmp_path / name)
