"""A model's safetensors, one file or shards, memory-mapped: a tensor is read when it is asked for.

Each tensor has a mapping of its file to itself. So the pages that were read for it go when it does, and
of a tensor that is packed for decoding no second copy stays in memory. Through one mapping for all, every
page read would stay: as much again as the weights. To map a file takes a third of a millisecond.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from torch import Tensor

from engine.catalog import weight_files
from engine.errors import Problem

_TODO = "Fetch the model again."


@dataclass(frozen=True, eq=False)
class Checkpoint(Mapping[str, Tensor]):
    """The tensors below `prefix` by name. Floating ones come as `dtype`; those that are, uncopied."""

    folder: Path
    files: Mapping[str, Path]  # a tensor's full name -> the file that holds it
    device: str
    dtype: torch.dtype = torch.float32
    prefix: str = ""

    def below(self, prefix: str, dtype: torch.dtype = torch.float32) -> "Checkpoint":
        """The tensors whose names begin with `prefix`, without it."""
        return replace(self, prefix=self.prefix + prefix, dtype=dtype)

    def check(self, shapes: Mapping[str, tuple[int, ...]]) -> None:
        """Raise Problem if one of these tensors is missing or has another shape; nothing is read."""
        opened = self._opened()
        for name, shape in shapes.items():
            full = self.prefix + name
            if full not in self.files:
                raise Problem(f"The weights in {self.folder} lack '{full}'.", _TODO)
            path = self.files[full]
            found = tuple(opened[path].get_slice(full).get_shape())
            if found != shape:
                raise Problem(
                    f"{path}: '{full}' is of shape {list(found)}, but config.json asks for {list(shape)}.",
                    _TODO,
                )

    def in_halves(self) -> bool:
        """Whether all of these tensors are stored in fp16; nothing is read."""
        opened = self._opened()
        names = (name for name in self.files if name.startswith(self.prefix))
        return all(opened[self.files[name]].get_slice(name).get_dtype() == "F16" for name in names)

    def _opened(self) -> dict[Path, Any]:
        return {path: _open(path) for path in set(self.files.values())}

    def __getitem__(self, name: str) -> Tensor:
        path = self.files[self.prefix + name]
        try:
            tensor: Tensor = _open(path).get_tensor(self.prefix + name)
        except Exception as error:
            raise Problem(f"{path} is damaged: {error}.", _TODO) from error
        return tensor.to(self.device, self.dtype if tensor.is_floating_point() else tensor.dtype)

    def __iter__(self) -> Iterator[str]:
        return (name.removeprefix(self.prefix) for name in self.files if name.startswith(self.prefix))

    def __len__(self) -> int:
        return sum(1 for _ in self)


def open_checkpoint(folder: Path, device: str = "cpu") -> Checkpoint:
    """Look into the safetensors in `folder`. Raises Problem naming the one that is missing or damaged."""
    files: dict[str, Path] = {}
    for path in weight_files(folder):
        files |= dict.fromkeys(_open(path).keys(), path)
    return Checkpoint(folder, files, device)


def _open(path: Path) -> Any:
    try:
        return safe_open(path, framework="pt", device="cpu")
    except Exception as error:
        raise Problem(f"{path} is damaged: {error}.", _TODO) from error
