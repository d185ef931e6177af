"""The backend that decodes on this computer: CUDA, MPS or CPU, one job at a time."""

import contextlib
import threading
import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.adapters import CONFIG_FILE, Adapter, read_adapter
from engine.audio import audio_info, read_audio
from engine.cancel import CancelToken
from engine.catalog import ModelRef, find_model, weights_sha256
from engine.codecs import Codec
from engine.device import best_device
from engine.errors import CallProblem, Problem
from engine.events import Audio, Cancelled, Done, Event, Failed, Loading, Progress, Started, Which
from engine.files import sha256_of
from engine.generate import Clip, Decoded, Request, generate, total_steps
from engine.job import AudioPrompt, Job, Precision
from engine.linear import Tuning
from engine.melody import MAX_SECONDS
from engine.merge import Stack, mixed, stack
from engine.mix import weights
from engine.model import Model, load_model
from engine.packs import Choice, adapters_for, list_packs
from engine.playback import Piece, Playback
from engine.recipe import AdapterRecord, ModelRecord, Recipe
from engine.take import Take

QUEUE_POLL_S = 0.05

# How torch says so, where it raises a plain RuntimeError.
_MEMORY_WORDS = ("allocate memory", "not enough memory", "out of memory")


_Key = tuple[Path, str, int]
_Told = tuple[int | None, Event]  # the place of a job in its batch, None for all of them


@dataclass(frozen=True)
class _Loaded:
    """A model in memory, and the adapters that were turned while it was."""

    ref: ModelRef
    sha256: str
    asked: Precision
    model: Model
    adapters: dict[_Key, Adapter] = field(default_factory=dict)
    stacks: dict[tuple[_Key, ...], Stack] = field(default_factory=dict)  # of the last knobs only


class LocalBackend:
    """Runs jobs one after another; a job waits until the one before it has ended.

    Nothing is loaded before the first job. The last model is kept, and the adapters whose knobs were
    turned. A neutral mix decodes one clip: its Audio events are all of "base", and both clips of its
    take are one array.

    An audio prompt to continue comes first in the clip, as the codec plays it, and counts towards its
    `seconds`. One for its melody is heard from its beginning, over and over if it is too short.
    """

    def __init__(self, device: str | None = None) -> None:
        self._device = device
        self._loaded: _Loaded | None = None
        self._lane = threading.Lock()

    def run(self, job: Job, cancel: CancelToken) -> Iterator[Event]:
        """Run `job`; the last event is Done, Cancelled or Failed, and nothing is raised."""
        with contextlib.closing(self.run_seeds(job, [job.seed], cancel)) as told:
            for _, event in told:
                yield event

    def run_seeds(
        self, job: Job, seeds: Sequence[int], cancel: CancelToken
    ) -> Generator[tuple[int, Event], None, None]:
        """Run `job` with each of `seeds`, in one batch; each clip is what it would be alone."""
        with contextlib.closing(self._in_turn(job, seeds, cancel)) as told:
            for place, event in told:
                yield from ((n, event) for n in (range(len(seeds)) if place is None else [place]))

    def _in_turn(self, job: Job, seeds: Sequence[int], cancel: CancelToken) -> Generator[_Told, None, None]:
        while not self._lane.acquire(timeout=QUEUE_POLL_S):
            if cancel.cancelled:
                yield None, Cancelled(None)
                return
        try:
            yield from [(None, Cancelled(None))] if cancel.cancelled else self._run(job, seeds, cancel)
        except Exception as error:
            if _is_memory(error):
                self._loaded = None
            yield None, Failed(as_problem(error))
        finally:
            self._lane.release()

    def _run(self, job: Job, seeds: Sequence[int], cancel: CancelToken) -> Iterator[_Told]:
        ref = find_model(job.model)
        if ref.folder is None:
            raise Problem(
                f"The model '{ref.id}' is not on this computer.", f"Fetch it: tunedial models get {ref.id}"
            )
        asked = job.settings.precision
        if self._loaded is None or (self._loaded.ref, self._loaded.asked) != (ref, asked):
            yield None, Loading(f"Loading the model {ref.id}")
        sha256 = weights_sha256(ref.folder)
        loaded = self._loaded
        if loaded is None or (loaded.ref, loaded.sha256, loaded.asked) != (ref, sha256, asked):
            loaded = self._loaded = None  # before the next one takes its place in memory
            model = load_model(ref.folder, self._device or best_device(), asked)
            loaded = _Loaded(ref, sha256, asked, model)
            self._loaded = loaded
        choices = adapters_for(job.mix, list_packs(), ref.id, sha256)
        if any(_key(choice) not in loaded.adapters for choice in choices):
            yield None, Loading("Loading the adapters of the turned knobs")
        if cancel.cancelled:
            yield None, Cancelled(None)
            return
        tuning = None if job.mix.neutral else _tuning(loaded, job, choices)
        request = _request(loaded.model, job, seeds, tuning)
        settings = job.settings.settled(loaded.model.sampling)
        recipes = [
            _recipe(loaded, job.model_copy(update={"settings": settings, "seed": seed}), choices, tuning)
            for seed in seeds
        ]
        yield from _decode(loaded.model, request, recipes, cancel)


