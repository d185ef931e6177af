from pathlib import Path

import pytest
import torch
from torch import nn

from training.starter import checkpoint
from training.starter.schedule import MovingAverage, put_values, smoothed, trapezoid_rate


def test_the_rate_rises_holds_and_falls_to_nothing() -> None:
    rates = [trapezoid_rate(2.0, step, total=1000, warmup=10, cooldown=0.4) for step in range(1001)]
    assert rates[:2] == pytest.approx([0.2, 0.4])
    assert rates[9:600] == pytest.approx([2.0] * 591)
    assert rates[800] == pytest.approx(1.0) and rates[1000] == 0


def test_smoothing_begins_with_the_first_value() -> None:
    assert smoothed(None, 3.0, 0.9) == 3.0
    assert smoothed(3.0, 5.0, 0.9) == pytest.approx(3.2)


def test_the_moving_average_lags_and_leaves_frozen_weights_out() -> None:
    module = nn.Linear(2, 1)
    module.bias.requires_grad_(False)
    with torch.no_grad():
        module.weight.zero_()
    average = MovingAverage(module, decay=0.5)
    with torch.no_grad():
        module.weight.fill_(1.0)
    average.update(module, step=1000)
    average.update(module, step=1000)
    assert set(average.values) == {"weight"}
    assert average.values["weight"].tolist() == [[0.75, 0.75]]
    put_values(average.values, module)
    assert module.weight.tolist() == [[0.75, 0.75]]


def test_early_steps_move_the_average_faster() -> None:
    module = nn.Linear(1, 1, bias=False)
    average = MovingAverage(module, decay=0.99)
    before = average.values["weight"].clone()
    with torch.no_grad():
        module.weight.copy_(before + 1)
    average.update(module, step=0)
    assert (average.values["weight"] - before).item() == pytest.approx(0.9)


def test_a_checkpoint_comes_back_and_a_missing_one_is_none(tmp_path: Path) -> None:
    path = tmp_path / "run" / "some.pt"
    assert checkpoint.load(path) is None
    checkpoint.save(path, {"weights": torch.arange(3), "step": 7})
    state = checkpoint.load(path)
    assert state is not None
    assert state["weights"].tolist() == [0, 1, 2] and state["step"] == 7


class Unwritable:
    def __reduce__(self) -> str:
        raise OSError("the disk is full")


def test_a_save_that_fails_keeps_the_checkpoint_before(tmp_path: Path) -> None:
    path = tmp_path / "some.pt"
    checkpoint.save(path, {"step": 1})
    with pytest.raises(OSError, match="full"):
        checkpoint.save(path, {"step": Unwritable()})
    assert checkpoint.load(path) == {"step": 1}
    assert list(tmp_path.iterdir()) == [path]
