"""Pairs from a folder of one's own music: genres from tags and folder names, labels measured here."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engine.errors import Problem
from engine.labels import ESTIMATORS
from engine.metrics import METRIC_IDS
from engine.pairs import Pair, Side
from training.data.clips import AUDIO, Coded, Excerpt, Tell, encode_excerpts, iterate_excerpts
from training.data.genres import nearest_songs
from training.data.select import Rule, select, unordered, values_of
from training.data.splits import split_of
from training.store import Written, write_pairs


@dataclass(frozen=True)
class Tags:
    """What a file says of itself."""

    genres: frozenset[str]
    artist: str


def make_pairs(
    music: Path,
    out: Path,
    model: Path,
    matches: int,
    same_artist: bool,
    excerpts: int,
    seconds: float,
    rule: Rule,
    workers: int,
    tell: Tell,
) -> Written:
    """Cut, encode, measure, pair and write all audio below `music`.

    Raises Problem if there is none, or no pair is left.
    """
    left_out: Counter[str] = Counter()
    files = [file for file in sorted(music.rglob("*")) if file.suffix.lower() in AUDIO and file.is_file()]
    if not files:
        raise Problem(f"{music} holds no audio.", f"Choose a folder with any of: {', '.join(AUDIO)}.")
    tell("reading tags", 0, len(files), {})
    tags = {file: read_tags(file, music) for file in files}
    untold = [file for file in files if not tags[file].genres]
    left_out["no genre, in the tags or as a folder's name"] += len(untold)
    pieces = list(iterate_excerpts([f for f in files if tags[f].genres], excerpts, seconds, left_out))
    coded = encode_excerpts(pieces, model, True, workers, left_out, tell)
    clips = [(piece, found) for piece, found in zip(pieces, coded, strict=True) if found is not None]
    values = values_of([found.labels or {} for _, found in clips])
    candidates = _candidates([piece for piece, _ in clips], tags, matches, same_artist, left_out)
    pairs = _pairs(clips, candidates, values, tags, rule, left_out)
    estimators = {name: estimator.name for name, estimator in ESTIMATORS.items()}
    return write_pairs(out, pairs, f"your music: {music.name}", left_out, estimators=estimators)


def read_tags(file: Path, top: Path) -> Tags:
    """Genre and artist from the tags; the genre, if there is none, from the folders between `top` and it."""
    import soundfile

    try:
        with soundfile.SoundFile(file) as sound:
            told = sound.copy_metadata()
    except (soundfile.LibsndfileError, OSError):
        told = {}
    words = [word.strip().lower() for word in re.split(r"[;,/|]", told.get("genre", ""))]
    if not any(words):
        words = [re.sub(r"[_-]+", " ", part).strip().lower() for part in file.relative_to(top).parts[:-1]]
    return Tags(frozenset(filter(None, words)), told.get("artist", "").strip().casefold())


def _candidates(
    pieces: list[Excerpt], tags: dict[Path, Tags], matches: int, same_artist: bool, left_out: Counter[str]
) -> np.ndarray:
    """Candidates [C, 2] among the pieces: of one split, never of one file."""
    found = []
    for split in ("train", "test"):
        of = np.array(
            [i for i, piece in enumerate(pieces) if split_of(piece.path.stem) == split], dtype=np.int64
        )
        apart = [_numbers([str(pieces[i].path) for i in of])]
        if not same_artist:
            apart.append(_numbers([tags[pieces[i].path].artist or str(pieces[i].path) for i in of]))
        nearest = nearest_songs([tags[pieces[i].path].genres for i in of], matches, apart)
        left_out["clips that share a genre with no other song"] += int((nearest[:, :1] < 0).sum())
        song, match = np.nonzero(nearest >= 0)
        found.append(np.stack([of[song], of[nearest[song, match]]], axis=1))
    return unordered(np.concatenate(found))


def _numbers(names: list[str]) -> np.ndarray:
    """Equal numbers for equal names [N]."""
    return np.unique(np.array(names, dtype=object), return_inverse=True)[1].astype(np.int64)


def _pairs(
    clips: list[tuple[Excerpt, Coded]],
    candidates: np.ndarray,
    values: np.ndarray,
    tags: dict[Path, Tags],
    rule: Rule,
    left_out: Counter[str],
) -> Iterator[Pair]:
    for column, metric in enumerate(METRIC_IDS):
        for pair in select(candidates, values, metric, rule, left_out):
            both = [clips[i] for i in pair]
            shared = tags[both[0][0].path].genres & tags[both[1][0].path].genres
            best, other = (
                Side(
                    np.load(found.codes),
                    float(values[i, column]),
                    f"{piece.path.name} at {piece.start:.1f} s",
                )
                for i, (piece, found) in zip(pair, both, strict=True)
            )
            yield Pair(", ".join(sorted(shared)), metric, split_of(both[0][0].path.stem), best, other)
