"""What training works out once and keeps on disk, named by content."""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from engine.files import replace_file
from engine.paths import home


def cache_folder() -> Path:
    """Where it lies; it may be deleted at any time, and is made again."""
    return home() / "training"


def text_states(model: Path, sha256: str, prompts: Sequence[str]) -> Mapping[str, Tensor]:
    """The states [S, D] of each prompt as the decoder in `model` takes them, memory-mapped from the cache.

    The text encoder is loaded only if one of these prompts is new.
    """
    from safetensors.torch import save

    from engine.model import load_model

    names = {prompt: hashlib.sha256(prompt.encode()).hexdigest() for prompt in prompts}
    digest = hashlib.sha256("".join(sorted(names.values())).encode()).hexdigest()[:16]
    file = cache_folder() / "text" / sha256[:16] / f"{digest}.safetensors"
    if not file.exists():
        encoder = load_model(model)
        states = {names[prompt]: encoder.read_prompt(prompt).float().clone() for prompt in prompts}
        replace_file(file, save(states))
    return MappedStates(file, names)


class MappedStates(Mapping[str, Tensor]):
    """Tensors of a safetensors file, by prompt, read when they are asked for."""

    def __init__(self, file: Path, names: Mapping[str, str]) -> None:
        from safetensors import safe_open

        self._file, self._names = file, names
        self._open = safe_open(file, framework="pt")

    def __getitem__(self, prompt: str) -> Tensor:
        states: Tensor = self._open.get_tensor(self._names[prompt])
        return states

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def precision_of(bf16: bool, fp16: bool) -> torch.dtype:
    """The dtype that training computes in."""
    return torch.bfloat16 if bf16 else torch.float16 if fp16 else torch.float32