def as_problem(error: Exception) -> Problem:
    """What to tell the user about an exception, whatever it is."""
    if isinstance(error, Problem):
        return error
    if _is_memory(error):
        problem = Problem(
            "There is not enough memory for this job.",
            "Close other programs, make the clip shorter, or choose a smaller model.",
        )
    else:
        reason = " ".join(str(error).split()) or "no reason given"
        problem = Problem(
            f"Generating failed ({type(error).__name__}: {reason}).", "Add --debug to see where."
        )
    problem.__cause__ = error
    return problem


def _is_memory(error: Exception) -> bool:
    said = str(error).lower()
    return isinstance(error, MemoryError | torch.OutOfMemoryError) or (
        isinstance(error, RuntimeError) and any(words in said for words in _MEMORY_WORDS)
    )


def _decode(
    model: Model, request: Request, recipes: Sequence[Recipe], cancel: CancelToken
) -> Iterator[_Told]:
    """The events of jobs from their first step on, ending with Done or Cancelled; a recipe for each."""
    codec = model.codec
    each = len(request.clips) // len(recipes)
    total = total_steps(request, model.decoder)
    yield None, Started(total, request.frames * codec.hop, codec.sample_rate, codec.channels)
    begun = time.monotonic()
    with (
        Playback(codec, len(request.clips), model.device) as playback,
        contextlib.closing(generate(model.decoder, request)) as steps,
    ):
        for made in steps:
            if cancel.cancelled:
                partial = _partial(codec, playback, made, request, recipes)
                yield from ((place, Cancelled(take)) for place, take in enumerate(partial))
                return
            yield from (_audio(piece, each) for piece in playback.push(made.codes, made.ready))
            if made.step:
                left = (time.monotonic() - begun) / made.step * (total - made.step)
                yield None, Progress(made.step, total, left)
        yield from (_audio(piece, each) for piece in playback.finish(made.codes, request.frames))
    yield from ((place, Done(take)) for place, take in enumerate(_takes(codec, playback, made, recipes)))


def _audio(piece: Piece, clips: int) -> _Told:
    """A piece as its job's, which has so many `clips`."""
    names: tuple[Which, ...] = ("base", "tuned")
    return piece.clip // clips, Audio(names[piece.clip % clips], piece.start_sample, piece.samples)


def _partial(
    codec: Codec, playback: Playback, made: Decoded, request: Request, recipes: Sequence[Recipe]
) -> list[Take] | list[None]:
    """What was decoded of each job beyond the audio prompt, if anything was."""
    if made.ready <= request.prompt.shape[-1]:
        return [None] * len(recipes)
    for _ in playback.finish(made.codes, made.ready):
        pass
    recipes = [recipe.model_copy(update={"partial": True}) for recipe in recipes]
    return _takes(codec, playback, made, recipes)


def _takes(codec: Codec, playback: Playback, made: Decoded, recipes: Sequence[Recipe]) -> list[Take]:
    """The clips of each job: base and tuned, or one that is both."""
    clips = playback.clips()
    each = len(clips) // len(recipes)
    takes = []
    for n, recipe in enumerate(recipes):
        both = {"base": each * n, "tuned": each * (n + 1) - 1}
        counted = {
            "tempo": _known({name: codec.tempo(made.codes[clip]) for name, clip in both.items()}),
            "first_bar": _known({name: codec.first_bar(made.codes[clip]) for name, clip in both.items()}),
        }
        base, tuned = (clips[clip] for clip in both.values())
        takes.append(Take(base, tuned, recipe.sample_rate, recipe.model_copy(update=counted)))
    return takes


