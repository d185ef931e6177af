"""Scorers: models that say how well audio and a text fit, behind one interface.

A score is the cosine of two embeddings, -1 to 1, higher fits better. Audio is embedded in windows of 10 s
that cover it, silent ones left out, and the embeddings are averaged; a clip of silence has no score (NaN).
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from engine.scorer.features import unpack
from evaluation.clips import Listener

Array = NDArray[np.float64]
STARTER = "starter"


class Scorer(Protocol):
    """A scorer. `version` tells its weights apart; `scale` is the inverse temperature of its training."""

    name: str
    version: str
    scale: float

    def listener(self) -> Listener:
        """What works out of a clip what this scorer needs to embed it."""
        ...

    def embed(self, kept: Sequence[Mapping[str, Any]]) -> Array:
        """Embeddings [n, D], each of length 1 or NaN, of clips that the listener has heard."""
        ...

    def embed_texts(self, texts: Sequence[str]) -> Array:
        """Embeddings [n, D] of texts, each of length 1."""
        ...


def open_scorer(name: str) -> Scorer:
    """The scorer "starter", or a CLAP of transformers: a folder, or a hub id that was fetched.

    Raises Problem if it is not on this computer, CallProblem if `name` can be none of these.
    """
    if name == STARTER:
        from evaluation.scorers.starter import StarterScorer

        return StarterScorer()
    from evaluation.scorers.clap import open_clap

    return open_clap(name)


def scores(audio: Array, texts: Array) -> Array:
    """The cosines [..., texts] of embeddings [..., D] and [texts, D], each of length 1."""
    found: Array = audio @ texts.T
    return found


def embed_clips(
    kept: Sequence[Mapping[str, Any]], width: int, embed: Callable[[NDArray[np.float32]], Array]
) -> Array:
    """Embeddings [n, D] of clips from what was kept of their `windows`; NaN for silence.

    `embed` takes a clip's windows as they were packed, [W, F], to their embeddings [W, D], D = `width`.
    """
    rows = [
        averaged(embed(np.stack([unpack(window) for window in clip["windows"]])))
        if clip["windows"]
        else np.full(width, np.nan)
        for clip in kept
    ]
    return np.stack(rows) if rows else np.zeros((0, width))


def averaged(windows: Array) -> Array:
    """The embedding [D] of a clip from those of its windows [W, D]: their mean, of length 1."""
    mean = windows.mean(axis=0)
    size = float(np.linalg.norm(mean))
    return mean / size if size > 0 else np.full(windows.shape[1], np.nan)
