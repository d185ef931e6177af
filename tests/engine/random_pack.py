"""Random adapters and packs in PEFT's layout, for any MusicGen decoder; no PEFT needed."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from torch import Tensor
from transformers import MusicgenDecoderConfig, MusicgenForCausalLM

from engine.recipe import Direction

TARGETS = ("q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2")


def tiny_config(**changes: Any) -> MusicgenDecoderConfig:
    """Two layers of width 16, four codebooks of 32."""
    values: dict[str, Any] = {
        "vocab_size": 32,
        "num_hidden_layers": 2,
        "ffn_dim": 24,
        "num_attention_heads": 2,
        "hidden_size": 16,
        "num_codebooks": 4,
        "pad_token_id": 32,
        "bos_token_id": 32,
        "decoder_start_token_id": 32,
        "max_position_embeddings": 64,
    }
    return MusicgenDecoderConfig(**{**values, **changes})


def tiny_decoder(seed: int = 0, **changes: Any) -> MusicgenForCausalLM:
    """A random decoder of `tiny_config`."""
    torch.manual_seed(seed)
    return MusicgenForCausalLM(tiny_config(**changes)).eval()


def decoder_weights(config: MusicgenDecoderConfig) -> dict[str, Tensor]:
    """The names and shapes of a decoder's weights; the tensors hold nothing (device meta)."""
    with torch.device("meta"):
        return dict(MusicgenForCausalLM(config).state_dict())


def write_adapter(
    folder: Path,
    weights: Mapping[str, Tensor],
    *,
    rank: int = 2,
    alpha: float = 4,
    size: float = 0.1,
    seed: int = 0,
    config: Mapping[str, Any] | None = None,
) -> Path:
    """A LoRA on every attention and feed-forward layer of `weights`; A and B are normal, of std `size`.

    `config` is added to adapter_config.json. Returns `folder`.
    """
    random = torch.Generator().manual_seed(seed)
    tensors = {}
    for name, weight in weights.items():
        module = name.removesuffix(".weight")
        if module.rsplit(".", 1)[-1] in TARGETS and name.endswith(".weight"):
            out, into = weight.shape
            prefix = f"base_model.model.{module}"
            tensors[f"{prefix}.lora_A.weight"] = size * torch.randn(rank, into, generator=random)
            tensors[f"{prefix}.lora_B.weight"] = size * torch.randn(out, rank, generator=random)
    values = {
        "peft_type": "LORA",
        "r": rank,
        "lora_alpha": alpha,
        "bias": "none",
        "target_modules": list(TARGETS),
        **(config or {}),
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "adapter_config.json").write_text(json.dumps(values))
    save_file(tensors, folder / "adapter_model.safetensors")
    return folder


def card_json(metric: str, direction: str) -> dict[str, Any]:
    """A valid card."""
    return {
        "schema": 1,
        "metric": metric,
        "direction": direction,
        "trained_on": "nothing",
        "method": "random numbers",
        "measured_as": f"vibenet {metric}, 0 to 1",
        "doses": [
            {"strength": 0.0, "mean": 0.4, "interval": [0.3, 0.5]},
            {"strength": 5.0, "mean": 0.6, "interval": [0.5, 0.7]},
        ],
        "verdict": "works",
    }


def write_pack(
    folder: Path,
    weights: Mapping[str, Tensor],
    adapters: Iterable[tuple[str, Direction]] = (("energy", "positive"), ("energy", "negative")),
    *,
    base_model: str = "starter",
    manifest: Mapping[str, Any] | None = None,
    **adapter: Any,
) -> Path:
    """A pack of random adapters, each of another seed; `adapter` is passed on to `write_adapter`."""
    folder.mkdir(parents=True, exist_ok=True)
    values = {"schema": 1, "name": "random", "version": "1.0", "base_model": base_model, **(manifest or {})}
    (folder / "pack.json").write_text(json.dumps(values))
    for seed, (metric, direction) in enumerate(adapters):
        place = write_adapter(folder / metric / direction, weights, seed=seed, **adapter)
        (place / "card.json").write_text(json.dumps(card_json(metric, direction)))
    return folder
