"""Do clips still follow their prompt? Told by a scorer: how much less clips of other prompts fit it.

The score of a clip is the share of the base's clips of other prompts that fit its prompt less than it does: 1
if it fits best, 0.5 by chance. (Which prompt fits a clip best tells less: some prompts fit all music.)
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evaluation.clips import HEARING, Wanted
from evaluation.scorers import Scorer, scores

Array = NDArray[np.float64]


def with_prompt_scores(
    heard: Mapping[Wanted, Mapping[str, Mapping[str, Any]]], scorer: Scorer
) -> dict[Wanted, dict[str, Any]]:
    """What HEARING heard in each clip, and as `prompt` its score, by what the scorer's listener heard."""
    prompts = list(dict.fromkeys(clip.prompt for clip in heard))
    kept = [by_listener[scorer.listener().name] for by_listener in heard.values()]
    fits = scores(scorer.embed(kept), scorer.embed_texts(prompts))
    own = [prompts.index(clip.prompt) for clip in heard]
    found = prompt_scores(fits, own, [not clip.knobs for clip in heard])
    return {
        clip: {**by_listener[HEARING.name], "prompt": float(score)}
        for (clip, by_listener), score in zip(heard.items(), found, strict=True)
    }


def prompt_scores(fits: Array, own: Sequence[int], base: Sequence[bool]) -> Array:
    """The score [N] of clips whose cosines with the prompts are `fits` [N, P], their own at `own` [N];
    `base` [N] says which are the base's.

    A clip without cosines (NaN), being silent, fits none: 0. NaN where there is no other prompt.

        own      0     1     2   of the base's clips with prompt 1, those of 0 and 2 fit it less than 0.6: 1;
        base 0   0.9   0.1   0.2     a tuned clip of prompt 1 that fits it 0.3: one of the two, 0.5
        base 1   0.2   0.6   0.1
        base 2   0.1   0.5   0.7
    """
    owns, bases = np.array(own), np.array(base)
    found = np.full(len(fits), np.nan)
    for prompt in range(fits.shape[1]):
        others = fits[bases & (owns != prompt), prompt]
        mine = fits[owns == prompt, prompt][:, None]
        if len(others):
            less = (others < mine) + 0.5 * (others == mine) + (np.isnan(others) & ~np.isnan(mine))
            found[owns == prompt] = less.mean(axis=1)
    return found


def adherence_ratio(base: Array, tuned: Array) -> float | None:
    """How much of the base's adherence tuned clips keep, from scores of any shape: (mean - 0.5) over the
    base's (mean - 0.5). None if nothing is known, or the base follows no prompt."""
    if not np.isfinite(base).all() or not np.isfinite(tuned).all():
        return None
    whole = base.mean() - 0.5
    return float((tuned.mean() - 0.5) / whole) if whole > 0 else None
