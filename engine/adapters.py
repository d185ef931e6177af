"""Adapters: LoRA folders in PEFT's layout (adapter_config.json, adapter_model.safetensors).

An adapter is read only if adding scale * B @ A to the base's weights is all it does; only then may
adapters be mixed by weights. Whatever else PEFT can do is refused, with the file and the reason.
Nothing pickled is ever opened.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.errors import Problem
from engine.validation import first_fault

if TYPE_CHECKING:
    from torch import Tensor

CONFIG_FILE = "adapter_config.json"
WEIGHTS_FILE = "adapter_model.safetensors"
PICKLED_FILE = "adapter_model.bin"
MAX_CONFIG_BYTES = 1_000_000
MAX_PATTERNS = 512
MAX_PATTERN_CHARS = 200

Number = TypeVar("Number", int, float)

_ANOTHER = "Choose an adapter trained as plain LoRA."

# Switches that may be set whatever they say: they steer training, or do nothing without another switch.
_INERT = {
    "auto_mapping",
    "base_model_name_or_path",
    "corda_config",
    "ensure_weight_tying",
    "eva_config",
    "exclude_modules",
    "inference_mode",
    "layers_pattern",
    "layers_to_transform",
    "lora_dropout",
    "megatron_core",
    "peft_version",
    "qalora_group_size",
    "revision",
    "runtime_config",
    "target_modules",
    "task_type",
}
_REASONS = {
    "alora_invocation_tokens": "it is an aLoRA, which acts on some tokens only",
    "fan_in_fan_out": "its weights are transposed (fan_in_fan_out)",
    "layer_replication": "it repeats layers of the base",
    "lora_bias": "it trains biases (lora_bias)",
    "modules_to_save": "it replaces whole modules of the base (modules_to_save)",
    "target_parameters": "it changes parameters that are not linear layers (target_parameters)",
    "trainable_token_indices": "it trains embeddings (trainable_token_indices)",
    "use_dora": "it is a DoRA, which rescales the base's weights",
    "use_qalora": "it is a QALoRA, which needs a quantized base",
}
# Initialisations that leave the base as it was; others (PiSSA, OLoRA, CorDA, LoftQ) change it.
_PLAIN_STARTS = (True, False, "gaussian", "eva", "orthogonal")

# An adapter of MusicgenForCausalLM, or of the decoder inside a composite model.
_KEY = re.compile(r"base_model\.model\.(?P<module>(?:decoder\.)?(?P<name>model\.decoder\..+|lm_heads\..+))")
_PART = re.compile(r"(?P<module>.+)\.lora_(?P<part>[AB])\.weight")


@dataclass(frozen=True)
class LowRank:
    """A change of one linear layer's weight [out, in]: scale * B @ A, with A [r, in] and B [out, r]."""

    A: Tensor
    B: Tensor
    scale: float


@dataclass(frozen=True)
class Adapter:
    """The changes an adapter makes, by module name as in MusicgenForCausalLM.

    For example `model.decoder.layers.3.self_attn.q_proj`.
    """

    modules: Mapping[str, LowRank]


