"""Audio files as codes and labels: worked out once for each content and codec, in several processes."""

import hashlib
import io
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine import labels
from engine.audio import audio_info, peak_db, read_audio
from engine.errors import Problem
from engine.files import replace_file, sha256_of
from engine.ledger import Ledger
from engine.parallel import in_processes, one_torch_thread
from training.cache import cache_folder
from training.codec import codec_id, load_codec

AUDIO = (".mp3", ".wav", ".flac", ".ogg", ".m4a", ".aiff")
SILENT_DB = -60.0
Labels = dict[str, float | None]
Tell = Callable[[str, int, int, dict[str, float]], None]


@dataclass(frozen=True)
class Excerpt:
    """`seconds` of the audio file `path` from `start` on; None is to its end."""

    path: Path
    start: float = 0.0
    seconds: float | None = None


@dataclass(frozen=True)
class Coded:
    """An excerpt's codes, on disk as int16 [K, T], and its labels if they were asked for."""

    codes: Path
    labels: Labels | None


def excerpts_of(path: Path, count: int, seconds: float) -> list[Excerpt]:
    """Up to `count` excerpts of `seconds`, spread evenly over a file; one if it is hardly longer.

    Raises Problem if the file cannot be read or is shorter than that.
    """
    there = audio_info(path).seconds
    if there < seconds:
        raise Problem(f"{path} is shorter than {seconds:g} s.", "Choose shorter clips: --seconds")
    fit = min(count, int(there // seconds))
    spare = there - fit * seconds
    return [Excerpt(path, spare * (n + 1) / (fit + 1) + n * seconds, seconds) for n in range(fit)]


def encode_excerpts(
    excerpts: Sequence[Excerpt], model: Path, labelled: bool, workers: int, left_out: Counter[str], tell: Tell
) -> list[Coded | None]:
    """The codes of each excerpt by the codec of `model`, and its labels if `labelled`, None if it is no good.

    What is known from before, by the content of file and codec, is not worked out again. Excerpts that
    cannot be read or are silent are counted in `left_out`.
    """
    codec = codec_id(model)
    place = cache_folder() / "codes" / codec
    ledger = Ledger(cache_folder() / "labels" / labels.VERSION)
    known = set(ledger.known)
    results: list[Coded | None] = [None] * len(excerpts)
    work = partial(_encode, model=model, place=place, labelled=labelled, known=known)
    steps = in_processes(work, list(enumerate(excerpts)), workers, one_torch_thread)
    for done, (number, key, found, reason) in enumerate(steps, 1):
        tell("encoding", done, len(excerpts), {})
        if found:
            ledger.add({key: found})
        if reason:
            left_out[reason] += 1
        else:
            results[number] = Coded(place / f"{key}.npy", ledger.known.get(key))
    return results


def _encode(
    item: tuple[int, Excerpt], model: Path, place: Path, labelled: bool, known: set[str]
) -> tuple[int, str, Labels | None, str | None]:
    """(number, key, labels if they are new, why it is no good)."""
    number, excerpt = item
    try:
        key = _key(excerpt)
        file = place / f"{key}.npy"
        if file.exists() and (key in known or not labelled):
            return number, key, None, None
        codec = load_codec(model)
        end = None if excerpt.seconds is None else excerpt.start + excerpt.seconds
        audio = read_audio(excerpt.path, codec.sample_rate, codec.channels, excerpt.start, end)
    except Problem:
        return number, "", None, "audio that cannot be read"
    level = peak_db(audio)
    if level is None or level < SILENT_DB:
        return number, key, None, "silent audio"
    write_codes(file, encode(model, audio))
    return number, key, labels.label_audio(audio, codec.sample_rate) if labelled else None, None


def _key(excerpt: Excerpt) -> str:
    what = f"{sha256_of(excerpt.path)} {excerpt.start:.3f} {excerpt.seconds}"
    return hashlib.sha256(what.encode()).hexdigest()[:24]


def encode(model: Path, audio: NDArray[np.float32]) -> NDArray[np.int16]:
    """Audio [C, N] at the codec's rate -> codes [K, T]."""
    import torch

    codes = load_codec(model).encode(torch.from_numpy(audio)[None])[0]
    return codes.numpy().astype(np.int16)


def write_codes(file: Path, codes: NDArray[np.int16]) -> None:
    """Keep codes [K, T] in `file`, whole or not at all."""
    data = io.BytesIO()
    np.save(data, codes)
    replace_file(file, data.getvalue())


def label_codes(
    codes: Sequence[NDArray[np.int16]], ids: Sequence[str], model: Path, workers: int, tell: Tell
) -> list[Labels]:
    """The labels of clips as they sound when the codec of `model` decodes them; `ids` name their content."""
    ledger = Ledger(cache_folder() / "labels" / f"{labels.VERSION}-{codec_id(model)}")
    missing = {name: clip for name, clip in zip(ids, codes, strict=True) if name not in ledger.known}
    steps = in_processes(partial(_label, model=model), missing.items(), workers, one_torch_thread)
    for done, (name, found) in enumerate(steps, 1):
        ledger.add({name: found})
        tell("measuring", done, len(missing), {})
    return [ledger.known[name] for name in ids]


def _label(item: tuple[str, NDArray[np.int16]], model: Path) -> tuple[str, Labels]:
    import torch

    from engine.precision import quick

    name, codes = item
    codec = load_codec(model)
    with torch.inference_mode(), quick():
        audio = codec.decode(torch.from_numpy(codes.astype(np.int64))[None])[0].float()
    return name, labels.label_audio(audio.numpy(), codec.sample_rate)


def iterate_excerpts(
    paths: Sequence[Path], count: int, seconds: float, left_out: Counter[str]
) -> Iterator[Excerpt]:
    """The excerpts of readable files of enough length; the others are counted in `left_out`."""
    for path in paths:
        try:
            yield from excerpts_of(path, count, seconds)
        except Problem as problem:
            short = "is shorter than" in problem.what
            left_out["shorter than a clip" if short else "audio that cannot be read"] += 1
