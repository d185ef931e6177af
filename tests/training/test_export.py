import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from engine.codecs import build
from engine.codecs.stem import StemCodec
from engine.decoder import tensor_shapes
from engine.errors import Problem
from engine.model import load_model
from tests.training.fixtures import TINY, random_network, write_codec
from training.starter import checkpoint
from training.starter.export import SAMPLING, export
from training.starter.lm.train import LmPlan, new_decoder

CODEC = TINY.model_copy(update={"codebook_size": 1024})
PLAN = LmPlan(layers=1)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, int]:
    """The run of a small starter, the folder it was exported to, and the bytes that export told."""
    run, target = tmp_path_factory.mktemp("run"), tmp_path_factory.mktemp("resources") / "starter"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.starter.codec.train.StemCodecConfig", lambda: CODEC)
        write_codec(run, random_network(CODEC))
        splitter = random_network(CODEC).splitter_out.state_dict()
        trained = {f"splitter_out.{name}": torch.full_like(t, 0.5) for name, t in splitter.items()}
        checkpoint.save(run / "splitter.pt", trained)
        torch.manual_seed(0)
        decoder = new_decoder(PLAN)
        average = {name: torch.full_like(p, 0.25) for name, p in decoder.named_parameters() if p.ndim == 1}
        plan = {"hidden": PLAN.hidden, "layers": PLAN.layers}
        checkpoint.save(run / "lm.pt", {"decoder": decoder.state_dict(), "average": average, "plan": plan})
        return run, target, export(run, target)


def test_the_folder_is_config_and_half_precision_weights(made: tuple[Path, Path, int]) -> None:
    _, target, size = made
    assert {path.name for path in target.iterdir()} == {
        "config.json",
        "generation_config.json",
        "model.safetensors",
    }
    assert (target / "model.safetensors").stat().st_size == size
    weights = load_file(target / "model.safetensors")
    assert {tensor.dtype for tensor in weights.values()} == {torch.float16}
    assert all(tensor.isfinite().all() for tensor in weights.values())


def test_names_are_those_of_the_codec_and_of_transformers_decoder(made: tuple[Path, Path, int]) -> None:
    _, target, _ = made
    names = set(load_file(target / "model.safetensors"))
    codec = {f"audio_encoder.{name}" for name in random_network(CODEC).state_dict()}
    decoder = {f"decoder.{name}" for name in tensor_shapes(load_model(target).decoder.spec)}
    assert names == codec | decoder


def test_what_ships_are_the_averaged_decoder_and_the_trained_splitter(made: tuple[Path, Path, int]) -> None:
    _, target, _ = made
    weights = load_file(target / "model.safetensors")
    assert (weights["audio_encoder.splitter_out.weight"] == 0.5).all()
    assert (weights["decoder.model.decoder.layer_norm.weight"] == 0.25).all()
    torch.manual_seed(0)
    trained = new_decoder(PLAN).get_parameter("lm_heads.7.weight")
    assert torch.equal(weights["decoder.lm_heads.7.weight"], trained.detach().half())


def test_the_engines_codec_is_the_trained_one(made: tuple[Path, Path, int]) -> None:
    _, target, _ = made
    config = json.loads((target / "config.json").read_text())["audio_encoder"]
    prefix = "audio_encoder."
    weights = {
        name.removeprefix(prefix): tensor
        for name, tensor in load_file(target / "model.safetensors").items()
        if name.startswith(prefix)
    }
    codec = build(config, weights)
    assert isinstance(codec, StemCodec)
    trained = StemCodec(CODEC.model_dump(), random_network(CODEC).state_dict())
    codes = torch.randint(1024, (1, 16, 10), generator=torch.Generator().manual_seed(0))
    expected = trained.decode(codes)
    assert (codec.decode(codes) - expected).abs().max() < 0.01 * expected.abs().max()


def test_the_engine_loads_it_with_a_window_of_the_trained_length(made: tuple[Path, Path, int]) -> None:
    _, target, _ = made
    model = load_model(target)
    assert model.sampling == SAMPLING
    assert (model.codec.sample_rate, model.frame_rate) == (32_000, 50)
    states = model.read_prompt("jazz, piano, drums")
    assert states.shape[1] == 384
    assert model.window(model.condition(states)) == 512


def test_without_a_splitter_nothing_is_written(made: tuple[Path, Path, int], tmp_path: Path) -> None:
    run, _, _ = made
    for name in ("codec.pt", "lm.pt"):
        (tmp_path / name).write_bytes((run / name).read_bytes())
    with pytest.MonkeyPatch.context() as patch, pytest.raises(Problem, match="no splitter"):
        patch.setattr("training.starter.codec.train.StemCodecConfig", lambda: CODEC)
        export(tmp_path, tmp_path / "starter")
    assert not (tmp_path / "starter").exists()


def test_halfway_is_the_mean_of_a_model_and_the_runs(made: tuple[Path, Path, int], tmp_path: Path) -> None:
    run, trained, _ = made
    norm = "decoder.model.decoder.layer_norm.weight"
    before = load_file(trained / "model.safetensors")
    save_file(before | {norm: torch.full_like(before[norm], 0.75)}, tmp_path / "model.safetensors")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("training.starter.codec.train.StemCodecConfig", lambda: CODEC)
        export(run, tmp_path / "mean", tmp_path)
    found = load_file(tmp_path / "mean" / "model.safetensors")
    assert (found[norm] == 0.5).all()
    assert all(torch.equal(found[name], before[name]) for name in before if name != norm)
