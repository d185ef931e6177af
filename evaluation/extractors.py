"""Feature extractors for distribution metrics, by name.

    vibenet             the inner features of vibenet [256]; seven values between 0 and 1 as posteriors
    scorer:NAME         a scorer's embeddings; as posteriors, which of the prompts' genres it hears
    audioset:ID|FOLDER  an audio spectrogram transformer of transformers, tagging AudioSet's 527 classes

The paper's neighbours use PANN and VGGish. Both are published as pickles, which can run code and are never
loaded here; the AudioSet tagger stands for them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.errors import CallProblem
from engine.prompts import read_prompts
from engine.scorer.features import VERSION, deep_size, unpack
from evaluation.clips import Listener
from evaluation.scorers import Scorer, open_scorer, scores
from evaluation.scorers.starter import FEATURES

Array = NDArray[np.float64]
Kept = Sequence[Mapping[str, Any]]


@dataclass(frozen=True)
class Extractor:
    """Features [n, F] and posteriors [n, C] of what `listener` heard in n clips; rows are NaN for silence.

    `exclusive`: a posterior's classes sum to 1; else each is a probability of its own.
    """

    name: str
    version: str
    listener: Listener
    features: Callable[[Kept], Array]
    posteriors: Callable[[Kept], Array]
    exclusive: bool


def open_extractor(name: str) -> Extractor:
    """The extractor called `name`. Raises CallProblem if there is none, Problem if its model is not here."""
    kind, _, which = name.partition(":")
    if kind not in REGISTERED:
        raise CallProblem(
            f"There is no feature extractor called '{name}'.", f"There are: {', '.join(REGISTERED)}."
        )
    return REGISTERED[kind](which)


def of_scorer(scorer: Scorer) -> Extractor:
    """The embeddings of a scorer, and its zero-shot posteriors over the genres of the prompts that ship."""
    genres = sorted({prompt.split(",")[0] for prompt in read_prompts(None, "evaluation")})
    texts = scorer.embed_texts(genres)

    def posteriors(kept: Kept) -> Array:
        return _softmax(scorer.scale * scores(scorer.embed(kept), texts))

    return Extractor(
        f"scorer:{scorer.name}", scorer.version, scorer.listener(), scorer.embed, posteriors, True
    )


def _vibenet(which: str) -> Extractor:
    return Extractor("vibenet", str(VERSION), FEATURES, _deep, _vibes, False)


def _deep(kept: Kept) -> Array:
    size = deep_size()
    rows = [
        np.mean([unpack(window)[:size] for window in clip["windows"]], axis=0)
        if clip["windows"]
        else np.full(size, np.nan)
        for clip in kept
    ]
    return np.array(rows, dtype=np.float64).reshape(len(rows), size)


def _vibes(kept: Kept) -> Array:
    from vibenet import labels

    rows = [[clip["vibes"].get(label, np.nan) for label in labels] for clip in kept]
    return np.array(rows, dtype=np.float64).reshape(len(rows), len(labels))


def _audioset(which: str) -> Extractor:
    from evaluation.scorers.audioset import hear_tags, kept_features, kept_tags, open_tagger

    folder, version = open_tagger(which)
    listener = Listener(f"audioset-{version}", partial(hear_tags, Path(folder)))
    return Extractor(f"audioset:{which}", version, listener, kept_features, kept_tags, False)


REGISTERED: dict[str, Callable[[str], Extractor]] = {
    "vibenet": _vibenet,
    "scorer": lambda which: of_scorer(open_scorer(which)),
    "audioset": _audioset,
}


def _softmax(logits: Array) -> Array:
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    found: Array = shifted / shifted.sum(axis=-1, keepdims=True)
    return found
