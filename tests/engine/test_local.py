import random
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from engine import local
from engine.adapters import read_adapter
from engine.audio import write_audio
from engine.cancel import CancelToken
from engine.errors import CallProblem, Problem
from engine.events import Audio, Cancelled, Done, Event, Failed, Loading, Progress, Started
from engine.job import AudioPrompt, GenerationSettings, Job
from engine.local import LocalBackend
from engine.mix import Mix
from engine.model import load_model
from engine.paths import packs_dir
from engine.playback import Playback
from engine.take import Take, read_take, write_take
from tests.engine import tiny
from tests.engine.random_pack import write_pack

ENDS = (Done, Cancelled, Failed)
ADAPTERS = (("energy", "positive"), ("energy", "negative"), ("valence", "positive"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.save(tiny.mono(), tmp_path_factory.mktemp("mono")).resolve()


@pytest.fixture(scope="module")
def shared(folder: Path) -> LocalBackend:
    """One backend for all tests that leave it as it was: what a session of the app looks like."""
    return LocalBackend(device="cpu")


@pytest.fixture
def pack(folder: Path) -> Path:
    weights = {name: torch.empty(shape) for name, shape in _shapes(folder).items()}
    return write_pack(packs_dir() / "random", weights, ADAPTERS, base_model=str(folder), size=0.4)


def _shapes(folder: Path) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": shape for name, shape in load_model(folder).decoder.linear_shapes.items()}


def job_for(folder: Path, seconds: float = 2, knobs: dict[str, float] | None = None, **changes: Any) -> Job:
    values: dict[str, Any] = {
        "prompt": "rock piano",
        "model": str(folder),
        "seed": 3,
        "mix": Mix(knobs=knobs or {}),
        "settings": GenerationSettings(seconds=seconds),
    }
    return Job(**(values | changes))


def run(backend: LocalBackend, job: Job) -> list[Event]:
    events = list(backend.run(job, CancelToken()))
    assert [isinstance(event, ENDS) for event in events] == [False] * (len(events) - 1) + [True]
    return events


def take_of(backend: LocalBackend, job: Job) -> Take:
    end = run(backend, job)[-1]
    assert isinstance(end, Done), end
    return end.take


def problem_of(backend: LocalBackend, job: Job) -> Problem:
    end = run(backend, job)[-1]
    assert isinstance(end, Failed), end
    return end.problem


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
    assert steps < 0.4 * 503


@pytest.mark.parametrize("kind", ["mono", "stereo", "starter"])
def test_audio_in_pieces_equals_audio_at_once(kind: str, tmp_path: Path) -> None:
    models = {"mono": tiny.mono, "stereo": tiny.stereo}
    model = load_model(tiny.save(models[kind](), tmp_path) if kind in models else tiny.save_starter(tmp_path))
    codec, T = model.codec, 330
    codes = torch.randint(0, codec.card, (2, codec.codebooks, T), generator=torch.Generator().manual_seed(0))
    playback = Playback(codec, ["base", "tuned"], "cpu")
    events = [event for ready in range(T + 1) for event in playback.push(codes, ready)]
    assert len(events) > 4
    list(playback.finish(codes, T))
    for clip, whole in zip(playback.clips(), codec.decode(codes).numpy(), strict=True):
        assert clip.shape == whole.shape
        np.testing.assert_allclose(clip, whole, atol=1e-3)


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


def test_a_clip_longer_than_the_window_has_all_its_frames(tmp_path: Path) -> None:
    short = tiny.save(tiny.mono(max_position_embeddings=104), tmp_path / "short")
    events = run(LocalBackend(device="cpu"), job_for(short, seconds=4.02))
    started = next(event for event in events if isinstance(event, Started))
    assert started.total == 201 + 4 * 3
    assert events[-1].take.base.shape == (1, 201 * tiny.HOP)


# What goes wrong


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


# Audio prompts


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
    from engine.audio import read_audio

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


# Cancelling and taking turns


def test_a_job_cancelled_beforehand_decodes_nothing(shared: LocalBackend, folder: Path) -> None:
    cancel = CancelToken()
    cancel.cancel()
    events = list(shared.run(job_for(folder), cancel))
    assert events[-1] == Cancelled(None)
    assert not any(isinstance(event, Started) for event in events)


def test_cancelling_takes_effect_within_a_step_and_keeps_what_was_decoded(
    shared: LocalBackend, folder: Path, pack: Path
) -> None:
    job, cancel, events = job_for(folder, knobs={"energy": 5}), CancelToken(), []
    for event in shared.run(job, cancel):
        events.append(event)
        if isinstance(event, Progress) and event.step == 60:
            cancel.cancel()
    assert [event.step for event in events if isinstance(event, Progress)] == list(range(1, 61))
    partial = events[-1].partial
    whole = take_of(shared, job)
    frames = 61 - 3
    sure = (frames - 20) * tiny.HOP
    for part, full in ((partial.base, whole.base), (partial.tuned, whole.tuned)):
        assert part.shape == (1, frames * tiny.HOP)
        np.testing.assert_allclose(part[:, :sure], full[:, :sure], atol=1e-3)
    assert partial.recipe.partial and not whole.recipe.partial


def test_a_hundred_cancels_at_random_leave_nothing_behind(
    shared: LocalBackend, folder: Path, pack: Path
) -> None:
    """From another thread, at any moment of the job; the next job is not affected."""
    chance = random.Random(0)
    expected = take_of(shared, job_for(folder, seconds=1, knobs={"energy": 5}))
    threads = threading.active_count()
    ends = set()
    for _ in range(100):
        cancel, events = CancelToken(), []
        after = chance.randrange(60)
        reached = threading.Event()
        canceller = threading.Thread(target=lambda r=reached, c=cancel: (r.wait(), c.cancel()))
        canceller.start()
        for event in shared.run(job_for(folder, seconds=1, knobs={"energy": 5}), cancel):
            events.append(event)
            if len(events) == after:
                reached.set()
        reached.set()
        canceller.join()
        assert [isinstance(event, ENDS) for event in events] == [False] * (len(events) - 1) + [True]
        assert not isinstance(events[-1], Failed)
        if isinstance(events[-1], Cancelled) and events[-1].partial:
            partial = events[-1].partial
            assert 0 < partial.base.shape[1] == partial.tuned.shape[1] <= expected.base.shape[1]
        ends.add(type(events[-1]))
    assert Cancelled in ends
    assert threading.active_count() == threads
    again = take_of(shared, job_for(folder, seconds=1, knobs={"energy": 5}))
    assert np.array_equal(again.base, expected.base) and np.array_equal(again.tuned, expected.tuned)


def test_a_consumer_that_stops_listening_frees_the_device(shared: LocalBackend, folder: Path) -> None:
    events = shared.run(job_for(folder), CancelToken())
    assert next(events)
    events.close()
    take_of(shared, job_for(folder))


def test_a_job_waits_for_the_one_before_it(shared: LocalBackend, folder: Path) -> None:
    first = shared.run(job_for(folder), CancelToken())
    next(first)
    order: list[str] = []
    second = threading.Thread(target=lambda: order.append(type(run(shared, job_for(folder))[-1]).__name__))
    second.start()
    second.join(0.3)
    assert second.is_alive() and order == []
    order.append("first")
    list(first)
    second.join()
    assert order == ["first", "Done"]


def test_a_waiting_job_can_be_cancelled(shared: LocalBackend, folder: Path) -> None:
    first = shared.run(job_for(folder), CancelToken())
    next(first)
    cancel = CancelToken()
    cancel.cancel()
    assert list(shared.run(job_for(folder), cancel)) == [Cancelled(None)]
    first.close()
