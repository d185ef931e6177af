"""Ten-second windows of rendered songs: their features and labels, worked out once and kept."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import soxr
from numpy.typing import NDArray

from engine.errors import Problem
from engine.labels import VERSION as LABELS_VERSION
from engine.ledger import Ledger
from engine.parallel import in_processes
from engine.proxies import proxies_of
from engine.scorer.features import RATE, VERSION, hear, pack, unpack
from engine.windows import WINDOW_S
from training.starter.codec.data import played_stems
from training.starter.corpus.build import Rendering, renderings
from training.starter.corpus.caption import Description
from training.starter.corpus.synth import FRAME, SAMPLE_RATE

_SAMPLES = WINDOW_S * SAMPLE_RATE
_BATCH = 8  # windows listened to before they are kept


@dataclass(frozen=True, eq=False)
class Window:
    """Features [F] and labels (None where undefined) of ten seconds of a song, and what sounds in it.

    `first` is true of one window of each song: the one that stands for it where songs are retrieved.
    """

    split: str
    first: bool
    description: Description
    features: NDArray[np.float32]
    labels: dict[str, float | None]


def choose(everything: Sequence[Rendering], count: int) -> list[tuple[Rendering, int]]:
    """`count` windows (rendering, first sample), on bar lines: all held-out songs first, then the others."""
    rng = random.Random(0)
    places = []
    for rendering in everything:
        bar = rendering.bar_frames * FRAME
        last = (rendering.samples - _SAMPLES) // bar
        if last >= 0:
            rank = ("test", "validation", "train").index(rendering.split)
            shuffled = rng.random()
            later = rendering.variant > 0 and rank == 0
            places.append(((rank + 1 if later else rank, shuffled), rendering, bar * rng.randint(0, last)))
    return [place[1:] for place in sorted(places, key=lambda place: place[0])][:count]


def listen(corpus: Path, count: int, workers: int) -> Iterator[tuple[int, int]]:
    """Listen to the windows that are not known yet; yields (done, total)."""
    places = choose(renderings(corpus), count)
    if not places:
        raise Problem("The corpus has no songs.", "Render them first: python -m training.starter corpus")
    ledger = _ledger(corpus)
    missing = [place for place in places if _key(*place) not in ledger.known]
    done = len(places) - len(missing)
    yield done, len(places)
    batches = [missing[start : start + _BATCH] for start in range(0, len(missing), _BATCH)]
    for found in in_processes(partial(_hear, corpus), batches, workers):
        ledger.add(found)
        done += len(found)
        yield done, len(places)


def read_windows(corpus: Path, count: int) -> list[Window]:
    """The windows that `listen` has listened to. Raises Problem if one is missing."""
    known = _ledger(corpus).known
    made = []
    for rendering, start in choose(renderings(corpus), count):
        found = known.get(_key(rendering, start))
        if found is None:
            raise Problem(f"{rendering.name} was not listened to yet.", "Run the command again.")
        made.append(
            Window(
                rendering.split,
                rendering.variant == 0,
                rendering.description,
                unpack(found["features"]),
                found["labels"],
            )
        )
    return made


def labels_by_name(corpus: Path) -> dict[str, dict[str, float | None]]:
    """The labels of each rendering whose window `listen` has listened to, by its name."""
    return {key.rsplit(":", 1)[0]: found["labels"] for key, found in _ledger(corpus).known.items()}


def _ledger(corpus: Path) -> Ledger:
    return Ledger(corpus / "scorer" / f"{VERSION}-{LABELS_VERSION}")


def _key(rendering: Rendering, start: int) -> str:
    return f"{rendering.name}:{start}"


def _hear(corpus: Path, batch: Sequence[tuple[Rendering, int]]) -> dict[str, dict[str, object]]:
    found: dict[str, dict[str, object]] = {}
    for rendering, start in batch:
        mix = played_stems(corpus, rendering, start, _SAMPLES).sum(0)
        mono = soxr.resample(mix, SAMPLE_RATE, RATE)
        heard = hear(mono)
        labels = {**heard.vibes, **proxies_of(mono, heard.vibes), "tempo": rendering.description.tempo}
        found[_key(rendering, start)] = {"features": pack(heard.features), "labels": labels}
    return found
