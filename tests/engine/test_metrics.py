import pytest

from engine.errors import CallProblem
from engine.metrics import METRIC_IDS, METRICS, metric


def test_the_metrics_are_those_of_table_1():
    assert METRIC_IDS == (
        "popularity",
        "acousticness",
        "danceability",
        "energy",
        "instrumentalness",
        "liveness",
        "speechiness",
        "valence",
        "tempo",
        "interactions",
        "like_ratio",
        "views",
        "rating",
    )
    assert [m.source for m in METRICS] == ["spotify"] * 9 + ["youtube"] * 4
    assert metric("liveness").prompt == "song with a live audience"


def test_a_misspelt_metric_is_answered_with_the_closest_one():
    with pytest.raises(CallProblem, match=r"no metric called 'energie'.*Did you mean 'energy'\?"):
        metric("energie")


def test_a_name_like_no_metric_is_answered_with_all_of_them():
    with pytest.raises(CallProblem, match=r"popularity, acousticness, .*, rating"):
        metric("xyzzy")
