import numpy as np
import pytest

from evaluation.listening.agreement import alpha

N = np.nan
# Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), section C: 4 observers, 12 units.
PUBLISHED = np.array(
    [
        [1, 2, 3, 3, 2, 1, 4, 1, 2, N, N, N],
        [1, 2, 3, 3, 2, 2, 4, 1, 2, 5, N, 3],
        [N, 3, 3, 3, 2, 3, 4, 2, 2, 5, 1, N],
        [1, 2, 3, 3, 2, 4, 4, 1, 2, 5, 1, N],
    ]
)


@pytest.mark.parametrize(
    ("scale", "published"), [("nominal", 0.743), ("ordinal", 0.815), ("interval", 0.849)]
)
def test_alpha_is_the_published_one(scale, published):
    assert alpha(PUBLISHED, scale) == pytest.approx(published, abs=5e-4)


def test_alpha_of_agreement_contradiction_and_nothing():
    same = np.array([[1.0, 3, 5, 2], [1, 3, 5, 2]])
    assert alpha(same) == 1
    assert alpha(np.array([[1.0, 5], [5, 1]])) < 0
    assert alpha(np.array([[3.0, 3], [3, 3]])) is None
    assert alpha(np.array([[1.0, 2, 3]])) is None, "one rater agrees with nobody"
