import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from engine import local
from engine.adapters import read_adapter
from engine.cancel import CancelToken
from engine.codecs.stem import StemCodec
from engine.errors import CallProblem
from engine.events import Audio, Loading, Progress, Started
from engine.job import GenerationSettings
from engine.local import LocalBackend
from engine.mix import Mix
from engine.model import load_model
from engine.paths import packs_dir
from engine.take import read_take, write_take
from tests.engine import tiny
from tests.engine.local_jobs import job_for, problem_of, random_pack_for, run, take_of


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.save(tiny.mono(), tmp_path_factory.mktemp("mono")).resolve()


@pytest.fixture(scope="module")
def shared() -> LocalBackend:
    """One backend for all tests that leave it as it was: what a session of the app looks like."""
    return LocalBackend(device="cpu")


@pytest.fixture
def pack(folder: Path) -> Path:
    return random_pack_for(folder)


def test_a_neutral_job_tells_its_course_and_makes_one_clip(folder: Path) -> None:
    events = run(LocalBackend(device="cpu"), job_for(folder))
    kinds = [type(event) for event in events]
    assert kinds[:2] == [Loading, Started] and set(kinds[2:-1]) == {Audio, Progress}
    assert events[1] == Started(103, 2 * tiny.SAMPLE_RATE, tiny.SAMPLE_RATE, 1)
    progress = [event for event in events if isinstance(event, Progress)]
    assert [(event.step, event.total) for event in progress] == [(step, 103) for step in range(1, 104)]
    assert progress[-1].eta == 0 and all(event.eta >= 0 for event in progress)
    take = events[-1].take
    assert take.tuned is take.base
    assert {event.which for event in events if isinstance(event, Audio)} == {"base"}


def test_the_pieces_of_audio_are_the_clips(shared: LocalBackend, folder: Path, pack: Path) -> None:
    events = run(shared, job_for(folder, seconds=6.5, knobs={"energy": 3}))
    take = events[-1].take
    for which, clip in (("base", take.base), ("tuned", take.tuned)):
        pieces = [event for event in events if isinstance(event, Audio) and event.which == which]
        starts = np.cumsum([0, *(piece.samples.shape[1] for piece in pieces)])
        assert [piece.start_sample for piece in pieces] == starts[:-1].tolist()
        assert np.array_equal(np.concatenate([piece.samples for piece in pieces], axis=1), clip)
        assert clip.shape == (1, round(6.5 * tiny.SAMPLE_RATE)) and clip.dtype == np.float32


def test_two_seconds_are_heard_while_the_rest_is_decoded(shared: LocalBackend, folder: Path) -> None:
    heard = steps = 0
    for event in shared.run(job_for(folder, seconds=10), CancelToken()):
        if isinstance(event, Progress):
            steps = event.step
        if isinstance(event, Audio):
            heard = event.start_sample + event.samples.shape[1]
        if heard >= 2 * tiny.SAMPLE_RATE:
            break
    assert steps < 0.6 * 503  # at 0.3 they go to the codec, at 0.5 the loop waits for it


def test_knobs_change_the_tuned_clip_only(shared: LocalBackend, folder: Path, pack: Path) -> None:
    """Also after any sequence of mixes: the base's bits never change."""
    neutral = take_of(shared, job_for(folder))
    mixes = [{"energy": 5.0}, {"energy": -5.0}, {"energy": 2.0, "valence": 4.0}, {"valence": 0.5}]
    tuned = [take_of(shared, job_for(folder, knobs=knobs)) for knobs in mixes]
    for take in tuned:
        assert np.array_equal(take.base, neutral.base)
        assert not np.array_equal(take.tuned, take.base)
    assert len({take.tuned.tobytes() for take in tuned}) == len(mixes)
    assert np.array_equal(take_of(shared, job_for(folder, knobs=mixes[2])).tuned, tuned[2].tuned)
    assert np.array_equal(take_of(shared, job_for(folder)).base, neutral.base)
    assert np.array_equal(take_of(LocalBackend(device="cpu"), job_for(folder)).base, neutral.base)


def test_amount_zero_is_neutral(shared: LocalBackend, folder: Path) -> None:
    take = take_of(shared, job_for(folder, mix=Mix(knobs={"energy": 5.0}, amount=0)))
    assert take.tuned is take.base and take.recipe.adapters == ()


def test_the_files_of_a_neutral_take_are_the_same_bytes(
    shared: LocalBackend, folder: Path, tmp_path: Path
) -> None:
    files = write_take(take_of(shared, job_for(folder)), tmp_path / "take")
    assert files.base.read_bytes() == files.tuned.read_bytes()


def test_what_the_job_leaves_open_is_taken_from_the_model_and_kept_in_the_recipe(
    shared: LocalBackend, folder: Path, tmp_path: Path
) -> None:
    likes = shutil.copytree(folder, tmp_path / "model")
    (likes / "generation_config.json").write_text('{"guidance_scale": 1.0, "temperature": 0.5}')
    own = take_of(LocalBackend(device="cpu"), job_for(likes))
    settings = GenerationSettings(seconds=2, guidance=1, temperature=0.5, top_k=250)
    assert own.recipe.job.settings == settings
    assert np.array_equal(own.base, take_of(shared, job_for(folder, settings=settings)).base)
    assert not np.array_equal(own.base, take_of(shared, job_for(folder)).base)


