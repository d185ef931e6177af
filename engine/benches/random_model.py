"""A folder with a MusicGen of musicgen-small's shape and random weights, as transformers saves one.

The weights of the real one may not be shipped, and time and memory do not depend on what they are.
"""

import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors.torch import save_file
from tokenizers import Tokenizer, models, pre_tokenizers
from transformers import (
    GenerationConfig,
    MusicgenConfig,
    MusicgenForConditionalGeneration,
    PreTrainedTokenizerFast,
)

from engine.decoder import DecoderSpec, tensor_shapes

SMALL: dict[str, dict[str, Any]] = {
    "text_encoder": {
        "model_type": "t5",
        "d_model": 768,
        "d_ff": 3072,
        "num_layers": 12,
        "num_heads": 12,
        "vocab_size": 32128,
    },
    "audio_encoder": {
        "model_type": "encodec",
        "sampling_rate": 32000,
        "num_filters": 64,
        "upsampling_ratios": [8, 5, 4, 4],
        "codebook_size": 2048,
        "target_bandwidths": [2.2],
        "use_causal_conv": False,
        "use_conv_shortcut": False,
    },
    "decoder": {"model_type": "musicgen_decoder"},  # its defaults are musicgen-small's
}

SMALL_DECODER = DecoderSpec(
    hidden=1024,
    layers=24,
    heads=16,
    ffn=4096,
    codebooks=4,
    card=2048,
    channels=1,
    max_positions=2048,
    activation="gelu",
    cross_attention=True,
)

_POOL = 1 << 20


def write_model(folder: Path, parts: dict[str, dict[str, Any]] = SMALL) -> Path:
    """Write the model, float32, and a tokenizer of words to `folder`; the same bytes each time."""
    config = MusicgenConfig(**parts)
    with torch.device("meta"):
        model = MusicgenForConditionalGeneration(config)
    tensors = _filled(model.state_dict())
    folder.mkdir(parents=True, exist_ok=True)
    save_file(tensors, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(config.to_dict()))
    pad = config.decoder.pad_token_id
    GenerationConfig(
        decoder_start_token_id=pad, pad_token_id=pad, bos_token_id=pad, do_sample=True, guidance_scale=3.0
    ).save_pretrained(folder)
    _tokenizer().save_pretrained(folder)
    return folder


def decoder_weights(spec: DecoderSpec) -> dict[str, torch.Tensor]:
    """The decoder's tensors alone, named as `tensor_shapes` names them."""
    shapes = tensor_shapes(spec).items()
    return _filled({name: torch.empty(shape, device="meta") for name, shape in shapes})


def _filled(like: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
    """Tensors of these shapes: matrices that keep the size of what they multiply, the rest 1 or 0."""
    drawn = torch.randn(_POOL, generator=torch.Generator().manual_seed(0), device="cpu")
    return {name: _one(tensor, drawn) for name, tensor in like.items()}


def _one(like: torch.Tensor, drawn: torch.Tensor) -> torch.Tensor:
    if not like.is_floating_point():
        return torch.zeros(like.shape, dtype=like.dtype, device="cpu")
    if like.dim() < 2:
        return torch.ones(like.shape, device="cpu")
    repeats = -(-like.numel() // len(drawn))
    values = drawn.repeat(repeats)[: like.numel()].view(like.shape)
    return values / math.sqrt(like[0].numel())


def _tokenizer() -> PreTrainedTokenizerFast:
    words = ("<pad>", "</s>", "<unk>", "classic", "rock", "electric", "guitar", "piano", "drums")
    tokenizer = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Whitespace()
    return PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token="<pad>", eos_token="</s>", unk_token="<unk>"
    )
