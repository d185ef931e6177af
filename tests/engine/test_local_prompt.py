from pathlib import Path

import numpy as np
import pytest

from engine.audio import read_audio, write_audio
from engine.errors import CallProblem
from engine.job import AudioPrompt
from engine.local import LocalBackend
from engine.model import load_model
from tests.engine import tiny
from tests.engine.local_jobs import job_for, problem_of, take_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.save(tiny.mono(), tmp_path_factory.mktemp("mono")).resolve()


@pytest.fixture(scope="module")
def shared() -> LocalBackend:
    """One backend for all tests that leave it as it was: what a session of the app looks like."""
    return LocalBackend(device="cpu")


def prompt_file(tmp_path: Path, seconds: float = 1.0, channels: int = 1) -> Path:
    noise = np.random.default_rng(0).normal(0, 0.2, (channels, round(seconds * 8000)))
    write_audio(tmp_path / "prompt.wav", noise.astype(np.float32), 8000)
    return tmp_path / "prompt.wav"


def test_a_continued_prompt_comes_first_and_counts_towards_the_length(
    shared: LocalBackend, folder: Path, tmp_path: Path
) -> None:
    prompt = AudioPrompt(path=prompt_file(tmp_path), end=0.8)
    take = take_of(shared, job_for(folder, audio_prompt=prompt))
    model = load_model(folder)
    codes = model.encode_audio(read_audio(prompt.path, tiny.SAMPLE_RATE, 1, 0, 0.8))
    assert codes.shape[-1] == 40
    assert take.base.shape == (1, 2 * tiny.SAMPLE_RATE)
    sure = (40 - model.codec.context - 1) * tiny.HOP  # EnCodec's LSTM looks back only
    np.testing.assert_allclose(take.base[:, :sure], model.codec.decode(codes[None])[0, :, :sure], atol=1e-3)
    assert take.recipe.audio_prompt_sha256 is not None


@pytest.mark.parametrize(("end", "seconds"), [(None, 2.0), (2.0, 2.0), (1.99, 1.0), (5.0, 3.0)])
def test_a_prompt_must_leave_room(
    shared: LocalBackend, folder: Path, tmp_path: Path, end: float | None, seconds: float
) -> None:
    prompt = AudioPrompt(path=prompt_file(tmp_path, 3.0), end=end)
    problem = problem_of(shared, job_for(folder, seconds=seconds, audio_prompt=prompt))
    assert isinstance(problem, CallProblem) and "leaves no room" in str(problem)


def test_a_prompt_that_is_not_there_is_a_wrong_call(
    shared: LocalBackend, folder: Path, tmp_path: Path
) -> None:
    prompt = AudioPrompt(path=tmp_path / "no.wav")
    assert isinstance(problem_of(shared, job_for(folder, audio_prompt=prompt)), CallProblem)


def test_only_a_melody_model_follows_a_melody(shared: LocalBackend, folder: Path, tmp_path: Path) -> None:
    prompt = AudioPrompt(path=prompt_file(tmp_path), role="melody")
    problem = problem_of(shared, job_for(folder, audio_prompt=prompt))
    assert isinstance(problem, CallProblem) and "cannot follow a melody" in str(problem)


def test_a_melody_changes_what_a_melody_model_plays(tmp_path: Path) -> None:
    backend, folder = LocalBackend(device="cpu"), tiny.save(tiny.melody(), tmp_path / "melody")
    prompt = AudioPrompt(path=prompt_file(tmp_path, 3.0, channels=2), role="melody")
    followed = take_of(backend, job_for(folder, audio_prompt=prompt))
    plain = take_of(backend, job_for(folder))
    assert followed.base.shape == plain.base.shape
    assert not np.array_equal(followed.base, plain.base)