class LoraConfig(BaseModel):
    """What of adapter_config.json decides the scale: alpha / r, or alpha / sqrt(r) for rsLoRA."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    r: int = Field(default=8, gt=0)
    lora_alpha: float = Field(default=8, allow_inf_nan=False)
    use_rslora: bool = False
    rank_pattern: dict[str, int] = Field(default_factory=dict)
    alpha_pattern: dict[str, float] = Field(default_factory=dict)

    def rank(self, module: str) -> int:
        """The rank of `module`, named as PEFT saw it."""
        return _by_pattern(self.rank_pattern, module, self.r)

    def scale(self, module: str) -> float:
        """What B @ A is multiplied by at `module`, named as PEFT saw it."""
        rank = self.rank(module)
        alpha = _by_pattern(self.alpha_pattern, module, self.lora_alpha)
        return alpha / (math.sqrt(rank) if self.use_rslora else rank)


def read_config(folder: Path) -> LoraConfig:
    """The checked adapter_config.json of `folder`. Raises Problem if the adapter is not plain LoRA."""
    file = folder / CONFIG_FILE
    if (folder / PICKLED_FILE).exists():
        raise Problem(
            f"{folder / PICKLED_FILE} is pickled, and pickled files can run code.",
            "Save the adapter as safetensors (PEFT's default) and remove the pickled file.",
        )
    values = _read_json(file)
    reason = _why_not(values)
    if reason:
        raise Problem(f"{file} cannot be used: {reason}.", _ANOTHER)
    try:
        config = LoraConfig.model_validate(values)
    except ValidationError as error:
        raise Problem(f"{file} is not valid ({first_fault(error)}).", _ANOTHER) from error
    _check_patterns((*config.rank_pattern, *config.alpha_pattern), file)
    return config


def read_adapter(folder: Path, weights: Mapping[str, Tensor]) -> Adapter:
    """The adapter in `folder`, checked against the decoder it is for; tensors keep their dtype.

    `weights` are the decoder's, as `model.decoder.layers.0.fc1.weight`; only their names and shapes
    are looked at. Raises Problem naming the file and the reason: not plain LoRA, pickled, damaged,
    not finite, or made for another base.
    """
    config = read_config(folder)
    file = folder / WEIGHTS_FILE
    parts: dict[str, dict[str, Tensor]] = {}
    for key, tensor in _read_tensors(file).items():
        match = _PART.fullmatch(key)
        if match is None:
            raise Problem(f"{file} cannot be used: '{key}' is not a part of a plain LoRA.", _ANOTHER)
        parts.setdefault(match["module"], {})[match["part"]] = tensor
    modules: dict[str, LowRank] = {}
    for key, pair in parts.items():
        match = _KEY.fullmatch(key)
        weight = weights.get(f"{match['name']}.weight") if match else None
        if match is None or weight is None:
            raise Problem(
                f"{file} was made for another base: this one has no module '{key}'.",
                "Choose an adapter made for this base model.",
            )
        if match["name"] in modules:
            raise Problem(f"{file} changes '{match['name']}' twice.", _ANOTHER)
        _check_pair(pair, tuple(weight.shape), config.rank(match["module"]), f"{file}: '{key}'")
        modules[match["name"]] = LowRank(pair["A"], pair["B"], config.scale(match["module"]))
    if not modules:
        raise Problem(f"{file} is empty: it changes nothing.", _ANOTHER)
    return Adapter(MappingProxyType(modules))


def _why_not(values: Mapping[str, Any]) -> str | None:
    """Why adding scale * B @ A would not be all that an adapter of this config does."""
    if values.get("peft_type") != "LORA":
        return f"it is of type '{values.get('peft_type')}', not LORA"
    if values.get("bias", "none") != "none":
        return f"it trains biases (bias = '{values['bias']}')"
    start = values.get("init_lora_weights", True)
    if start not in _PLAIN_STARTS:
        return f"it was started as '{start}', which changes the base's weights"
    read = {*LoraConfig.model_fields, "peft_type", "bias", "init_lora_weights"}
    for name, value in values.items():
        if value and name not in read | _INERT:
            return _REASONS.get(name, f"it uses '{name}', which plain LoRA has not")
    return None


def _read_json(file: Path) -> dict[str, Any]:
    try:
        if file.stat().st_size > MAX_CONFIG_BYTES:
            raise Problem(f"{file} is too large for an adapter's config.", _ANOTHER)
        values = json.loads(file.read_bytes())
    except OSError as error:
        raise Problem(f"{file} cannot be read: {error.strerror}.", "Choose an adapter folder.") from error
    except (ValueError, RecursionError) as error:
        raise Problem(f"{file} is not JSON.", "Get the adapter again.") from error
    if not isinstance(values, dict):
        raise Problem(f"{file} does not hold an adapter's config.", "Get the adapter again.")
    return values


def _read_tensors(file: Path) -> dict[str, Tensor]:
    from safetensors.torch import load_file

    if not file.is_file():
        raise Problem(f"{file} is missing.", "Choose a folder with an adapter saved as safetensors.")
    try:
        return load_file(file)
    except Exception as error:
        raise Problem(f"{file} is damaged: {error}.", "Get the adapter again.") from error


def _check_pair(pair: Mapping[str, Tensor], shape: tuple[int, ...], rank: int, where: str) -> None:
    """Refuse A and B that are not [rank, in] and [out, rank] of finite numbers for a weight [out, in]."""
    if pair.keys() != {"A", "B"}:
        raise Problem(f"{where} lacks one of lora_A and lora_B.", "Get the adapter again.")
    A, B = pair["A"], pair["B"]
    if tuple(A.shape) != (rank, *shape[1:]) or tuple(B.shape) != (*shape[:1], rank) or len(shape) != 2:
        raise Problem(
            f"{where} has A {list(A.shape)} and B {list(B.shape)},"
            f" which do not fit rank {rank} and the base's weight {list(shape)}.",
            "Choose an adapter made for this base model.",
        )
    if not (A.is_floating_point() and B.is_floating_point()):
        raise Problem(f"{where} does not hold floating-point numbers.", _ANOTHER)
    if not (A.isfinite().all() and B.isfinite().all()):
        raise Problem(f"{where} holds NaN or infinite values.", "Train the adapter again, or get another.")


def _check_patterns(patterns: Iterable[str], file: Path) -> None:
    """Refuse patterns that are not valid or could take forever to match: packs come from strangers."""
    patterns = list(patterns)
    if len(patterns) > MAX_PATTERNS:
        raise Problem(f"{file} has {len(patterns)} rank and alpha patterns.", _ANOTHER)
    for pattern in patterns:
        simple = sum(pattern.count(sign) for sign in "*+?{") <= 2 and not re.search(r"\)[*+?{]", pattern)
        try:
            _matcher(pattern)
        except re.error as error:
            raise Problem(f"{file} has a pattern that is not valid: '{pattern}'.", _ANOTHER) from error
        if not simple or len(pattern) > MAX_PATTERN_CHARS:
            raise Problem(f"{file} has a pattern that is too complex: '{pattern[:60]}'.", _ANOTHER)


def _matcher(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"(.*\.)?({pattern})$")


def _by_pattern(patterns: Mapping[str, Number], module: str, default: Number) -> Number:
    """The value of the first pattern that matches the end of a module's name, as PEFT looks it up."""
    return next((value for pattern, value in patterns.items() if _matcher(pattern).match(module)), default)
