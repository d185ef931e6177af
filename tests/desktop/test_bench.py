"""`tunedial bench window` starts the real window, without the engine."""

import json
import re
from subprocess import CalledProcessError

import pytest
from click.testing import CliRunner

from desktop.bench import WAYS, seconds_to, window


def test_the_window_and_an_empty_one_are_timed_in_turn():
    done = CliRunner().invoke(window, ["--runs", "2", "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert set(found) == {"window_s", "empty_window_s", "over_empty"}
    assert found["window_s"] > found["empty_window_s"] > 0
    assert done.stderr.count("tunedial: ") == done.stderr.count("an empty window: ") == 2


def test_a_window_that_loads_torch_is_not_timed():
    with pytest.raises(CalledProcessError):
        seconds_to("import sys; sys.modules['torch'] = sys\n" + WAYS["tunedial"])


def test_the_times_are_printed():
    done = CliRunner().invoke(window, ["--runs", "1"])
    assert done.exit_code == 0, done.output
    for told in ("the window is usable after", "an empty window", "over it"):
        assert re.search(rf"^{told} +\d+\.\d\d", done.stdout, re.MULTILINE)
