"""Do clips still follow their prompt? Told by a scorer: how many other prompts fit a clip less than its own.

The score of a clip is the share of other prompts that fit it less: 1 if its own fits best, 0.5 by chance.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.prompts import read_prompts
from evaluation.clips import HEARING, Wanted
from evaluation.scorers import Scorer, scores

Array = NDArray[np.float64]


def with_prompt_scores(
    heard: Mapping[Wanted, Mapping[str, Mapping[str, Any]]], scorer: Scorer
) -> dict[Wanted, dict[str, Any]]:
    """What HEARING heard in each clip, and as `prompt` its score, by what the scorer's listener heard.

    The other prompts are those that were played and those that ship for evaluation, so that a run of few
    prompts tells as much of a clip as one of many.
    """
    prompts = list(dict.fromkeys([*(clip.prompt for clip in heard), *read_prompts(None, "evaluation")]))
    heard_by_scorer = [by_listener[scorer.listener().name] for by_listener in heard.values()]
    fits = scores(scorer.embed(heard_by_scorer), scorer.embed_texts(prompts))
    found = prompt_scores(fits, [prompts.index(clip.prompt) for clip in heard])
    return {
        clip: {**by_listener[HEARING.name], "prompt": float(score)}
        for (clip, by_listener), score in zip(heard.items(), found, strict=True)
    }


def prompt_scores(fits: Array, own: Sequence[int]) -> Array:
    """The score [N] of clips whose cosines with all prompts are `fits` [N, P], their own at `own` [N].

    A clip without cosines (NaN), being silent, fits none: 0.
    """
    N, P = fits.shape
    mine = fits[np.arange(N), list(own)][:, None]
    less = (fits < mine) + 0.5 * (fits == mine)
    return (less.sum(axis=1) - 0.5 * np.isfinite(mine[:, 0])) / max(1, P - 1)


def adherence_ratio(base: Array, tuned: Array) -> float | None:
    """How much of the base's adherence tuned clips keep, from scores of any shape: (mean - 0.5) over the
    base's (mean - 0.5). None if nothing is known, or the base follows no prompt."""
    if not np.isfinite(base).all() or not np.isfinite(tuned).all():
        return None
    whole = base.mean() - 0.5
    return float((tuned.mean() - 0.5) / whole) if whole > 0 else None
