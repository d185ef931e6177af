from collections import Counter

import numpy as np

from engine.metrics import METRIC_IDS
from training.data.select import Rule, select, select_adherent, unordered, values_of

ENERGY = METRIC_IDS.index("energy")


def values(*energy: float) -> np.ndarray:
    found = np.full((len(energy), len(METRIC_IDS)), np.nan)
    found[:, ENERGY] = energy
    return found


def test_pairs_point_upwards_and_the_rest_is_counted():
    labels = values(0.0, 1.0, 1.1, np.nan, 4.0)
    candidates = np.array([[0, 1], [1, 2], [2, 0], [0, 3], [4, 0]])
    left_out: Counter[str] = Counter()
    spread = float(np.nanstd(labels[:, ENERGY]))
    pairs = select(candidates, labels, "energy", Rule(0.5 / spread, 2 / spread), left_out)
    assert pairs.tolist() == [[1, 0], [2, 0]]
    assert {reason: n for reason, n in left_out.items() if n} == {
        "energy: too close": 1,
        "energy: not known for both clips": 1,
        "energy: too far apart": 1,
    }


def test_of_many_those_are_kept_that_differ_in_little_else():
    labels = values(0, 1, 0, 1, 0, 1)
    labels[:, METRIC_IDS.index("valence")] = [0, 0, 0, 1, 0, 0.5]
    left_out: Counter[str] = Counter()
    pairs = select(np.array([[2, 3], [4, 5], [0, 1]]), labels, "energy", Rule(0.5, limit=2), left_out)
    assert pairs.tolist() == [[5, 4], [1, 0]]


def test_a_pair_differs_most_in_its_metric_but_a_proxy_need_not():
    labels = values(0, 1, 0, 1)
    labels[:, METRIC_IDS.index("liveness")] = [0, 1, 0, 0]
    labels[:, METRIC_IDS.index("rating")] = [0, 0.5, 0, 1]
    candidates, rule = np.array([[0, 1], [2, 3]]), Rule(0.1, purity=1)
    left_out: Counter[str] = Counter()
    assert select(candidates, labels, "energy", rule, left_out).tolist() == [[3, 2]]
    assert left_out["energy: differ more in another metric"] == 1
    assert len(select(candidates, labels, "rating", rule, left_out)) == 2


def test_the_better_clip_of_a_faithful_pair_fits_its_prompt_no_worse():
    labels, fits = values(0, 1, 0, 1, 0, 1), np.array([0.2, 0.1, 0.2, 0.3, np.nan, 0.1])
    candidates, left_out = np.array([[0, 1], [2, 3], [3, 0], [4, 5]]), Counter[str]()
    pairs = select(candidates, labels, "energy", Rule(0.5, faithful=True), left_out, fits)
    assert pairs.tolist() == [[3, 2], [3, 0], [5, 4]]
    assert left_out["energy: the better one leaves the prompt"] == 1
    assert len(select(candidates, labels, "energy", Rule(0.5), left_out, fits)) == 4


def test_pairs_of_adherence_fit_better_and_differ_in_little_else():
    labels, fits = values(0, 1, 0, 0, 0, 0, 0), np.array([0.1, 0.5, 0.1, 0.5, 0.1, 0.12, np.nan])
    candidates, left_out = np.array([[0, 1], [2, 3], [4, 5], [4, 6]]), Counter[str]()
    pairs = select_adherent(candidates, labels, fits, Rule(0.5), left_out)
    assert pairs.tolist() == [[1, 0], [3, 2]]
    assert left_out == {"adherence: too close": 1, "adherence: not known for both clips": 1}
    one = select_adherent(candidates, labels, fits, Rule(0.5, limit=1), left_out)
    assert one.tolist() == [[3, 2]]


def test_where_all_are_alike_there_is_no_pair():
    left_out: Counter[str] = Counter()
    assert len(select(np.array([[0, 1]]), values(0.3, 0.3), "energy", Rule(0), left_out)) == 0
    assert len(select(np.array([[0, 1]]), values(0.3, 0.3), "tempo", Rule(0), left_out)) == 0
    assert sum(left_out.values()) == 2


def test_two_indices_count_once():
    assert unordered(np.array([[1, 0], [2, 3], [0, 1]])).tolist() == [[1, 0], [2, 3]]


def test_labels_become_columns_in_the_order_of_the_metrics():
    found = values_of([{"energy": 0.5, "tempo": None}])
    assert found.shape == (1, 13)
    assert found[0, ENERGY] == 0.5
    assert np.isnan(found[0, METRIC_IDS.index("tempo")])
