"""Bradley and Terry's model of pairwise choices (1952)."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_STEPS = 100
_TOLERANCE = 1e-10


def strengths(wins: Array) -> Array:
    """The log strengths [..., S] of S systems, that of the first being 0, from `wins` [..., S, S].

    wins[i, j] is how often i was preferred to j, a tie counting half for each; the chance that i is preferred
    is 1 / (1 + exp(s_j - s_i)). Maximum likelihood by Newton's method. It exists if no group of systems
    always won against the rest, which `smoothed` sees to, and all met, directly or not: else LinAlgError.
    """
    met = wins + wins.swapaxes(-1, -2)
    found = np.zeros(wins.shape[:-1])
    diagonal = np.arange(wins.shape[-1])
    for _ in range(_STEPS):
        chance = 1 / (1 + np.exp(found[..., None, :] - found[..., None]))
        slope = (wins - met * chance).sum(-1)
        bend = met * chance * (1 - chance)
        curve = -bend
        curve[..., diagonal, diagonal] += bend.sum(-1)
        step = np.linalg.solve(curve[..., 1:, 1:], slope[..., 1:, None])[..., 0]
        found[..., 1:] += np.clip(step, -2, 2)  # far from the top a whole step may go beyond it
        if np.abs(step).max() < _TOLERANCE:
            break
    return found


def smoothed(wins: Array) -> Array:
    """`wins` [..., S, S] with half a win more each way for systems that met, so that strengths are finite."""
    return wins + 0.5 * ((wins + wins.swapaxes(-1, -2)) > 0)
