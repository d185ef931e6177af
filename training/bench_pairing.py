"""`tunedial bench pairing`: the paper's dataset read and paired, at its size, from a CSV of made-up songs.

62,700 songs is what the paper kept of 114,000 rows; a song has the genre of its row and up to three of its
artist, of 1,000 in all. Audio is not read: it is what comes before.
"""

import multiprocessing
import resource
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import numpy as np

from engine.commands.common import echo_json, json_option, note
from engine.metrics import METRICS

SPOTIFY = [metric.id for metric in METRICS if metric.source == "spotify"]
TRACK_GENRES = 114  # of the Kaggle CSV
ROWS_PER_ARTIST = 4


@dataclass(frozen=True)
class Paired:
    """What was paired, and what it cost: seconds with reading, and the most memory of the process in GB."""

    songs: int
    genres: int
    candidates: int
    seconds: float
    peak_gb: float


def compare(songs: int, genres: int, matches: int) -> Paired:
    """Make the CSVs, then read and pair them in a process of its own."""
    with tempfile.TemporaryDirectory() as place:
        write_songs(Path(place), songs, genres)
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            return pool.submit(measure, Path(place), matches).result()


def write_songs(place: Path, songs: int, genres: int) -> None:
    """songs.csv and artists.csv with random genres and values, the same every time."""
    rng = np.random.default_rng(0)
    artists = -(-songs // ROWS_PER_ARTIST)
    head = ["track_id", "artists", "track_name", "track_genre", *SPOTIFY]
    values = rng.random((songs, len(SPOTIFY))).round(3).astype(str)
    of_track, of_artist = rng.integers(0, min(genres, TRACK_GENRES), songs), rng.integers(0, artists, songs)
    rows = (
        f"id{n},artist {of_artist[n]},song {n},genre {of_track[n]}," + ",".join(values[n])
        for n in range(songs)
    )
    (place / "songs.csv").write_text("\n".join([",".join(head), *rows]))
    words = (
        ";".join(f"genre {g}" for g in rng.integers(0, genres, rng.integers(1, 4))) for _ in range(artists)
    )
    lines = (f"artist {n},{genre}" for n, genre in enumerate(words))
    (place / "artists.csv").write_text("\n".join(["artist,genres", *lines]))


def measure(place: Path, matches: int) -> Paired:
    """Read and pair what `write_songs` wrote."""
    from training.data.spotify import Pairing, pair_songs, read_songs

    left_out: Counter[str] = Counter()
    begun = time.perf_counter()
    songs = read_songs(place / "songs.csv", place / "artists.csv", None, left_out)
    candidates = pair_songs(songs, Pairing(matches=matches), left_out)
    seconds = time.perf_counter() - begun
    unit = 1 if sys.platform == "darwin" else 1024
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
    words = set().union(*songs.genres)
    return Paired(len(songs.ids), len(words), len(candidates), seconds, peak / 1e9)


@click.command()
@click.option("--songs", type=click.IntRange(2), default=62_700, show_default=True)
@click.option("--genres", type=click.IntRange(1), default=1000, show_default=True)
@click.option(
    "--matches", type=click.IntRange(1), default=1, show_default=True, help="Closest songs for each."
)
@json_option
def pairing(songs: int, genres: int, matches: int, as_json: bool) -> None:
    """Time the pairing of songs in genre space at the size of the paper's dataset, from a made-up CSV."""
    note(f"Making a CSV of {songs} songs, then pairing them.")
    found = compare(songs, genres, matches)
    if as_json:
        echo_json(asdict(found))
    else:
        click.echo(
            f"{found.songs} songs of {found.genres} genres: {found.candidates} pairs "
            f"in {found.seconds:.1f} s, {found.peak_gb:.2f} GB"
        )
