"""`engine.parallel`."""

import signal
import time
from pathlib import Path

import pytest

from engine.parallel import in_processes


def _square(number: int) -> int:
    if number < 0:
        raise ValueError(f"{number} is negative")
    return number**2


def _touch(path: Path) -> None:
    path.touch()
    time.sleep(0.02)


def _rest(seconds: float) -> None:
    time.sleep(seconds)


def test_work_in_processes_gives_all_results() -> None:
    assert sorted(in_processes(_square, range(5), workers=2)) == [0, 1, 4, 9, 16]


def test_a_failure_in_a_process_reaches_the_caller() -> None:
    with pytest.raises(ValueError, match="-1 is negative"):
        list(in_processes(_square, [-1], workers=1))


def test_work_that_has_not_begun_is_dropped_when_nobody_listens(tmp_path: Path) -> None:
    paths = [tmp_path / f"{number}" for number in range(100)]
    results = in_processes(_touch, paths, workers=1)
    next(results)
    results.close()
    assert len(list(tmp_path.iterdir())) < 100


def test_work_under_way_is_given_up_when_nobody_listens() -> None:
    before = signal.signal(signal.SIGTERM, lambda *_: None)  # a command's, which its processes inherit
    try:
        results = in_processes(_rest, [0.0, 10_000.0], workers=2)
        next(results)
        results.close()
    finally:
        signal.signal(signal.SIGTERM, before)
