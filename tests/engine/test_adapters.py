import json
import math
from pathlib import Path
from typing import Any

import peft
import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor
from transformers import EncodecConfig, MusicgenConfig, MusicgenForConditionalGeneration, T5Config

from engine.adapters import read_adapter
from engine.errors import Problem
from tests.engine.random_pack import TARGETS, decoder_weights, tiny_config, tiny_decoder, write_adapter

WEIGHTS = decoder_weights(tiny_config())
Q_PROJ = "model.decoder.layers.1.self_attn.q_proj"
PEFT_WARNS = pytest.mark.filterwarnings("ignore:.is_gradient_checkpointing. is deprecated:FutureWarning")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_adapter(tmp_path / "adapter", WEIGHTS)


def _change_config(folder: Path, **values: Any) -> None:
    file = folder / "adapter_config.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))


def _change_tensors(folder: Path, **tensors: Tensor) -> None:
    file = folder / "adapter_model.safetensors"
    save_file({**load_file(file), **{f"base_model.model.{k}": v for k, v in tensors.items()}}, file)


def _assert_equals_peft(model: torch.nn.Module, config: peft.LoraConfig, tmp_path: Path, prefix: str) -> None:
    tuned = peft.get_peft_model(model, config)
    tuned.save_pretrained(tmp_path)
    adapter = read_adapter(tmp_path, WEIGHTS)
    layers = {
        name.removeprefix(prefix): module
        for name, module in tuned.base_model.model.named_modules()
        if isinstance(module, peft.tuners.lora.Linear)
    }
    assert set(adapter.modules) == set(layers)
    for name, layer in layers.items():
        change = adapter.modules[name]
        torch.testing.assert_close(change.scale * change.B @ change.A, layer.get_delta_weight("default"))


@PEFT_WARNS
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"lora_alpha": 3, "r": 5},
        {"use_rslora": True},
        {
            "rank_pattern": {"fc1": 3, r"layers\.1\..*k_proj": 1},
            "alpha_pattern": {"fc1": 7, "self_attn.v_proj": 2},
        },
        {
            "rank_pattern": {"fc2": 6},
            "alpha_pattern": {r"^model.decoder.layers.\d+.fc2": 9},
            "use_rslora": True,
        },
        {"layers_to_transform": [1], "layers_pattern": "layers"},
    ],
    ids=lambda options: "-".join(options) or "plain",
)
def test_the_change_equals_peft(options: dict[str, Any], tmp_path: Path) -> None:
    config = peft.LoraConfig(target_modules=list(TARGETS), init_lora_weights=False, **options)
    _assert_equals_peft(tiny_decoder(), config, tmp_path, prefix="")


@PEFT_WARNS
def test_an_adapter_trained_on_the_composite_model_is_read_too(tmp_path: Path) -> None:
    codec = EncodecConfig(
        num_filters=2, upsampling_ratios=[2, 2], hidden_size=4, codebook_size=32, num_lstm_layers=1
    )
    text = T5Config(vocab_size=16, d_model=16, d_kv=8, d_ff=16, num_layers=1, num_heads=2)
    config = MusicgenConfig(
        text_encoder=text.to_dict(), audio_encoder=codec.to_dict(), decoder=tiny_config().to_dict()
    )
    model = MusicgenForConditionalGeneration(config)
    lora = peft.LoraConfig(
        target_modules=["q_proj", "fc1"], alpha_pattern={"fc1": 5}, init_lora_weights=False
    )
    _assert_equals_peft(model, lora, tmp_path, prefix="decoder.")


def test_scale_is_alpha_over_rank_and_for_rslora_over_its_root(folder: Path) -> None:
    assert read_adapter(folder, WEIGHTS).modules[Q_PROJ].scale == 4 / 2
    _change_config(folder, use_rslora=True)
    assert read_adapter(folder, WEIGHTS).modules[Q_PROJ].scale == pytest.approx(4 / math.sqrt(2))


def test_tensors_keep_their_dtype(folder: Path) -> None:
    _change_tensors(folder, **{f"{Q_PROJ}.lora_A.weight": torch.ones(2, 16, dtype=torch.bfloat16)})
    assert read_adapter(folder, WEIGHTS).modules[Q_PROJ].A.dtype == torch.bfloat16


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"use_dora": True}, "DoRA"),
        ({"bias": "all"}, "bias"),
        ({"lora_bias": True}, "bias"),
        ({"modules_to_save": ["lm_heads"]}, "modules_to_save"),
        ({"fan_in_fan_out": True}, "transposed"),
        ({"peft_type": "LOHA"}, "LOHA"),
        ({"peft_type": None}, "not LORA"),
        ({"init_lora_weights": "pissa"}, "pissa"),
        ({"trainable_token_indices": [1]}, "embeddings"),
        ({"use_something_new": True}, "use_something_new"),
        ({"r": 0}, "r:"),
        ({"lora_alpha": math.inf}, "lora_alpha"),
        ({"alpha_pattern": {"(.+)+x": 1}}, "pattern"),
        ({"alpha_pattern": {"(": 1}}, "pattern"),
        ({"rank_pattern": {"a" * 300: 1}}, "pattern"),
        ({"rank_pattern": {str(n): 1 for n in range(600)}}, "pattern"),
    ],
)
def test_what_is_not_plain_lora_is_refused(values: dict[str, Any], reason: str, folder: Path) -> None:
    _change_config(folder, **values)
    with pytest.raises(Problem, match=r"adapter_config\.json") as refusal:
        read_adapter(folder, WEIGHTS)
    assert reason in refusal.value.what


