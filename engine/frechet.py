"""The Fréchet distance, by which training and evaluation compare sets of clips."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def frechet_distance(a: Array, b: Array) -> float:
    """Between two sets of features [n, F] and [m, F] taken as normal distributions, n and m at least 2.

    |m_a - m_b|^2 + tr(C_a + C_b - 2 (C_a C_b)^1/2), covariances with n - 1 (Heusel et al. 2017, equation 6;
    Kilgour et al. 2019 for audio). The trace of the root is the sum of the singular values of A B^T, where A
    and B are the centred features over the root of n - 1: no root of a matrix is taken, and fewer clips than
    features do no harm. It falls as clips are added: compare only sets of the same size.
    """
    means = a.mean(axis=0) - b.mean(axis=0)
    A = (a - a.mean(axis=0)) / np.sqrt(len(a) - 1)
    B = (b - b.mean(axis=0)) / np.sqrt(len(b) - 1)
    root = np.linalg.svd(A @ B.T, compute_uv=False).sum()
    return max(0.0, float(means @ means + (A**2).sum() + (B**2).sum() - 2 * root))
