"""Clips of the base and of turned knobs: made in batches, heard, and kept by what they were made from."""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from engine.catalog import find_model, weights_sha256
from engine.errors import Problem
from engine.job import GenerationSettings
from engine.ledger import Ledger
from engine.mix import Mix
from engine.packs import Choice, Pack, adapters_for
from engine.paths import home
from evaluation.hearing import VERSION

BATCH = 32  # clips decoded at once: more would only take more memory

Knobs = tuple[tuple[str, float], ...]  # metric and value, in the order of METRICS; empty is the base


@dataclass(frozen=True)
class Wanted:
    """A clip to make and hear."""

    prompt: str
    seed: int
    knobs: Knobs = ()


@dataclass(frozen=True)
class Studio:
    """Where clips come from: a pack on its base model, and how they are sampled."""

    pack: Pack
    model: Path
    sha256: str
    settings: GenerationSettings

    def choices(self, knobs: Knobs) -> list[Choice]:
        """The adapters that turn `knobs`. Raises Problem if the pack has none for these weights."""
        mix = Mix(knobs=dict(knobs))
        return adapters_for(mix, [self.pack], self.pack.manifest.base_model, self.sha256)

    def key(self, wanted: Wanted, choices: Sequence[Choice]) -> str:
        """Names a clip by all that decides it and what is heard in it; adapters by their content."""
        what = {
            "heard": VERSION,
            "model": self.sha256,
            "settings": self.settings.model_dump(),
            "prompt": wanted.prompt,
            "seed": wanted.seed,
            "knobs": [
                [choice.metric, value, choice.sha256]
                for choice, (_, value) in zip(choices, wanted.knobs, strict=True)
            ],
        }
        return hashlib.sha256(json.dumps(what, sort_keys=True).encode()).hexdigest()[:24]


def open_studio(pack: Pack, settings: GenerationSettings) -> Studio:
    """The studio of a pack. Raises Problem if its base model is not on this computer."""
    model = find_model(pack.manifest.base_model)
    if model.folder is None:
        raise Problem(
            f"The model '{model.id}' is not on this computer.", f"Fetch it: tunedial models get {model.id}"
        )
    return Studio(pack, model.folder, weights_sha256(model.folder), settings)


@dataclass(frozen=True)
class Heard:
    """How far it is: `done` of `total` clips."""

    done: int
    total: int


def hear_all(
    studio: Studio, wanted: Sequence[Wanted], workers: int
) -> Iterator[Heard | Mapping[Wanted, dict[str, Any]]]:
    """Make and hear what is not known yet; yields how far it is, and at the end what was heard, by clip."""
    chosen = {knobs: studio.choices(knobs) for knobs in dict.fromkeys(clip.knobs for clip in wanted)}
    ledger = Ledger(home() / "evaluation" / studio.sha256[:16])
    keys = {clip: studio.key(clip, chosen[clip.knobs]) for clip in wanted}
    missing = [clip for clip, key in keys.items() if key not in ledger.known]
    done = len(keys) - len(missing)
    yield Heard(done, len(keys))
    work = partial(_hear, studio.model, studio.settings, chosen)
    batches = list(_batches(missing))
    for found in _in_processes(work, batches, workers):
        ledger.add({keys[clip]: heard for clip, heard in found.items()})
        done += len(found)
        yield Heard(done, len(keys))
    yield {clip: ledger.known[key] for clip, key in keys.items()}


def _batches(missing: Sequence[Wanted]) -> Iterator[list[Wanted]]:
    """Clips of one prompt, at most BATCH together."""
    by_prompt: dict[str, list[Wanted]] = {}
    for clip in missing:
        by_prompt.setdefault(clip.prompt, []).append(clip)
    for clips in by_prompt.values():
        yield from (clips[start : start + BATCH] for start in range(0, len(clips), BATCH))


def _in_processes(work: Any, batches: Sequence[list[Wanted]], workers: int) -> Iterator[Any]:
    if workers == 1:
        yield from map(work, batches)
        return
    with ProcessPoolExecutor(workers, initializer=_one_thread) as pool:
        try:
            for future in as_completed([pool.submit(work, batch) for batch in batches]):
                yield future.result()
        finally:
            pool.shutdown(cancel_futures=True)


def _one_thread() -> None:
    import torch

    torch.set_num_threads(1)


@cache
def _model(folder: Path) -> Any:
    from engine.local import best_device
    from engine.model import load_model

    return load_model(folder, best_device())


@cache
def _tuning(model: Path, knobs: Knobs, folders: tuple[Path, ...]) -> Any:
    import torch

    from engine.adapters import read_adapter
    from engine.merge import combine

    decoder = _model(model).decoder
    like = {
        f"{name}.weight": torch.empty(shape, device="meta") for name, shape in decoder.linear_shapes.items()
    }
    adapters = {
        metric: read_adapter(folder, like) for (metric, _), folder in zip(knobs, folders, strict=True)
    }
    return decoder.tune(combine(Mix(knobs=dict(knobs)), adapters))


def _hear(
    model: Path, settings: GenerationSettings, chosen: Mapping[Knobs, list[Choice]], batch: list[Wanted]
) -> dict[Wanted, dict[str, Any]]:
    from engine.batch import listen, make_clips
    from engine.generate import Clip
    from evaluation.hearing import hear

    loaded = _model(model)
    clips = [
        Clip(
            clip.seed,
            _tuning(model, clip.knobs, tuple(choice.folder for choice in chosen[clip.knobs]))
            if clip.knobs
            else None,
        )
        for clip in batch
    ]
    codes = make_clips(loaded, batch[0].prompt, clips, settings)
    rate = loaded.codec.sample_rate
    return {
        clip: hear(listen(loaded, row), row.numpy(), rate) for clip, row in zip(batch, codes, strict=True)
    }
