"""Clips of the base and of turned knobs: made in batches once, heard by listeners, and kept.

Below `home()/evaluation/<base's sha256>` lie the codes of every clip that was made, and for each listener
what it heard, both under the clip's key: the hash of all that decides its samples. So another listener, or a
newer version of one, decodes the codes again and generates nothing.
"""

import hashlib
import io
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.adapters import CONFIG_FILE
from engine.catalog import find_model, sampling_of, weights_sha256
from engine.codecs import drawn_codebooks
from engine.errors import Problem
from engine.files import replace_file, sha256_of
from engine.job import GenerationSettings
from engine.ledger import Ledger
from engine.mix import Mix
from engine.packs import Choice, Pack, adapters_for
from engine.parallel import in_processes, one_torch_thread
from engine.paths import home
from evaluation.hearing import VERSION, hear

BATCH = 96  # clips made and heard before they are kept

Knobs = tuple[tuple[str, float], ...]  # metric and value, in the order of METRICS; empty is the base
Audio = NDArray[np.float32]
Codes = NDArray[np.int64]


@dataclass(frozen=True)
class Wanted:
    """A clip to make and hear."""

    prompt: str
    seed: int
    knobs: Knobs = ()


@dataclass(frozen=True)
class Listener:
    """Works plain values, by name, out of audio [C, N], drawn codes [K, T] (None of a file), sample rate.

    `name` holds its version: what was heard is kept under it. `together` does it for many clips at once,
    where that is faster. Both must survive pickling.
    """

    name: str
    hear: Callable[[Audio, Codes | None, int], dict[str, Any]]
    together: Callable[[Sequence[Audio], int], list[dict[str, Any]]] | None = None

    def hear_batch(self, clips: Sequence[tuple[Audio, Codes]], sample_rate: int) -> list[dict[str, Any]]:
        """What it hears in each of several clips."""
        if self.together:
            return self.together([audio for audio, _ in clips], sample_rate)
        return [self.hear(audio, codes, sample_rate) for audio, codes in clips]


HEARING = Listener(f"hearing-{VERSION}", hear)


