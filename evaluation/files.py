"""Any audio files, heard by listeners and kept by their content; one that cannot be read stops no other."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from engine.audio import audio_info, read_audio
from engine.errors import CallProblem, Problem
from engine.files import sha256_of
from engine.ledger import Ledger
from engine.paths import home
from evaluation.clips import Listener

SUFFIXES = (".wav", ".flac", ".ogg", ".opus", ".mp3", ".aif", ".aiff")
MAX_SECONDS = 300.0


@dataclass(frozen=True)
class Listened:
    """File `number` of `total` (from 1): what each listener heard, by its name, or why it cannot be read."""

    path: Path
    number: int
    total: int
    heard: Mapping[str, Mapping[str, Any]] | Problem


def audio_files(places: Sequence[Path]) -> list[Path]:
    """The files of `places`: those named, and the audio in folders, by name and as deep as they go.

    Raises CallProblem if a place is not there, or there is no audio at all.
    """
    found: list[Path] = []
    for place in places:
        if place.is_dir():
            inside = (path for path in place.rglob("*") if path.suffix.lower() in SUFFIXES)
            found += sorted(path for path in inside if path.is_file())
        elif place.is_file():
            found.append(place)
        else:
            raise CallProblem(f"There is no {place}.", "Name audio files, or folders of them.")
    if not found:
        raise CallProblem(
            f"There is no audio in {', '.join(map(str, places))}.", f"Known are: {', '.join(SUFFIXES)}."
        )
    return list(dict.fromkeys(found))


def listen_to_files(paths: Sequence[Path], listeners: Sequence[Listener]) -> Iterator[Listened]:
    """Listen to file after file; of one longer than five minutes, to the middle five."""
    ledgers = {
        listener.name: Ledger(home() / "evaluation" / "files" / listener.name) for listener in listeners
    }
    for number, path in enumerate(paths, 1):
        result: Mapping[str, Mapping[str, Any]] | Problem
        try:
            result = _listen(path, listeners, ledgers)
        except Problem as problem:
            result = problem
        yield Listened(path, number, len(paths), result)


def _listen(
    path: Path, listeners: Sequence[Listener], ledgers: Mapping[str, Ledger]
) -> dict[str, dict[str, Any]]:
    info = audio_info(path)
    key = sha256_of(path)
    missing = [listener for listener in listeners if key not in ledgers[listener.name].known]
    if missing:
        start = max(0.0, (info.seconds - MAX_SECONDS) / 2)
        rate = min(info.sample_rate, 48_000)
        audio = read_audio(path, rate, min(info.channels, 2), start, start + MAX_SECONDS)
        for listener in missing:
            ledgers[listener.name].add({key: listener.hear(audio, None, rate)})
    return {listener.name: ledgers[listener.name].known[key] for listener in listeners}
