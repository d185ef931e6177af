"""Train the probe that ships: logistic regressions on the timbre of rendered songs, one a question."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engine.errors import Problem
from engine.parallel import in_processes
from engine.probe.families import DRUMS, GENRE, INSTRUMENT, Probe, ProbeConfig, standardized
from engine.probe.timbre import VERSION, timbre
from training.starter.corpus.build import Rendering
from training.starter.corpus.caption import VOICE_WORDS, Description
from training.starter.corpus.instruments import INSTRUMENTS
from training.starter.corpus.styles import GENRE_FAMILIES
from training.starter.report.clips import clip_stems, pick

RHYTHM = "rhythm"  # whether drums sound; no word of a prompt answers it
REST = "other"

_BATCH = 16
_STRENGTH = 0.03  # the inverse of the penalty, best of 0.003 to 0.3 in five folds of the songs learned from

# The first word found in an instrument's name gives its family.
_FAMILIES: tuple[tuple[str, str], ...] = (
    ("piano", "keys"),
    ("harpsichord", "keys"),
    ("organ", "organ"),
    ("accordion", "organ"),
    ("harmonica", "organ"),
    ("guitar", "guitar"),
    ("banjo", "guitar"),
    ("violin", "strings"),
    ("fiddle", "strings"),
    ("cello", "strings"),
    ("strings", "strings"),
    ("saxophone", "wind"),
    ("trumpet", "wind"),
    ("trombone", "wind"),
    ("brass", "wind"),
    ("clarinet", "wind"),
    ("flute", "wind"),
    ("oboe", "wind"),
    ("synth", "synth"),
    ("choir", "voice"),
)

Array = NDArray[np.float64]
Answers = Mapping[str, str]


def answers(description: Description) -> dict[str, str]:
    """The family of what really sounds, by question."""
    return {
        GENRE: description.family,
        INSTRUMENT: instrument_family(description.instruments),
        RHYTHM: DRUMS if DRUMS in description.instruments else REST,
    }


def instrument_family(instruments: Sequence[str]) -> str:
    """The family of the loudest pitched instrument; "drums" or "other" if there is none."""
    pitched = filter(None, map(_family, instruments))
    return next(pitched, DRUMS if DRUMS in instruments else REST)


def _family(instrument: str) -> str | None:
    if "bass" in instrument:
        return None
    return next((family for word, family in _FAMILIES if word in instrument), None)


def prompt_words() -> dict[str, dict[str, str | None]]:
    """The words that name families in prompts, by question: of captions, and shorter ones that people use."""
    spoken = [word for words in VOICE_WORDS.values() for word in words]
    names = [*INSTRUMENTS, *spoken, *(word for word, _ in _FAMILIES), "bass"]
    instruments = {name: _family(name) for name in names}
    return {GENRE: dict(GENRE_FAMILIES), INSTRUMENT: {**instruments, DRUMS: DRUMS}}


def places(everything: Sequence[Rendering], split: str, count: int) -> list[tuple[Rendering, int]]:
    """At most `count` clips (rendering, first sample) of the songs of a split."""
    return pick([rendering for rendering in everything if rendering.split == split], count)


def listen(
    corpus: Path, clips: Sequence[tuple[Rendering, int]], workers: int
) -> Iterator[tuple[int, list[tuple[int, Array]]]]:
    """The timbres [F] of clips, each with its place in `clips`; yields (clips done, those new)."""
    batches = [(start, clips[start : start + _BATCH]) for start in range(0, len(clips), _BATCH)]
    done = 0
    for found in in_processes(partial(_listen, corpus), batches, workers):
        done += len(found)
        yield done, found


def _listen(corpus: Path, batch: tuple[int, Sequence[tuple[Rendering, int]]]) -> list[tuple[int, Array]]:
    first, clips = batch
    mixes = (clip_stems(corpus, *clip).sum(0) for clip in clips)
    return [(first + n, timbre(mix)) for n, mix in enumerate(mixes)]


def in_order(rows: Sequence[tuple[int, Array]]) -> Array:
    """What `listen` gave, by place: [n, F]."""
    return np.stack([row for _, row in sorted(rows, key=lambda row: row[0])])


def learn(timbres: Array, told: Sequence[Answers]) -> Probe:
    """The probe that learned from timbres [n, F] and their answers [n]. Raises Problem for too few."""
    from sklearn.linear_model import LogisticRegression

    if len(told) < 100:
        raise Problem(f"A probe cannot learn from {len(told)} clips.", "Render 100 songs or more.")
    centre, spread = timbres.mean(axis=0), timbres.std(axis=0) + 1e-6
    standard = standardized(timbres, centre, spread)
    questions, families = {}, {}
    for question in told[0]:
        found = LogisticRegression(C=_STRENGTH, max_iter=1000).fit(standard, [one[question] for one in told])
        weight, bias = found.coef_, found.intercept_
        if len(found.classes_) == 2:  # one row tells both
            weight, bias = np.concatenate([-weight, weight]) / 2, np.concatenate([-bias, bias]) / 2
        questions[question] = (weight, bias)
        families[question] = tuple(str(name) for name in found.classes_)
    config = ProbeConfig(timbre_version=VERSION, families=families, words=prompt_words())
    return Probe(config, centre, spread, questions, version="")


def accuracies(probe: Probe, timbres: Array, told: Sequence[Answers]) -> dict[str, float]:
    """The share of clips, timbres [n, F], whose answer the probe finds most probable, by question."""
    found = {}
    for question, families in probe.config.families.items():
        best = probe.probabilities(question, timbres).argmax(axis=1)
        found[question] = float(
            np.mean([families[n] == one[question] for n, one in zip(best, told, strict=True)])
        )
    return found


def most_frequent(told: Sequence[Answers]) -> dict[str, float]:
    """The share of the commonest answer, by question: what a probe reaches that does not listen."""
    counts = {question: Counter(one[question] for one in told) for question in told[0]}
    return {question: max(count.values()) / len(told) for question, count in counts.items()}
