"""Probes that learn from real clips: do generated clips sound like what the prompt named?"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from training.starter.corpus.caption import Description
from training.starter.corpus.instruments import DRUMS
from training.starter.report.features import Heard

_INSTRUMENT_FAMILIES: tuple[tuple[str, str], ...] = (
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


def instrument_family(description: Description) -> str:
    """The family of the loudest pitched instrument, "drums" if there is none."""
    for instrument in description.instruments:
        for word, family in _INSTRUMENT_FAMILIES:
            if word in instrument and "bass" not in instrument:
                return family
    return DRUMS if DRUMS in description.instruments else "other"


def _features(clips: Sequence[Heard]) -> NDArray[np.float64]:
    return np.stack([clip.timbre for clip in clips])


def _probe(clips: Sequence[Heard], names: Sequence[str] | Sequence[bool]) -> Pipeline:
    """A support vector machine on timbre; vibenet's features besides made it worse on held-out clips."""
    return make_pipeline(StandardScaler(), SVC(C=3)).fit(_features(clips), names)


def family_accuracy(
    train: Sequence[Heard],
    train_of: Sequence[Description],
    tests: Sequence[Sequence[Heard]],
    test_of: Sequence[Description],
) -> list[float]:
    """The share of clips whose family a probe finds, mean of genre and instrument, for each set of `tests`.

    The probe learns from `train`; `tests` hold clips of the same descriptions, real and generated.
    """
    scores = np.zeros(len(tests))
    for name in (lambda d: d.family, instrument_family):
        probe = _probe(train, [name(d) for d in train_of])
        wanted = [name(d) for d in test_of]
        scores += [np.mean(probe.predict(_features(clips)) == wanted) / 2 for clips in tests]
    return [float(score) for score in scores]


def drums_auc(
    train: Sequence[Heard],
    train_of: Sequence[Description],
    clips: Sequence[Heard],
    clips_of: Sequence[Description],
) -> float:
    """How well a probe that knows drums tells clips whose prompt has drums from the others; 0.5 is chance."""
    probe = _probe(train, [DRUMS in d.instruments for d in train_of])
    found = probe.decision_function(_features(clips))
    return float(roc_auc_score([DRUMS in d.instruments for d in clips_of], found))
