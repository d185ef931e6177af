"""How much of a caption the probe still hears when a song is rendered in another way: what a knob is held to.

A song as composed and a variant of it that differs in one quality, played by the same instruments, keep to
one caption. The probe tells families from timbre, and a louder or livelier band has another timbre: so what
it hears of the caption falls with the quality itself. A knob that moves music as far can hardly keep more.
"""

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.labels import label_audio
from engine.metrics import METRIC_IDS
from engine.parallel import in_processes, one_torch_thread
from engine.probe.families import Probe
from engine.probe.timbre import timbre
from training.data.counterfactual import Cut
from training.data.select import spreads, values_of
from training.starter.corpus.caption import plain_caption
from training.starter.corpus.synth import FRAME, SAMPLE_RATE
from training.starter.report.clips import clip_stems

MOVED = 0.7  # standard deviations that a variant lies above or below its song, to count for a metric
LEAST = 10  # couples that make a figure

Array = NDArray[np.float64]


@dataclass(frozen=True)
class Sound:
    """A clip's timbre [F] and the values of its metrics."""

    timbre: Array
    labels: dict[str, float | None]


def alike(couples: Sequence[tuple[Cut, Cut]]) -> list[tuple[Cut, Cut]]:
    """Those `couples` in which the same instruments play."""
    return [(song, variant) for song, variant in couples if _played(song) == _played(variant)]


def _played(cut: Cut) -> frozenset[str]:
    return frozenset(cut.rendering.description.instruments)


def listen(corpus: Path, cuts: Sequence[Cut], workers: int) -> Iterator[tuple[int, Cut, Sound]]:
    """What is heard in each of `cuts`, of ten seconds; yields (clips done, the clip, what is heard)."""
    heard = in_processes(partial(_listen, corpus), cuts, workers, one_torch_thread)
    for done, (cut, sound) in enumerate(heard, 1):
        yield done, cut, sound


def _listen(corpus: Path, cut: Cut) -> tuple[Cut, Sound]:
    start = cut.bar * cut.rendering.bar_frames * FRAME
    mix = clip_stems(corpus, cut.rendering, start).sum(0)
    return cut, Sound(timbre(mix), label_audio(mix[None], SAMPLE_RATE))


def kept(probe: Probe, couples: Sequence[tuple[Cut, Cut]], heard: Mapping[Cut, Sound]) -> dict[str, Any]:
    """What the probe still hears of the captions in the variants, as a share of what it hears in the songs.

    `couples` are a song as composed and a variant of it. By axis, and by metric for variants above and
    below their song: how many, how far the metric moved in standard deviations of all clips, the share, and
    its standard error.
    """
    captions = [
        plain_caption(song.rendering.description, random.Random(song.rendering.seed)) for song, _ in couples
    ]
    sounds = [[heard[couple[side]] for couple in couples] for side in (0, 1)]
    plain, varied = (probe.fit(captions, np.stack([sound.timbre for sound in side])) for side in sounds)
    values = [values_of([sound.labels for sound in side]) for side in sounds]
    moved = (values[1] - values[0]) / spreads(np.concatenate(values))
    axes = np.array([variant.rendering.axis for _, variant in couples])
    return {
        "axes": {axis: _share(plain, varied, axes == axis) for axis in sorted(set(axes))},
        "metrics": {
            name: {
                direction: _share(plain, varied, sign * moved[:, column] >= MOVED, moved[:, column])
                for direction, sign in (("up", 1), ("down", -1))
            }
            for column, name in enumerate(METRIC_IDS)
        },
    }


def _share(
    plain: Array, varied: Array, chosen: NDArray[np.bool_], moved: Array | None = None
) -> dict[str, float] | None:
    known = chosen & np.isfinite(plain) & np.isfinite(varied)
    count = int(known.sum())
    if count < LEAST or not (whole := plain[known].mean()) > 0:
        return None
    lost = plain[known] - varied[known]
    found = {
        "couples": count,
        "kept": float(1 - lost.mean() / whole),
        "error": float(lost.std(ddof=1) / np.sqrt(count) / whole),
    }
    return found if moved is None else {**found, "moved": float(moved[known].mean())}
