"""Jobs for the local backend, and what comes of them."""

from pathlib import Path
from typing import Any

import torch

from engine.cancel import CancelToken
from engine.errors import Problem
from engine.events import Cancelled, Done, Event, Failed
from engine.job import GenerationSettings, Job
from engine.local import LocalBackend
from engine.mix import Mix
from engine.model import load_model
from engine.paths import packs_dir
from engine.take import Take
from tests.engine.random_pack import write_pack

ENDS = (Done, Cancelled, Failed)
ADAPTERS = (("energy", "positive"), ("energy", "negative"), ("valence", "positive"))


def random_pack_for(folder: Path) -> Path:
    """Install a pack of random adapters for the model in `folder`."""
    shapes = load_model(folder).decoder.linear_shapes.items()
    weights = {f"{module}.weight": torch.empty(shape) for module, shape in shapes}
    return write_pack(packs_dir() / "random", weights, ADAPTERS, base_model=str(folder), size=0.4)


def job_for(folder: Path, seconds: float = 2, knobs: dict[str, float] | None = None, **changes: Any) -> Job:
    """A job for the model in `folder`; `changes` replace fields of it."""
    values: dict[str, Any] = {
        "prompt": "rock piano",
        "model": str(folder),
        "seed": 3,
        "mix": Mix(knobs=knobs or {}),
        "settings": GenerationSettings(seconds=seconds),
    }
    return Job(**(values | changes))


def run(backend: LocalBackend, job: Job) -> list[Event]:
    """The events of a job; exactly the last of them ends it."""
    events = list(backend.run(job, CancelToken()))
    assert [isinstance(event, ENDS) for event in events] == [False] * (len(events) - 1) + [True]
    return events


def take_of(backend: LocalBackend, job: Job) -> Take:
    """The take of a job that works."""
    end = run(backend, job)[-1]
    assert isinstance(end, Done), end
    return end.take


def problem_of(backend: LocalBackend, job: Job) -> Problem:
    """The problem of a job that fails."""
    end = run(backend, job)[-1]
    assert isinstance(end, Failed), end
    return end.problem
