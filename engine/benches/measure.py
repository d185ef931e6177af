"""`tunedial bench measure`: clips measured a second, one by one and in batches."""

import itertools
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import click
import numpy as np

from engine.audio import write_audio
from engine.commands.common import echo_json, json_option, note
from engine.measure import Measured, measure_many

_RATE = 32_000


@dataclass(frozen=True)
class Rates:
    """Clips a second in the second half of the clips: all that is loaded once is loaded by then."""

    one_by_one: float
    batched: float
    batched_ratio: float


def compare(clips: int, seconds: float, workers: int | None = None) -> Rates:
    """Measure the same made-up clips both ways; `workers` as in `measure_many`."""
    with tempfile.TemporaryDirectory() as folder:
        paths = [_clip(Path(folder) / f"{number}.wav", number, seconds) for number in range(clips)]
        alone = rate(measure_many(paths, workers=1))
        batched = rate(measure_many(paths, workers))
    return Rates(alone, batched, batched / alone)


def rate(results: Iterator[Measured]) -> float:
    """Results a second, of the second half."""
    times = [time.perf_counter() for _ in results]
    half = len(times) // 2
    return (len(times) - half) / (times[-1] - times[half - 1])


def _clip(path: Path, number: int, seconds: float) -> Path:
    """Plucked notes in a key and a tuning of their own over a pulse and noise."""
    random = np.random.default_rng(number)
    length = round(seconds * _RATE)
    audio = 0.01 * random.standard_normal(length)
    beat = round(_RATE * 60 / random.uniform(80, 160))
    tuning = 440 * 2 ** random.uniform(-0.04, 0.04)
    scale = np.array([0, 2, 4, 5, 7, 9, 11]) + random.integers(12)
    for start in itertools.takewhile(lambda at: at < length, itertools.count(0, beat)):
        t = np.arange(min(beat, length - start)) / _RATE
        note_hz = tuning * 2 ** ((random.choice(scale) - 12) / 12)
        audio[start : start + len(t)] += 0.2 * np.exp(-4 * t) * np.sin(2 * np.pi * note_hz * t)
    write_audio(path, audio.astype(np.float32)[None], _RATE)
    return path


@click.command()
@click.option("--clips", type=click.IntRange(2), default=60, show_default=True, help="How many.")
@click.option("--seconds", type=click.FloatRange(1, 300), default=10, show_default=True, help="Of a clip.")
@json_option
def measure(clips: int, seconds: float, as_json: bool) -> None:
    """Time `tunedial measure`, and so the labelling of clips: one by one and in batches.

    A batch is a process for each core; from 16 files on `tunedial measure` does the same.
    """
    note(f"Measuring {clips} clips of {seconds:g} s, twice.")
    found = compare(clips, seconds)
    if as_json:
        echo_json(asdict(found))
        return
    click.echo(f"one by one  {found.one_by_one:6.1f} clips a second")
    click.echo(f"batched     {found.batched:6.1f} clips a second, {found.batched_ratio:.2f} times as many")
