"""Distribution metrics of models, against the base or other music, with clips that are silent."""

import numpy as np
import pytest

from evaluation.distance import frechet
from evaluation.distributions import distribution
from tests.evaluation.samples import EXTRACTOR

RNG = np.random.default_rng(0)
BASE = RNG.normal(size=(20, 5))
FAR = BASE + 2


def kept(rows: np.ndarray) -> list[dict[str, list[float]]]:
    return [{"features": list(row)} for row in rows]


def test_models_are_compared_with_the_base() -> None:
    found = distribution(EXTRACTOR, {"base": kept(BASE), "energy+": kept(FAR)})
    base, far = found.rows
    assert (base.fad.value, base.kl) == (None, None) and base.inception is not None
    assert far.fad.value == pytest.approx(4 * 5)
    assert far.fad.interval[0] < far.fad.value < far.fad.interval[1]
    assert far.kl.value == pytest.approx(0, abs=1e-6), "softmax does not see a shift of all"
    assert found.floor == pytest.approx(frechet(BASE[0::2], BASE[1::2]), abs=1e-5)


def test_other_music_has_no_pairs() -> None:
    found = distribution(EXTRACTOR, {"base": kept(BASE), "energy+": kept(FAR)}, kept(FAR), "real music")
    base, far = found.rows
    assert (found.reference, found.clips) == ("real music", 20)
    assert base.fad.value == pytest.approx(20) and far.fad.value == pytest.approx(0, abs=1e-6)
    assert base.kl is None and far.kl is None


def test_silent_clips_count_in_no_figure() -> None:
    quiet = FAR.copy()
    quiet[3] = np.nan
    found = distribution(EXTRACTOR, {"base": kept(BASE), "energy+": kept(quiet)}).rows[1]
    sounding = np.delete(FAR, 3, axis=0)
    assert found.fad.value == pytest.approx(frechet(BASE, sounding), abs=1e-5)
    all_quiet = distribution(EXTRACTOR, {"base": kept(BASE), "energy+": kept(FAR * np.nan)}).rows[1]
    assert (all_quiet.fad.value, all_quiet.kl.value, all_quiet.inception.value) == (None, None, None)


def test_few_clips_have_no_interval() -> None:
    found = distribution(EXTRACTOR, {"base": kept(BASE[:3]), "energy+": kept(FAR[:3])})
    assert found.rows[1].fad.value is not None and found.rows[1].fad.interval is None
    assert found.floor is None
    one = distribution(EXTRACTOR, {"base": kept(BASE[:1]), "energy+": kept(FAR[:1])}).rows[1]
    assert one.fad.value is None and one.inception.value == 1
