"""Do generated clips sound like what the prompt named? Told by the probe that ships."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from engine.probe.families import DRUMS, GENRE, INSTRUMENT, Probe
from training.starter.corpus.caption import Description
from training.starter.probe import RHYTHM, accuracies, answers
from training.starter.report.features import Heard


def _timbres(clips: Sequence[Heard]) -> NDArray[np.float64]:
    return np.stack([clip.timbre for clip in clips])


def family_accuracy(probe: Probe, clips: Sequence[Heard], descriptions: Sequence[Description]) -> float:
    """The share of clips whose family the probe finds, mean of genre and instrument."""
    found = accuracies(probe, _timbres(clips), [answers(description) for description in descriptions])
    return (found[GENRE] + found[INSTRUMENT]) / 2


def drums_auc(probe: Probe, clips: Sequence[Heard], descriptions: Sequence[Description]) -> float:
    """How well the probe tells clips whose prompt has drums from the others; 0.5 is chance."""
    place = probe.config.families[RHYTHM].index(DRUMS)
    found = probe.probabilities(RHYTHM, _timbres(clips))[:, place]
    return float(roc_auc_score([DRUMS in description.instruments for description in descriptions], found))
