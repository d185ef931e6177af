"""What the scorer finds among songs it never heard."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from engine.metrics import METRICS
from engine.scorer.towers import Towers, sentences
from training.qualities import bounds
from training.starter.corpus.caption import paper_caption
from training.starter.scorer.windows import Window

Scores = NDArray[np.float64]


def retrieval(scores: Scores) -> dict[str, float]:
    """R@1, R@10 (shares, higher is better) and median rank (1 is best) of scores [queries, candidates].

    Query i looks for candidate i. Candidates that score the same share their places: the rank is the
    mean of them.
    """
    own = np.diag(scores)[:, None]
    above = (scores > own).sum(axis=1)
    level = (scores == own).sum(axis=1)
    ranks = above + (level + 1) / 2
    return {
        "r_at_1": float((ranks <= 1).mean()),
        "r_at_10": float((ranks <= 10).mean()),
        "median_rank": float(np.median(ranks)),
    }


def rank_area(scores: Scores, high: NDArray[np.bool_]) -> float:
    """How probably a window that is `high` scores above one that is not; 0.5 is chance (ROC area)."""
    return float(roc_auc_score(high, scores))


@torch.inference_mode()
def held_out_figures(towers: Towers, windows: Sequence[Window]) -> dict[str, Any]:
    """Retrieval among one window of each held-out song, and how well metric prompts tell their quarters.

    `words` has, for each metric, the ROC area of its prompt's score between windows of the upper and of the
    lower quarter of the training songs, over all held-out windows.
    """
    towers.eval()
    held_out = [window for window in windows if window.split == "test"]
    one_each = [window for window in held_out if window.first]
    texts = [paper_caption(window.description) for window in one_each]
    text = towers.embed_text(sentences(texts))
    scores = (text @ _audio(towers, one_each).T).double().numpy()
    limits = bounds([window.labels for window in windows if window.split == "train"])
    prompts = towers.embed_text(sentences([metric.prompt for metric in METRICS]))
    by_prompt = (_audio(towers, held_out) @ prompts.T).double().numpy()
    words = {}
    for column, metric in enumerate(METRICS):
        low, high = limits[metric.id]
        labels = np.array([np.nan if (x := w.labels[metric.id]) is None else x for w in held_out])
        outer = (labels >= high) | (labels <= low)
        ups = labels[outer] >= high
        if ups.any() and not ups.all():
            words[metric.id] = round(rank_area(by_prompt[outer, column], ups), 3)
    return {
        "songs": len(one_each),
        "distinct_captions": len(set(texts)),
        "text_to_audio": retrieval(scores),
        "audio_to_text": retrieval(scores.T),
        "windows": len(held_out),
        "words": words,
    }


def _audio(towers: Towers, windows: Sequence[Window]) -> torch.Tensor:
    return towers.embed_audio(torch.from_numpy(np.stack([window.features for window in windows])))
