import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet
import pytest

from engine.errors import Problem
from engine.packs import DIRECTIONS
from engine.pairs import CLIPS, PAIRS, SOUNDNESS, SUMMARY
from tests.training.tiny_pairs import pairs, write
from training.batches import sides
from training.store import read_pairs, read_summary, write_pairs


def test_pairs_are_read_back_as_they_were(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("training.store.SHARD", 5)
    made = pairs(7)
    write_pairs(tmp_path / "data", made, "random numbers")
    found = read_pairs([tmp_path / "data"], "energy", "train")
    assert len(list((tmp_path / "data" / CLIPS).iterdir())) > 1
    assert len(found) == 7
    for before, after in zip(made, found, strict=True):
        assert (after.prompt, after.metric, after.prompt_frames) == (
            before.prompt,
            before.metric,
            before.prompt_frames,
        )
        for there, here in ((before.chosen, after.chosen), (before.rejected, after.rejected)):
            assert (here.id, here.value, here.source) == (there.id, there.value, there.source)
            assert here.codes.dtype == np.int16


def test_a_clip_of_many_pairs_is_kept_once(tmp_path: Path) -> None:
    one = pairs(1)[0]
    written = write_pairs(tmp_path / "data", [one, one, one], "random numbers")
    assert (written.clips, written.pairs) == (2, {"energy": {"train": 3, "test": 0}})


def test_the_summary_counts_what_was_left_out(tmp_path: Path) -> None:
    left_out: Counter[str] = Counter()

    def made():
        left_out["no preview"] += 2
        yield from pairs(1)

        yield replace(one := pairs(1)[0], rejected=replace(one.chosen, value=0.0))

    write_pairs(tmp_path / "data", made(), "somewhere", left_out, estimators={"energy": "vibenet"})
    summary = read_summary(tmp_path / "data")
    assert summary["left_out"] == {"clips with the same codes": 1, "no preview": 2}
    assert summary["estimators"] == {"energy": "vibenet"}
    assert json.loads((tmp_path / "data" / SUMMARY).read_text())["schema"] == 1


def test_other_metrics_and_splits_are_not_read(tmp_path: Path) -> None:
    folder = write(tmp_path / "data", train=3, test=2)
    assert len(read_pairs([folder], "energy", "test")) == 2
    with pytest.raises(Problem, match="no train pairs for 'tempo'"):
        read_pairs([folder], "tempo", "train")


def test_pairs_of_soundness_are_read_beside_those_of_a_metric_and_never_swapped(tmp_path: Path) -> None:
    metric, sound = pairs(1)[0], replace(pairs(2)[1], metric=SOUNDNESS)
    write_pairs(tmp_path / "data", [metric, sound], "random numbers")
    found = read_pairs([tmp_path / "data"], "energy", "train", soundness=True)
    assert [pair.metric for pair in found] == ["energy", SOUNDNESS]
    assert [sides(pair, "negative")[0].value > sides(pair, "negative")[1].value for pair in found] == [
        False,
        True,
    ]
    assert len(read_pairs([tmp_path / "data"], "energy", "train")) == 1
    with pytest.raises(Problem, match="no train pairs for 'tempo'"):
        read_pairs([tmp_path / "data"], "tempo", "train", soundness=True)


def test_a_pair_of_one_direction_is_not_read_for_the_other(tmp_path: Path) -> None:
    both, up, down = pairs(3)
    made = [both, replace(up, direction="positive"), replace(down, direction="negative")]
    write_pairs(tmp_path / "data", made, "random numbers")
    found = {way: read_pairs([tmp_path / "data"], "energy", "train", way) for way in DIRECTIONS}
    assert [pair.chosen.id for pair in found["positive"]] == [both.chosen.id, up.chosen.id]
    assert [pair.chosen.id for pair in found["negative"]] == [both.chosen.id, down.chosen.id]
    assert [pair.direction for pair in found["negative"]] == [None, "negative"]
    assert len(read_pairs([tmp_path / "data"], "energy", "train")) == 3


def test_pairs_written_before_there_were_directions_are_for_both(tmp_path: Path) -> None:
    write_pairs(tmp_path / "data", pairs(2), "random numbers")
    (file,) = (tmp_path / "data" / PAIRS).iterdir()
    table = pyarrow.parquet.read_table(file)
    pyarrow.parquet.write_table(table.drop_columns("direction").replace_schema_metadata(), file)
    found = read_pairs([tmp_path / "data"], "energy", "train", "negative")
    assert [pair.direction for pair in found] == [None, None]


def test_pairs_of_several_folders_are_spread_over_them(tmp_path: Path) -> None:
    folders = [write(tmp_path / str(n), train=count, seed=n) for n, count in enumerate((4, 6))]
    both = read_pairs(folders, "energy", "train")
    assert [pair.chosen.id for pair in both] == [
        pair.chosen.id for folder in folders for pair in read_pairs([folder], "energy", "train")
    ]
    assert [pair.chosen.id for pair in both.spread(5)] == [both[n].chosen.id for n in (0, 2, 4, 6, 8)]
    assert len(both.spread(None)) == len(both.spread(99)) == 10


def test_no_pairs_is_a_problem_that_says_why_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(Problem, match="3 × no preview"):
        write_pairs(tmp_path / "data", [], "somewhere", Counter({"no preview": 3}))
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(Problem, match="no preference pairs"):
        read_pairs([tmp_path / "data"], "energy", "train")


def test_pairs_can_be_cut_to_their_beginnings(tmp_path: Path) -> None:
    made = pairs(2)
    write_pairs(tmp_path / "data", made, "random numbers")
    found = read_pairs([tmp_path / "data"], "energy", "train").beginnings(3).spread(1)
    np.testing.assert_array_equal(found[0].chosen.codes, made[0].chosen.codes[:, :3])
    np.testing.assert_array_equal(found[0].rejected.codes, made[0].rejected.codes[:, :3])
