"""The paper's two evaluations, on small numbers."""

import numpy as np
import pytest

from engine.metrics import METRIC_IDS
from evaluation.paper import TABLE_3, TABLE_4, TABLE_5, ordered_in_paper
from evaluation.tables import column_shares, heat_map, metric_table, prompt_table

RNG = np.random.default_rng(0)
ENERGY = METRIC_IDS.index("energy")
TEMPO = METRIC_IDS.index("tempo")
JUDGE = dict.fromkeys(METRIC_IDS, "ears")


def values_with(**shifts: float) -> dict[str, np.ndarray]:
    """Values [20, 13] of the base, and of models that shift their own metric."""
    base = RNG.normal(10, 1, (20, len(METRIC_IDS)))
    found = {"base": base}
    for name, shift in shifts.items():
        metric, sign = name.rsplit("_", 1)
        tuned = base + RNG.normal(0, 0.1, base.shape)
        tuned[:, METRIC_IDS.index(metric)] += shift
        found[f"{metric}{'+' if sign == 'up' else '-'}"] = tuned
    return found


def test_a_metric_in_order_is_told_so():
    table = metric_table(values_with(energy_up=1.0, energy_down=-1.0), JUDGE)
    (row,) = table.rows
    assert row.metric == "energy"
    assert (row.ordered, row.sure, table.ordered, table.sure) == (True, True, 1, 1)
    assert row.up is not None and row.down is not None
    assert row.up.difference == pytest.approx(1.0, abs=0.1)
    assert row.down.difference == pytest.approx(1.0, abs=0.1), "the base above the negative model"
    assert row.up.interval[0] < row.up.difference < row.up.interval[1]
    assert row.up.effect > 5


def test_the_wrong_way_is_told_too():
    table = metric_table(values_with(energy_up=-1.0, energy_down=1.0, tempo_up=1.0), JUDGE)
    energy, tempo = table.rows
    assert (energy.ordered, energy.sure) == (False, False)
    assert energy.up.p_holm == 1.0
    assert (tempo.ordered, tempo.negative, tempo.down) == (None, None, None)
    assert (table.ordered, table.sure) == (0, 0)


def test_all_tests_of_a_table_are_corrected_together():
    values = values_with(energy_up=0.05)
    alone = metric_table(values, JUDGE).rows[0].up
    beside = metric_table(values | values_with(tempo_up=1.0, tempo_down=-1.0) | values, JUDGE)
    together = next(row for row in beside.rows if row.metric == "energy").up
    assert together.p == alone.p == alone.p_holm
    assert together.p_holm >= alone.p_holm


def test_silent_clips_do_not_count():
    values = values_with(energy_up=1.0, energy_down=-1.0)
    values["energy+"][3, ENERGY] = np.nan
    row = metric_table(values, JUDGE).rows[0]
    assert (row.base.n, row.positive.n, row.up.n) == (20, 19, 19)


def test_prompts_are_sorted_best_first():
    base = RNG.normal(30, 1, 20)
    own = {"base": base, "energy+": base - 2, "tempo+": base + 1, "tempo-": base + 9}
    rows = prompt_table(own, "positive")
    assert [row.model for row in rows] == ["tempo+", "base", "energy+"]
    assert rows[1].against_base is None
    assert rows[2].against_base.difference == pytest.approx(-2)
    assert rows[2].against_base.p_holm < 0.01


def test_columns_of_a_heat_map_sum_to_1():
    values = values_with(energy_up=5.0, tempo_up=-5.0, tempo_down=1.0)
    heat = heat_map(values, "positive")
    assert heat.models == ("base", "energy+", "tempo+")
    shares = np.array(heat.shares)
    assert shares.sum(axis=0) == pytest.approx(np.ones(13), abs=1e-5)
    assert shares[:, ENERGY].argmax() == 1 and shares[:, TEMPO].argmin() == 2
    assert not heat.lifted
    assert heat.scores[0][ENERGY] == pytest.approx(values["base"][:, ENERGY].mean(), abs=1e-5)


def test_a_score_below_0_lifts_all():
    values = values_with(energy_up=-30.0)
    heat = heat_map(values, "positive")
    assert heat.lifted
    shares = np.array(heat.shares)
    assert (shares > 0).all() and shares.sum(axis=0) == pytest.approx(np.ones(13), abs=1e-5)
    assert heat_map(values, "negative") is None


def test_column_shares_by_hand():
    assert column_shares(np.array([[1.0, 0.0], [3.0, 0.0]])).tolist()[0][0] == 0.25
    assert np.isnan(column_shares(np.array([[1.0, 0.0], [3.0, 0.0]]))[:, 1]).all()


def test_the_papers_numbers_say_what_the_paper_says():
    assert sorted(ordered_in_paper()) == ["acousticness", "danceability", "like_ratio"]
    above = [name for name, (base, up, down) in TABLE_3.items() if max(up, down) > base]
    assert len(above) == 10, "our models outperform the base model in 10 out of 13 metrics"
    for table in (TABLE_3.keys(), TABLE_4.keys() - {"base"}, TABLE_5.keys() - {"base"}):
        assert set(table) == set(METRIC_IDS)
