"""Do clips still follow their prompt? Told from which prompt's clips they resemble.

A clip follows its prompt as far as it lies nearer to that prompt's base clip of another seed than to the
base clips of other prompts. The score is the share of other prompts that lie farther away: 0.5 is chance.
"""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def prompt_scores(clips: Array, references: Array) -> Array:
    """The score [P] of clips [P, F], one for each prompt, against references [P, F] of the same prompts."""
    distance = np.linalg.norm(clips[:, None] - references[None], axis=-1)
    own = np.diag(distance)[:, None]
    others = ~np.eye(len(clips), dtype=bool)
    farther = (distance > own) + 0.5 * (distance == own)
    return (farther * others).sum(axis=1) / max(1, len(clips) - 1)


def adherence_ratio(base: Array, tuned: Array) -> float | None:
    """How much of the base's adherence tuned clips keep: (score - 0.5) over the base's (score - 0.5).

    Both are features [S, P, F] of S seeds and P prompts; a clip is compared with the base's of the next
    seed. None for one seed, fewer than three prompts, or a base that follows no prompt.
    """
    S, P, _ = base.shape
    if S < 2 or P < 3:
        return None
    centre, spread = base.mean(axis=(0, 1)), base.std(axis=(0, 1)) + 1e-9
    base, tuned = (base - centre) / spread, (tuned - centre) / spread
    kept = np.mean([prompt_scores(tuned[s], base[(s + 1) % S]) for s in range(S)]) - 0.5
    whole = np.mean([prompt_scores(base[s], base[(s + 1) % S]) for s in range(S)]) - 0.5
    return float(kept / whole) if whole > 0 else None
