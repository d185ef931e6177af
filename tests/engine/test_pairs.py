import numpy as np
import pytest

from engine.pairs import Pair, Side

LOW = Side(np.arange(8, dtype=np.int16).reshape(2, 4), 0.2, "a.wav")
HIGH = Side(np.arange(6, dtype=np.int16).reshape(2, 3), 0.8, "b.wav")


def test_a_side_is_named_by_its_codes_and_their_shape():
    assert Side(LOW.codes.copy(), 0.9, "elsewhere").id == LOW.id
    assert Side(LOW.codes.reshape(4, 2), 0.2, "a.wav").id != LOW.id


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"metric": "loudness"}, "no metric"),
        ({"split": "held-out"}, "neither train nor test"),
        ({"chosen": LOW, "rejected": HIGH}, "no more of the metric"),
        ({"chosen": Side(np.zeros((3, 4), np.int16), 1.0, "c")}, "codebooks"),
        ({"prompt_frames": 3}, "nothing comes after"),
    ],
)
def test_what_cannot_teach_is_no_pair(changes, fault):
    values = {"prompt": "jazz", "metric": "energy", "split": "train", "chosen": HIGH, "rejected": LOW}
    Pair(**values)
    with pytest.raises(ValueError, match=fault):
        Pair(**(values | changes))
