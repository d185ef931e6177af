"""The model that is trained: transformers' own MusicGen decoder, with a LoRA by PEFT on its later layers."""

import json
import warnings
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from engine.catalog import CONFIG
from engine.checkpoint import open_checkpoint
from engine.delay import delays
from engine.errors import CallProblem, Problem
from training.scoring import Layout

TARGETS = ("q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2")

_DROPOUTS = ("dropout", "activation_dropout", "attention_dropout", "layerdrop")
_NARROW = 512  # up to this width eager attention is the faster one on a CPU (docs/log.md)
_KEPT_BUFFER = "model.decoder.embed_positions.weights"


@dataclass(frozen=True)
class LoraPlan:
    """Where the LoRA goes. `frozen` front layers are left alone, half of them if None; `gain` multiplies
    what is saved.

    A mix gives an adapter at knob 5, the only one turned, the weight 5 / (5 + 5); so with the gain 2 a knob
    turned to its end is the model that was trained.
    """

    rank: int = 8
    alpha: float = 16.0
    targets: tuple[str, ...] = TARGETS
    frozen: int | None = None
    gain: float = 2.0


def load_decoder(folder: Path) -> Any:
    """The MusicgenForCausalLM in a model's folder, frozen, float32, without any dropout.

    Raises Problem if it is no MusicGen that attends to text, or its weights are incomplete.
    """
    from transformers import MusicgenDecoderConfig, MusicgenForCausalLM

    from engine.text import quiet_transformers

    settings = json.loads((folder / CONFIG).read_bytes())
    if settings.get("model_type") != "musicgen":
        raise Problem(
            f"{folder} is of the type '{settings.get('model_type')}', which cannot be trained.",
            "Choose the starter or a MusicGen that takes text (musicgen-small, -medium, -large, -stereo).",
        )
    values = {name: value for name, value in settings["decoder"].items() if name != "model_type"}
    with quiet_transformers():  # it thinks that padding should be one of the codes
        config = MusicgenDecoderConfig(**values)
    if not torch.cuda.is_available() and config.hidden_size <= _NARROW:
        config._attn_implementation = "eager"
    weights = dict(open_checkpoint(folder).below("decoder."))
    with quiet_transformers():
        decoder, told = MusicgenForCausalLM.from_pretrained(
            None, config=config, state_dict=weights, output_loading_info=True
        )
    if missing := sorted(set(told["missing_keys"]) - {_KEPT_BUFFER}):
        raise Problem(f"The weights in {folder} lack 'decoder.{missing[0]}'.", "Fetch the model again.")
    decoder.name_or_path = decoder.config.name_or_path = ""  # else PEFT asks the hub for it whenever it saves
    without_dropout(decoder)
    return decoder.requires_grad_(False).eval()


def without_dropout(model: nn.Module) -> None:
    """Leave no dropout: neither the modules nor MusicGen's functional ones, nor dropped layers."""
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
        for name in _DROPOUTS:
            if isinstance(getattr(module, name, None), float):
                setattr(module, name, 0.0)


def layout_of(decoder: Any) -> Layout:
    """How the codes of a MusicgenForCausalLM lie."""
    config = decoder.config
    return Layout(tuple(delays(config.num_codebooks, config.audio_channels)), config.vocab_size)


def with_lora(decoder: Any, plan: LoraPlan) -> Any:
    """`decoder` inside a PeftModel whose LoRA, on the layers that are not frozen, is all that trains.

    Raises CallProblem if no layer is left to train.
    """
    from peft import LoraConfig, get_peft_model

    layers = decoder.config.num_hidden_layers
    frozen = layers // 2 if plan.frozen is None else plan.frozen
    if not 0 <= frozen < layers:
        raise CallProblem(
            f"Of {layers} layers, {frozen} cannot be frozen.", f"Freeze 0 to {layers - 1} layers."
        )
    config = LoraConfig(
        r=plan.rank,
        lora_alpha=plan.alpha,
        lora_dropout=0.0,
        target_modules=list(plan.targets),
        layers_to_transform=list(range(frozen, layers)),
        layers_pattern="layers",
    )
    with warnings.catch_warnings(action="ignore", category=FutureWarning):  # PEFT asks by an old name
        return get_peft_model(decoder, config)


def with_adapter(decoder: Any, folder: Path) -> Any:
    """`decoder` inside a PeftModel whose LoRA is the adapter in `folder`, which does not train."""
    from peft import PeftModel

    with warnings.catch_warnings(action="ignore", category=FutureWarning):  # as above
        return PeftModel.from_pretrained(decoder, str(folder))


def save_adapter(policy: Any, folder: Path, plan: LoraPlan) -> None:
    """Write the LoRA in PEFT's layout, half precision, its scale times `plan.gain`."""
    from peft import get_peft_model_state_dict
    from safetensors.torch import save

    from engine.adapters import CONFIG_FILE, WEIGHTS_FILE
    from engine.files import replace_file

    tensors = get_peft_model_state_dict(policy)
    half = {name: tensor.detach().to("cpu", torch.float16).contiguous() for name, tensor in tensors.items()}
    replace_file(folder / WEIGHTS_FILE, save(half, metadata={"format": "pt"}))
    config = replace(
        policy.peft_config["default"], lora_alpha=plan.alpha * plan.gain, inference_mode=True
    ).to_dict()
    text = json.dumps(_plain(config), indent=1, sort_keys=True)
    replace_file(folder / CONFIG_FILE, text.encode())


def _plain(values: dict[str, Any]) -> dict[str, Any]:
    """Values as JSON has them: sets as sorted lists, names for enumerations."""
    made = {}
    for name, value in values.items():
        if isinstance(value, set | frozenset):
            value = sorted(value)
        made[name] = getattr(value, "value", value)
    return made