def test_the_recipe_makes_the_take_again(
    shared: LocalBackend, folder: Path, pack: Path, tmp_path: Path
) -> None:
    take = take_of(shared, job_for(folder, knobs={"energy": -2, "valence": 1}))
    recipe = read_take(write_take(take, tmp_path / "take").folder).recipe
    again = take_of(LocalBackend(device="cpu"), recipe.job)
    assert np.array_equal(again.base, take.base) and np.array_equal(again.tuned, take.tuned)
    assert recipe.weights == {"base": 5 / 8, "energy": 2 / 8, "valence": 1 / 8}
    used = [(a.metric, a.direction, a.pack, a.version) for a in recipe.adapters]
    assert used == [("energy", "negative", "random", "1.0"), ("valence", "positive", "random", "1.0")]
    assert (recipe.model.id, recipe.model.source, recipe.device) == (str(folder), "folder", "cpu")
    assert (recipe.sample_rate, recipe.partial, recipe.audio_prompt_sha256) == (tiny.SAMPLE_RATE, False, None)


def test_nothing_is_loaded_twice(folder: Path, pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loaded: list[Path] = []
    for name, function in (("load_model", load_model), ("read_adapter", read_adapter)):
        monkeypatch.setattr(local, name, lambda f, *rest, do=function: (loaded.append(f), do(f, *rest))[1])
    backend = LocalBackend(device="cpu")
    assert loaded == []
    take_of(backend, job_for(folder))
    assert loaded == [folder]
    for knobs in ({"energy": 1.0}, {"energy": 5.0}, {"energy": -1.0}, {"energy": 2.0}):
        take_of(backend, job_for(folder, knobs=knobs))
    energy = packs_dir() / "random" / "energy"
    assert loaded == [folder, energy / "positive", energy / "negative"]
    assert not any(isinstance(event, Loading) for event in run(backend, job_for(folder, knobs={"energy": 1})))


def test_another_model_takes_the_place_of_the_first(folder: Path, tmp_path: Path) -> None:
    backend = LocalBackend(device="cpu")
    first = take_of(backend, job_for(folder))
    other = tiny.save(tiny.stereo(), tmp_path / "stereo")
    assert take_of(backend, job_for(other)).base.shape == (2, 2 * tiny.SAMPLE_RATE)
    assert np.array_equal(take_of(backend, job_for(folder)).base, first.base)


def test_the_starters_layout_makes_music(tmp_path: Path) -> None:
    take = take_of(LocalBackend(device="cpu"), job_for(tiny.save_starter(tmp_path / "starter"), seconds=1))
    assert take.base.shape == (1, tiny.SAMPLE_RATE) and take.base.std() > 0


def test_tempo_and_bars_that_the_codec_counts_are_in_the_recipe(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(StemCodec, "tempo", lambda codec, codes: float(codes.shape[1]))
    monkeypatch.setattr(StemCodec, "first_bar", lambda codec, codes: 0.5)
    job = job_for(tiny.save_starter(tmp_path / "starter"), seconds=1)
    frames = tiny.SAMPLE_RATE // tiny.HOP
    recipe = take_of(LocalBackend(device="cpu"), job).recipe
    assert recipe.tempo == {"base": frames, "tuned": frames}
    assert recipe.first_bar == {"base": 0.5, "tuned": 0.5}


def test_a_clip_longer_than_the_window_has_all_its_frames(tmp_path: Path) -> None:
    short = tiny.save(tiny.mono(max_position_embeddings=104), tmp_path / "short")
    events = run(LocalBackend(device="cpu"), job_for(short, seconds=4.02))
    started = next(event for event in events if isinstance(event, Started))
    assert started.total == 201 + 3 * 3  # windows of 100, 60 and 41 new frames
    assert events[-1].take.base.shape == (1, 201 * tiny.HOP)


def test_a_knob_without_an_adapter_is_a_wrong_call(shared: LocalBackend, folder: Path) -> None:
    problem = problem_of(shared, job_for(folder, knobs={"liveness": 2}))
    assert isinstance(problem, CallProblem) and "liveness" in str(problem)


def test_an_unknown_model_is_a_wrong_call(shared: LocalBackend) -> None:
    assert isinstance(problem_of(shared, job_for(Path("no-such"))), CallProblem)


def test_a_model_that_was_not_fetched_says_how(shared: LocalBackend) -> None:
    problem = problem_of(shared, job_for(Path("facebook/musicgen-small")))
    assert "tunedial models get facebook/musicgen-small" in str(problem)


def test_a_damaged_adapter_fails_the_job_and_the_next_works(
    shared: LocalBackend, folder: Path, pack: Path
) -> None:
    file = pack / "valence" / "positive" / "adapter_model.safetensors"
    file.write_bytes(file.read_bytes()[:100])
    assert str(file) in str(problem_of(shared, job_for(folder, knobs={"valence": 2})))
    take_of(shared, job_for(folder))


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20.00 MiB."),
        RuntimeError(
            "DefaultCPUAllocator: can't allocate memory: you tried to allocate 4503599627370496 bytes."
        ),
        RuntimeError("MPS backend out of memory"),
        MemoryError(),
    ],
)
def test_out_of_memory_is_told_and_the_next_job_works(
    folder: Path, error: Exception, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = LocalBackend(device="cpu")

    def fail(*_: object) -> Iterator[None]:
        raise error
        yield

    with monkeypatch.context() as patch:
        patch.setattr(local, "generate", fail)
        assert "not enough memory" in str(problem_of(backend, job_for(folder)))
    take_of(backend, job_for(folder))


def test_torch_says_what_it_is_expected_to_say() -> None:
    with pytest.raises(RuntimeError) as caught:
        torch.empty(1 << 50)
    assert "not enough memory" in str(local.as_problem(caught.value))


def test_any_other_error_is_told_in_one_line(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise ValueError("what\nnobody thought of")

    backend = LocalBackend(device="cpu")
    monkeypatch.setattr(local, "total_steps", fail)
    problem = problem_of(backend, job_for(folder))
    assert problem.what == "Generating failed (ValueError: what nobody thought of)."
    assert isinstance(problem.__cause__, ValueError)
