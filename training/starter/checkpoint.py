"""Training state on disk: written beside, then renamed, so that a killed run resumes from a whole file."""

import os
from pathlib import Path
from typing import Any

import torch


def save(path: Path, state: dict[str, Any]) -> None:
    """Write `state` (tensors and plain values) to `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_suffix(".part")
    torch.save(state, beside)
    os.replace(beside, path)


def load(path: Path) -> dict[str, Any] | None:
    """The state in `path`, or None if there is none yet. Only tensors and plain values are read."""
    return torch.load(path, weights_only=True, mmap=False) if path.exists() else None