def _known(values: Mapping[str, float | None]) -> dict[str, float]:
    return {name: value for name, value in values.items() if value is not None}


def _key(choice: Choice) -> _Key:
    return choice.folder, choice.sha256, (choice.folder / CONFIG_FILE).stat().st_mtime_ns


def _tuning(loaded: _Loaded, job: Job, choices: Sequence[Choice]) -> Tuning:
    """The changes of the job's mix; adapters that were not turned before are read now."""
    decoder = loaded.model.decoder
    for choice in choices:
        if _key(choice) not in loaded.adapters:
            loaded.adapters[_key(choice)] = read_adapter(choice.folder, decoder.like_weights)
    keys = tuple(map(_key, choices))
    if keys not in loaded.stacks:
        loaded.stacks.clear()
        loaded.stacks[keys] = stack({c.metric: loaded.adapters[_key(c)] for c in choices})
    return decoder.tune(mixed(job.mix, loaded.stacks[keys]))


def _request(model: Model, job: Job, seeds: Sequence[int], tuning: Tuning | None) -> Request:
    """What to decode: for each seed the base, and the tuned clip if the mix is not neutral."""
    frames = max(1, round(job.settings.seconds * model.frame_rate))
    states = model.read_prompt(job.prompt)
    melody = _melody(model, job)
    return Request(
        clips=[
            Clip(seed, change) for seed in seeds for change in ([None] if tuning is None else [None, tuning])
        ],
        condition=lambda start: model.condition(states, melody, start / model.frame_rate),
        frames=frames,
        window=model.window(model.condition(states)),
        sampling=job.settings.sampling(model.sampling),
        prompt=_beginning(model, job.audio_prompt, frames),
        counted=model.codec.counted,
    )


def _beginning(model: Model, prompt: AudioPrompt | None, frames: int) -> Tensor:
    """The codes [K, P] of the audio to continue, P = 0 if there is none. It must leave room for more."""
    codec = model.codec
    if prompt is None or prompt.role != "continue":
        return torch.zeros(codec.codebooks, 0, dtype=torch.int64)
    there = audio_info(prompt.path).seconds
    seconds = min(prompt.end or there, there) - prompt.start
    if seconds * model.frame_rate > frames - 1:
        raise CallProblem(
            f"The audio prompt of {seconds:.2f} s, which is part of the clip, leaves no room in"
            f" {frames / model.frame_rate:g} s.",
            "Make the clip longer, or use less of the prompt.",
        )
    audio = read_audio(prompt.path, codec.sample_rate, codec.channels, prompt.start, prompt.end)
    return model.encode_audio(audio)[:, : frames - 1]


def _melody(model: Model, job: Job) -> NDArray[np.float32] | None:
    """Mono audio [N] whose melody is to be followed, None if there is none."""
    prompt = job.audio_prompt
    if prompt is None or prompt.role != "melody":
        return None
    if model.melody is None:
        raise CallProblem(
            f"The model '{job.model}' cannot follow a melody.",
            "Use a melody model (such as facebook/musicgen-melody), or continue the audio instead.",
        )
    heard = prompt.start + max(job.settings.seconds, MAX_SECONDS)
    end = heard if prompt.end is None else min(prompt.end, heard)
    mono: NDArray[np.float32] = read_audio(prompt.path, model.codec.sample_rate, 1, prompt.start, end)[0]
    return mono


def _recipe(loaded: _Loaded, job: Job, choices: Sequence[Choice], tuning: Tuning | None) -> Recipe:
    ref = loaded.ref
    return Recipe(
        job=job,
        model=ModelRecord(id=ref.id, source=ref.source, license=ref.license, sha256=loaded.sha256),
        weights=weights(job.mix),
        adapters=tuple(
            AdapterRecord(
                metric=c.metric, direction=c.direction, pack=c.pack, version=c.version, sha256=c.sha256
            )
            for c in choices
        ),
        audio_prompt_sha256=sha256_of(job.audio_prompt.path) if job.audio_prompt else None,
        torch_version=torch.__version__,
        device=loaded.model.device,
        precision=loaded.model.precision,
        tuned_by=tuning and ("merged" if tuning.merged else "deltas"),
        sample_rate=loaded.model.codec.sample_rate,
    )
