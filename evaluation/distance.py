"""Distances between sets of clips: FAD, KL, IS, as Tango 2 reports them (papers: Majumder et al. 2024, 5.3).

Features are [n, F], posteriors [n, C]. All are pure functions of arrays; VERSION changes with what they give.
"""

import numpy as np
from numpy.typing import NDArray

from engine.errors import Problem
from engine.frechet import frechet_distance

VERSION = 1

Array = NDArray[np.float64]
_TINY = 1e-7


def frechet(a: Array, b: Array) -> float:
    """The Fréchet distance of features [n, F] and [m, F], 0 upwards; lower is nearer (`engine.frechet`).

    Raises Problem for fewer than two clips in a set.
    """
    validate(a, b)
    if min(len(a), len(b)) < 2:
        raise Problem("A Fréchet distance needs at least two clips that sound in each set.", "Add clips.")
    return frechet_distance(a, b)


def divergence(reference: Array, made: Array, exclusive: bool) -> Array:
    """KL(reference || made) of posteriors [n, C], pair by pair [n], in nats; lower is nearer.

    `exclusive`: the classes of a row exclude each other and sum to 1. Otherwise each class is a question of
    its own, answered with a probability; the divergences of the answers are added.
    """
    validate(reference, made)
    p, q = (np.clip(x, _TINY, 1 - _TINY) for x in (reference, made))
    terms = p * np.log(p / q)
    if not exclusive:
        terms = terms + (1 - p) * np.log((1 - p) / (1 - q))
    found: Array = terms.sum(axis=1)
    return found


def inception_score(posteriors: Array, exclusive: bool) -> float:
    """exp of the mean KL of each posterior [n, C] from their mean, 1 upwards (Salimans et al. 2016).

    Higher: each clip is clearly something, and together they are many things.
    """
    if not len(posteriors):
        raise Problem("An inception score needs at least one clip that sounds.", "Add clips.")
    mean = np.broadcast_to(posteriors.mean(axis=0), posteriors.shape)
    return float(np.exp(divergence(posteriors, mean, exclusive).mean()))


def validate(a: Array, b: Array) -> None:
    """Raise ValueError unless both are finite [n, F] of the same F."""
    if a.ndim != 2 or b.ndim != 2 or a.shape[1] != b.shape[1]:
        raise ValueError(f"features of shapes {a.shape} and {b.shape} cannot be compared")
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        raise ValueError("features are not finite")
