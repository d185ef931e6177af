"""Which checkpoint to keep, and when to stop: by held-out reward accuracy, as far as it can be told.

An accuracy over n pairs has the standard error sqrt(a (1 - a) / n). Among evaluations that differ by less
than that the accuracy cannot choose, and the first of them is the one that has learned least: it ranks the
pairs rightly by a hair, and its knob hardly turns. So the latest evaluation that is as good as the best so
far is kept, and training stops after several in a row that are worse.
"""

import math
from collections.abc import Sequence


def good_evaluations(accuracies: Sequence[float], pairs: int) -> int:
    """How many of the evaluations, each over `pairs` pairs, were as good as the best before them.

    It rises exactly when the last of them was: so the highest count marks the checkpoint to keep.
    """
    best, good = 0.0, 0
    for accuracy in accuracies:
        error = math.sqrt(max(best * (1 - best), 1 / pairs) / pairs)
        good += accuracy >= best - error
        best = max(best, accuracy)
    return good