@dataclass(frozen=True)
class Studio:
    """Where clips come from: a pack on its base model, and how they are sampled."""

    pack: Pack
    model: Path
    sha256: str
    settings: GenerationSettings

    @property
    def folder(self) -> Path:
        """Where the clips of this base are kept."""
        return home() / "evaluation" / self.sha256[:16]

    def codes_file(self, key: str) -> Path:
        """Where the codes of the clip with this key are kept."""
        return self.folder / "codes" / key[:2] / f"{key}.npy"

    def choices(self, knobs: Knobs) -> list[Choice]:
        """The adapters that turn `knobs`. Raises Problem if the pack has none for these weights."""
        mix = Mix(knobs=dict(knobs))
        return adapters_for(mix, [self.pack], self.pack.manifest.base_model, self.sha256)

    def key(self, wanted: Wanted, choices: Sequence[Choice]) -> str:
        """Names a clip by all that decides it; adapters by their content."""
        what = {
            "model": self.sha256,
            "settings": self.settings.model_dump(),
            "prompt": wanted.prompt,
            "seed": wanted.seed,
            "knobs": [
                [choice.metric, value, choice.sha256, sha256_of(choice.folder / CONFIG_FILE)]
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
    settled = settings.settled(sampling_of(model.folder))
    return Studio(pack, model.folder, weights_sha256(model.folder), settled)


@dataclass(frozen=True)
class Heard:
    """How far it is: `done` of `total` clips."""

    done: int
    total: int


def hear_all(
    studio: Studio, wanted: Sequence[Wanted], workers: int, listeners: Sequence[Listener] = (HEARING,)
) -> Iterator[Heard | Mapping[Wanted, dict[str, Any]]]:
    """Make and hear what is not known yet; yields how far it is, and at the end what was heard.

    That is by clip, and of each clip by the listener's name.
    """
    chosen = {knobs: studio.choices(knobs) for knobs in dict.fromkeys(clip.knobs for clip in wanted)}
    ledgers = [Ledger(studio.folder / listener.name) for listener in listeners]
    keys = {clip: studio.key(clip, chosen[clip.knobs]) for clip in wanted}
    missing = [clip for clip, key in keys.items() if any(key not in ledger.known for ledger in ledgers)]
    done = len(keys) - len(missing)
    yield Heard(done, len(keys))
    work = partial(_hear, studio.model, studio.settings, chosen, tuple(listeners))
    batches = [{clip: studio.codes_file(keys[clip]) for clip in batch} for batch in _batches(missing)]
    steps = map(work, batches) if workers == 1 else in_processes(work, batches, workers, one_torch_thread)
    for found in steps:
        for number, ledger in enumerate(ledgers):
            ledger.add({keys[clip]: heard[number] for clip, heard in found.items()})
        done += len(found)
        yield Heard(done, len(keys))
    yield {
        clip: {one.name: ledger.known[key] for one, ledger in zip(listeners, ledgers, strict=True)}
        for clip, key in keys.items()
    }


def read_codes(studio: Studio, wanted: Wanted) -> Codes | None:
    """The codes [K, T] of a clip that was made; None if it was not."""
    return _read_codes(studio.codes_file(studio.key(wanted, studio.choices(wanted.knobs))))


def audio_of(model: Path, codes: Codes) -> tuple[Audio, int]:
    """The audio [C, N] that the model in a folder plays for codes [K, T], and its sample rate."""
    import torch

    from engine.batch import listen

    loaded = loaded_model(model)
    return listen(loaded, torch.from_numpy(codes)), loaded.codec.sample_rate


def _batches(missing: Sequence[Wanted]) -> Iterator[list[Wanted]]:
    """At most BATCH clips of the same knobs, prompts of about the same length side by side."""
    by_knobs: dict[Knobs, list[Wanted]] = {}
    for clip in missing:
        by_knobs.setdefault(clip.knobs, []).append(clip)
    for clips in by_knobs.values():
        clips.sort(key=lambda clip: len(clip.prompt))
        yield from (clips[start : start + BATCH] for start in range(0, len(clips), BATCH))


@cache
def loaded_model(folder: Path) -> Any:
    """The model in `folder`, loaded once in this process."""
    from engine.device import best_device
    from engine.model import load_model

    return load_model(folder, best_device())


@lru_cache(maxsize=4)
def _tuning(model: Path, knobs: Knobs, folders: tuple[Path, ...]) -> Any:
    from engine.adapters import read_adapter
    from engine.merge import combine

    decoder = loaded_model(model).decoder
    like = decoder.like_weights
    adapters = {
        metric: read_adapter(folder, like) for (metric, _), folder in zip(knobs, folders, strict=True)
    }
    return decoder.tune(combine(Mix(knobs=dict(knobs)), adapters))


def _hear(
    model: Path,
    settings: GenerationSettings,
    chosen: Mapping[Knobs, list[Choice]],
    listeners: Sequence[Listener],
    batch: Mapping[Wanted, Path],
) -> dict[Wanted, list[dict[str, Any]]]:
    """What each listener hears in each clip; those whose file is not there are made first."""
    from engine.precision import quick

    codes = {clip: _read_codes(file) for clip, file in batch.items()}
    new = [clip for clip in batch if codes[clip] is None]
    if new:
        for clip, row in zip(new, _make(model, settings, chosen, new), strict=True):
            codes[clip] = row
            _write_codes(batch[clip], row)
    codec = loaded_model(model).codec
    drawn = drawn_codebooks(codec)
    with quick():
        clips = [(audio_of(model, row)[0], row[drawn]) for row in codes.values() if row is not None]
    heard = [listener.hear_batch(clips, codec.sample_rate) for listener in listeners]
    return {clip: [rows[n] for rows in heard] for n, clip in enumerate(batch)}


def _make(
    model: Path, settings: GenerationSettings, chosen: Mapping[Knobs, list[Choice]], batch: list[Wanted]
) -> Codes:
    """Codes [B, K, T] of clips."""
    from engine.batch import make_clips
    from engine.generate import Clip

    clips = []
    for clip in batch:
        folders = tuple(choice.folder for choice in chosen[clip.knobs])
        clips.append(Clip(clip.seed, _tuning(model, clip.knobs, folders) if clip.knobs else None))
    codes: Codes = make_clips(loaded_model(model), [clip.prompt for clip in batch], clips, settings).numpy()
    return codes


def _read_codes(file: Path) -> Codes | None:
    try:
        return np.load(file, allow_pickle=False).astype(np.int64)
    except (OSError, ValueError):  # not there, or not whole
        return None


def _write_codes(file: Path, codes: Codes) -> None:
    data = io.BytesIO()
    np.save(data, codes.astype(np.int16))
    replace_file(file, data.getvalue())
