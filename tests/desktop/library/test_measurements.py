import json

import pytest

from desktop.library.measurements import MEASURED, keep_measured, moves, read_measured
from engine.labels import VERSION
from tests.engine.takes import write_noise


@pytest.fixture
def take(tmp_path):
    return write_noise(tmp_path / "take", knobs={"energy": 2})


def test_what_was_measured_is_kept_with_the_take(take):
    keep_measured(take / "base.wav", {"energy": 0.5, "key": "A minor", "tempo": None})
    keep_measured(take / "tuned.wav", {"energy": 0.7})
    assert read_measured(take) == {
        take / "base.wav": {"energy": 0.5, "key": "A minor", "tempo": None},
        take / "tuned.wav": {"energy": 0.7},
    }


def test_a_file_beside_no_take_is_left_alone(tmp_path):
    keep_measured(tmp_path / "song.wav", {"energy": 1.0})
    assert list(tmp_path.glob("*.json")) == []


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        json.dumps({"version": VERSION, "clips": 3}),
        json.dumps({"version": "99.1", "clips": {"base.wav": {}}}),
        json.dumps({"version": 2, "clips": {"base.wav": {"energy": 0.5}}}),  # as before there were stand-ins
    ],
)
def test_what_cannot_be_read_or_was_measured_otherwise_is_measured_again(take, text):
    (take / MEASURED).write_text(text)
    assert read_measured(take) == {}


def test_only_the_clips_of_the_take_count(take):
    text = json.dumps(
        {"version": VERSION, "clips": {"../base.wav": {"energy": 1.0}, "tuned.wav": {"energy": 1.0}}}
    )
    (take / MEASURED).write_text(text)
    assert list(read_measured(take)) == [take / "tuned.wav"]


def test_each_knob_is_held_against_what_it_did(tmp_path):
    measured = {
        tmp_path / "base.wav": {
            "energy": 0.4,
            "valence": 0.5,
            "acousticness": 0.3,
            "tempo": 100.0,
            "liveness": 0.2,
        },
        tmp_path / "tuned.wav": {
            "energy": 0.6,
            "valence": 0.6,
            "acousticness": 0.301,
            "tempo": 90.0,
            "liveness": None,
        },
    }
    knobs = {
        "tempo": -2.0,
        "energy": 3.0,
        "valence": -1.0,
        "acousticness": 2.0,
        "liveness": 1.0,
        "views": 5.0,
    }
    found = moves(knobs, tmp_path, measured)
    assert [(move.metric.id, move.knob, move.asked) for move in found] == [
        ("acousticness", 2.0, None),
        ("energy", 3.0, True),
        ("valence", -1.0, False),
        ("tempo", -2.0, True),
    ]


def test_a_take_that_is_not_measured_says_nothing(tmp_path):
    assert moves({"energy": 1.0}, tmp_path, {}) == []
