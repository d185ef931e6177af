"""Training state on disk: written beside, then renamed, so that a killed run resumes from a whole file."""

from pathlib import Path
from typing import Any

import torch

from engine.files import part_beside


def save(path: Path, state: dict[str, Any]) -> None:
    """Write `state` (tensors and plain values) to `path`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = part_beside(path)
    try:
        torch.save(state, beside)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)


def load(path: Path) -> dict[str, Any] | None:
    """The state in `path`, or None if there is none yet. Only tensors and plain values are read."""
    return torch.load(path, weights_only=True) if path.exists() else None
