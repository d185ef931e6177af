"""What the layers promise: imports stay cheap, and nothing heavy comes along."""

import subprocess
import sys
import time

import pytest

from engine.cli import COMMANDS

IMPORT_BAR_S = 0.3
HEAVY = ("torch", "transformers", "librosa", "scipy")
LIGHT = (
    "engine",
    "engine.errors",
    "engine.metrics",
    "engine.mix",
    "engine.cancel",
    "engine.job",
    "engine.events",
    "engine.backend",
    "engine.take",
    "engine.recipe",
    "engine.preset",
    "engine.packs",
    "engine.catalog",
    "engine.paths",
    "engine.library",
    "engine.audio",
    "engine.cli",
    "engine.commands.jobs",
    *(target.partition(":")[0] for target in COMMANDS.values()),
)


def _python(code: str) -> str:
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("module", LIGHT)
def test_a_light_module_imports_nothing_heavy(module: str) -> None:
    loaded = _python(
        f"import sys, importlib; importlib.import_module({module!r});"
        f"print(*[name for name in {HEAVY!r} if name in sys.modules])"
    )
    assert loaded.split() == []


def test_import_engine_stays_under_its_bar() -> None:
    """The bar is for a quiet machine: the best of several runs, less what an empty interpreter costs."""

    def best(code: str, runs: int = 5) -> float:
        def once() -> float:
            start = time.perf_counter()
            _python(code)
            return time.perf_counter() - start

        return min(once() for _ in range(runs))

    assert best("import engine") - best("pass") < IMPORT_BAR_S
