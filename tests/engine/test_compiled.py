"""Processes that need librosa import it one after another."""

import subprocess
import sys

import pytest

from engine.compiled import lock

IMPORT = "from engine.compiled import librosa; print(librosa().__name__)"


def test_a_process_waits_while_another_imports() -> None:
    with lock(), subprocess.Popen([sys.executable, "-c", IMPORT], stdout=subprocess.PIPE, text=True) as other:
        with pytest.raises(subprocess.TimeoutExpired):
            other.wait(3)
        lock().release(force=True)
        assert other.communicate(timeout=120)[0] == "librosa\n"
