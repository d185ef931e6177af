"""Pairs from the paper's dataset: the Kaggle "Spotify Tracks Genre" CSV and a folder of previews.

Columns of the CSV: track_id, artists (apart by ";"), track_name, track_genre, and the nine metrics by
their names. Optional besides: a CSV of artists' genres (artist or name, genres), and one of YouTube's figures
(track_id, likes, dislikes, comments, views, rating), of which

    interactions = 1000 (likes + dislikes + comments) / views        like_ratio = likes / (likes + dislikes)
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from engine.errors import Problem
from engine.metrics import METRIC_IDS, METRICS
from engine.pairs import Pair, Side, Split
from training.data.clips import AUDIO, Coded, Excerpt, Tell, encode_excerpts
from training.data.genres import nearest_songs
from training.data.select import Rule, Values, select, unordered
from training.data.splits import split_of
from training.store import Written, write_pairs

_SPOTIFY = tuple(metric.id for metric in METRICS if metric.source == "spotify")
_TODO = "Use the Kaggle CSV as it is (spotify-tracks-dataset); docs/training.md names its columns."


@dataclass(frozen=True)
class Songs:
    """N songs: ids, genres, artists as numbers [N] (-1 for none), splits, and metrics [N, metrics]."""

    ids: list[str]
    genres: list[frozenset[str]]
    artists: np.ndarray
    splits: list[Split]
    values: Values


@dataclass(frozen=True)
class Pairing:
    """How songs are paired: `matches` for each, `same_artist` or not, only with this word in a `genre`.

    Of equally close songs the next in the list is taken, or, `first_match`, the first of the list.
    """

    matches: int = 1
    same_artist: bool = True
    genre: str | None = None
    rule: Rule = field(default_factory=lambda: Rule(margin=0.0))
    first_match: bool = False


def make_pairs(
    csv: Path,
    previews: Path,
    out: Path,
    model: Path,
    pairing: Pairing,
    artists: Path | None,
    youtube: Path | None,
    seconds: float,
    workers: int,
    tell: Tell,
) -> Written:
    """Read, pair, encode and write. Raises Problem if a file is not what it should be, or no pair is left."""
    left_out: Counter[str] = Counter()
    tell("reading songs", 0, 1, {})
    songs = read_songs(csv, artists, youtube, left_out)
    files = {file.stem: file for file in sorted(previews.rglob("*")) if file.suffix.lower() in AUDIO}
    songs = _kept(songs, [name in files for name in songs.ids], "no preview", left_out)
    songs = of_genre(songs, pairing.genre, left_out)
    tell("pairing songs", 0, 1, {})
    candidates = pair_songs(songs, pairing, left_out)
    used = sorted(set(candidates.flatten().tolist()))
    excerpts = [Excerpt(files[songs.ids[i]], 0.0, seconds) for i in used]
    coded = encode_excerpts(excerpts, model, False, workers, left_out, tell)
    clips = {i: found for i, found in zip(used, coded, strict=True) if found is not None}
    both = np.array([i in clips and j in clips for i, j in candidates], dtype=bool)
    left_out["pairs without audio on both sides"] += int((~both).sum())
    pairs = _pairs(songs, candidates[both], clips, files, pairing.rule, left_out)
    estimators = {name: "Spotify" if name in _SPOTIFY else "YouTube" for name in METRIC_IDS}
    return write_pairs(out, pairs, f"Spotify: {csv.name}", left_out, estimators=estimators)


def read_songs(csv: Path, artists: Path | None, youtube: Path | None, left_out: Counter[str]) -> Songs:
    """The songs of the CSV, each once: rows of the same track are joined, copies of a song left out."""
    table = _read_csv(csv, {"track_id", "artists", "track_name", "track_genre"})
    incomplete = table[["track_id", "artists", "track_name"]].isna().any(axis=1)
    left_out["rows without id, name or artist"] += int(incomplete.sum())
    table = table[~incomplete]
    genres = table.groupby("track_id", sort=False)["track_genre"].agg(
        lambda words: frozenset(str(word).lower() for word in words.dropna())
    )
    first = table.drop_duplicates("track_id")
    left_out["further rows of a track (their genres are joined)"] += len(table) - len(first)
    copies = first.assign(
        song=first["track_name"].str.casefold().str.strip() + "\n" + first["artists"].str.casefold()
    ).duplicated("song")
    left_out["copies of a song under another id"] += int(copies.sum())
    first = first[~copies].set_index("track_id")
    sets = genres.loc[first.index].tolist()
    if artists is not None:
        of_artist = _artist_genres(artists, left_out)
        sets = [
            mine.union(*(of_artist.get(name.strip().casefold(), ()) for name in names.split(";")))
            for mine, names in zip(sets, first["artists"], strict=True)
        ]
    values = np.full((len(first), len(METRIC_IDS)), np.nan)
    for name in _SPOTIFY:
        if name in first:
            values[:, METRIC_IDS.index(name)] = _numbers(first[name], f"{name}: no number", left_out)
    if youtube is not None:
        for name, column in _youtube_values(youtube, set(first.index), left_out).items():
            values[:, METRIC_IDS.index(name)] = column.reindex(first.index)
    main_artist = first["artists"].str.split(";").str[0].str.casefold()
    numbers = main_artist.factorize()[0].astype(np.int64)
    ids = [str(name) for name in first.index]
    return Songs(ids, sets, numbers, [split_of(name) for name in ids], values)


def of_genre(songs: Songs, word: str | None, left_out: Counter[str]) -> Songs:
    """The songs that have `word` in the name of one of their genres, all if it is None."""
    if word is None:
        return songs
    having = [any(word.lower() in genre for genre in genres) for genres in songs.genres]
    return _kept(songs, having, f"not of the genre '{word}'", left_out)


def pair_songs(songs: Songs, pairing: Pairing, left_out: Counter[str]) -> np.ndarray:
    """Candidates [C, 2], indices of songs that are closest in genre; both are of one split."""
    found = []
    for split in ("train", "test"):
        of = np.array([i for i, mine in enumerate(songs.splits) if mine == split], dtype=np.int64)
        apart = [] if pairing.same_artist else [songs.artists[of]]
        nearest = nearest_songs([songs.genres[i] for i in of], pairing.matches, apart, pairing.first_match)
        left_out["songs that share a genre with no other"] += int((nearest[:, :1] < 0).sum())
        song, match = np.nonzero(nearest >= 0)
        found.append(np.stack([of[song], of[nearest[song, match]]], axis=1))
    return unordered(np.concatenate(found))


def _kept(songs: Songs, wanted: list[bool], reason: str, left_out: Counter[str]) -> Songs:
    left_out[reason] += len(wanted) - sum(wanted)
    at = np.flatnonzero(wanted)
    return Songs(
        [songs.ids[i] for i in at],
        [songs.genres[i] for i in at],
        songs.artists[at],
        [songs.splits[i] for i in at],
        songs.values[at],
    )


def _pairs(
    songs: Songs,
    candidates: np.ndarray,
    clips: dict[int, Coded],
    files: dict[str, Path],
    rule: Rule,
    left_out: Counter[str],
) -> Iterator[Pair]:
    for column, metric in enumerate(METRIC_IDS):
        if not np.isfinite(songs.values[:, column]).any():
            continue
        for chosen, rejected in select(candidates, songs.values, metric, rule, left_out):
            prompt = ", ".join(sorted(songs.genres[chosen] & songs.genres[rejected]))
            best, other = (
                Side(np.load(clips[i].codes), float(songs.values[i, column]), files[songs.ids[i]].name)
                for i in (chosen, rejected)
            )
            yield Pair(prompt, metric, songs.splits[chosen], best, other)


def _read_csv(file: Path, needed: set[str]) -> Any:
    import pandas

    try:
        table = pandas.read_csv(file, dtype={"track_id": str}, low_memory=False)
    except (OSError, ValueError) as error:
        raise Problem(f"{file} cannot be read as CSV: {error}.", _TODO) from error
    if missing := sorted(needed - set(table.columns)):
        raise Problem(f"{file} has no column '{missing[0]}'.", _TODO)
    return table


def _numbers(column: Any, reason: str, left_out: Counter[str]) -> Any:
    """A column as numbers, NaN where it holds none; what is neither a number nor empty is counted."""
    import pandas

    numbers = pandas.to_numeric(column, errors="coerce").astype("float64")
    left_out[reason] += int((numbers.isna() & column.notna()).sum())
    return numbers


def _artist_genres(file: Path, left_out: Counter[str]) -> dict[str, frozenset[str]]:
    """Genres by artist, his rows joined, from lists such as "['pop', 'dance pop']" or "pop;dance pop"."""
    table = _read_csv(file, {"genres"})
    name = next((column for column in ("artist", "artists", "name") if column in table), None)
    if name is None:
        raise Problem(f"{file} has no column 'artist'.", "Its columns are to be: artist, genres.")
    whole = table.dropna(subset=[name, "genres"])
    left_out["artists: rows without name or genres"] += len(table) - len(whole)
    found: dict[str, frozenset[str]] = {}
    for artist, genres in zip(whole[name].astype(str), whole["genres"], strict=True):
        words = (word.strip(" '\"").lower() for word in re.split(r"[;,|]", str(genres).strip("[]")))
        key = artist.strip().casefold()
        found[key] = found.get(key, frozenset()).union(word for word in words if word)
    return found


def _youtube_values(file: Path, known: set[str], left_out: Counter[str]) -> dict[str, Any]:
    """YouTube's metrics by track id, of the tracks `known`; what is no figure is counted and left empty."""
    table = _read_csv(file, {"track_id", "likes", "dislikes", "comments", "views"})
    left_out["YouTube: rows without a track id"] += int(table["track_id"].isna().sum())
    table = table.dropna(subset=["track_id"])
    left_out["YouTube: rows of songs that are not in the list"] += int((~table["track_id"].isin(known)).sum())
    table = table[table["track_id"].isin(known)]
    once = table.drop_duplicates("track_id").set_index("track_id")
    left_out["YouTube: further rows of a track"] += len(table) - len(once)

    def figures(name: str) -> Any:
        numbers = _numbers(once[name], f"YouTube: {name}: no number", left_out)
        left_out[f"YouTube: {name}: below 0"] += int((numbers < 0).sum())
        return numbers.where(numbers >= 0)

    likes, dislikes, comments, views = (figures(name) for name in ("likes", "dislikes", "comments", "views"))
    votes = likes + dislikes
    found = {
        "interactions": 1000 * (votes + comments) / views.where(views > 0),
        "like_ratio": likes / votes.where(votes > 0),
        "views": views,
    }
    return found | ({"rating": figures("rating")} if "rating" in once else {})
