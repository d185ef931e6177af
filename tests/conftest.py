"""What holds for every test: no network, a home of its own, one thread, nothing left behind."""

import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

os.environ.update(
    HF_HUB_DISABLE_TELEMETRY="1",
    HF_HUB_OFFLINE="1",
    OMP_NUM_THREADS="1",
    OMP_WAIT_POLICY="PASSIVE",
    QT_QPA_PLATFORM="offscreen",
    TOKENIZERS_PARALLELISM="false",
)

settings.register_profile("tunedial", deadline=None)
settings.load_profile("tunedial")

LEAK_GRACE_S = 2.0


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything the app writes goes below the test's own folder."""
    monkeypatch.setenv("TUNEDIAL_HOME", str(tmp_path / "home"))


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    """Keep a test that changed torch's threads from changing the next; do not import torch for it."""
    if torch := sys.modules.get("torch"):
        torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _no_leaked_threads() -> Iterator[None]:
    """Fail a test that leaves a thread running."""
    if tqdm := sys.modules.get("tqdm"):
        tqdm.tqdm.monitor_interval = 0
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + LEAK_GRACE_S
    for thread in set(threading.enumerate()) - before:
        thread.join(max(0.0, deadline - time.monotonic()))
    leaked = [thread.name for thread in set(threading.enumerate()) - before if thread.is_alive()]
    assert not leaked, f"threads left running: {', '.join(leaked)}"
