"""What lies in a model folder such as resources/starter, read to train on."""

import json
from pathlib import Path
from typing import Any

from safetensors.torch import load_file
from torch import Tensor

from engine.errors import Problem


def model_config(folder: Path) -> dict[str, Any]:
    """Its config.json. Raises Problem if there is none."""
    config: dict[str, Any] = json.loads(_there(folder / "config.json").read_text())
    return config


def model_weights(folder: Path, prefix: str) -> dict[str, Tensor]:
    """The weights whose names begin with `prefix`, named without it, float32. Raises Problem if not there."""
    return {
        name.removeprefix(prefix): value.float()
        for name, value in load_file(_there(folder / "model.safetensors")).items()
        if name.startswith(prefix)
    }


def _there(path: Path) -> Path:
    if not path.exists():
        raise Problem(f"There is no {path}.", "Name a model folder such as resources/starter.")
    return path