def test_switches_that_only_steer_training_are_let_through(folder: Path) -> None:
    _change_config(folder, lora_dropout=0.1, megatron_core="megatron.core", init_lora_weights="gaussian")
    read_adapter(folder, WEIGHTS)


def test_a_pickled_adapter_is_refused_unopened(folder: Path) -> None:
    (folder / "adapter_model.safetensors").rename(folder / "adapter_model.bin")
    with pytest.raises(Problem, match=r"adapter_model\.bin is pickled"):
        read_adapter(folder, WEIGHTS)


@pytest.mark.parametrize(
    ("name", "tensor", "reason"),
    [
        ("model.decoder.layers.9.fc1.lora_A.weight", torch.ones(2, 16), "no module"),
        ("text_encoder.layers.0.fc1.lora_A.weight", torch.ones(2, 16), "no module"),
        (f"{Q_PROJ}.lora_A.weight", torch.ones(2, 17), r"A \[2, 17\]"),
        (f"{Q_PROJ}.lora_B.weight", torch.ones(17, 2), r"B \[17, 2\]"),
        (f"{Q_PROJ}.lora_B.weight", torch.ones(16), r"B \[16\]"),
        (f"{Q_PROJ}.lora_A.weight", torch.ones(3, 16), "rank 2"),
        (f"{Q_PROJ}.lora_A.weight", torch.full((2, 16), math.nan), "NaN"),
        (f"{Q_PROJ}.lora_B.weight", torch.full((16, 2), -math.inf), "infinite"),
        (f"{Q_PROJ}.lora_A.weight", torch.ones(2, 16, dtype=torch.int8), "floating-point"),
        (f"{Q_PROJ}.lora_magnitude_vector", torch.ones(16), "plain LoRA"),
        ("model.decoder.embed_tokens.0.lora_embedding_A", torch.ones(2, 33), "plain LoRA"),
        ("model.decoder.layers.0.self_attn_layer_norm.lora_A.weight", torch.ones(2, 16), "lacks one"),
    ],
)
def test_tensors_that_do_not_fit_are_refused(name: str, tensor: Tensor, reason: str, folder: Path) -> None:
    _change_tensors(folder, **{name: tensor})
    with pytest.raises(Problem, match=rf"adapter_model\.safetensors.*{reason}"):
        read_adapter(folder, WEIGHTS)


def test_a_module_named_in_both_forms_is_refused(folder: Path) -> None:
    _change_tensors(
        folder,
        **{
            f"decoder.{Q_PROJ}.lora_A.weight": torch.ones(2, 16),
            f"decoder.{Q_PROJ}.lora_B.weight": torch.ones(16, 2),
        },
    )
    with pytest.raises(Problem, match="twice"):
        read_adapter(folder, WEIGHTS)


def test_a_change_of_what_is_no_linear_layer_is_refused(folder: Path) -> None:
    norm = "model.decoder.layers.0.self_attn_layer_norm"
    _change_tensors(
        folder,
        **{f"{norm}.lora_A.weight": torch.ones(2), f"{norm}.lora_B.weight": torch.ones(16, 2)},
    )
    with pytest.raises(Problem, match=r"base's weight \[16\]"):
        read_adapter(folder, WEIGHTS)


def test_an_adapter_of_a_larger_base_is_refused(tmp_path: Path) -> None:
    larger = decoder_weights(tiny_config(hidden_size=32))
    with pytest.raises(Problem, match="base's weight"):
        read_adapter(write_adapter(tmp_path, larger), WEIGHTS)


@pytest.mark.parametrize("kept", [0, 4, 100, -8])
def test_a_truncated_file_is_refused(kept: int, folder: Path) -> None:
    file = folder / "adapter_model.safetensors"
    file.write_bytes(file.read_bytes()[:kept])
    with pytest.raises(Problem, match=r"adapter_model\.safetensors is damaged"):
        read_adapter(folder, WEIGHTS)


def test_an_empty_adapter_is_refused(folder: Path) -> None:
    save_file({}, folder / "adapter_model.safetensors")
    with pytest.raises(Problem, match="changes nothing"):
        read_adapter(folder, WEIGHTS)


@pytest.mark.parametrize("name", ["adapter_config.json", "adapter_model.safetensors"])
def test_a_missing_file_is_named(name: str, folder: Path) -> None:
    (folder / name).unlink()
    with pytest.raises(Problem, match=name):
        read_adapter(folder, WEIGHTS)


@pytest.mark.parametrize("text", ["", "[1]", "{", "[" * 100_000, " " * 1_000_001])
def test_a_config_that_is_no_json_object_is_refused(text: str, folder: Path) -> None:
    (folder / "adapter_config.json").write_text(text)
    with pytest.raises(Problem, match=r"adapter_config\.json"):
        read_adapter(folder, WEIGHTS)
