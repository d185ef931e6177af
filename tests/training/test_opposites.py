"""Half the difference of a metric's two adapters."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.adapters import CONFIG_FILE, LowRank, read_adapter
from engine.catalog import weights_sha256
from engine.cli import main
from engine.metrics import ADHERENCE
from engine.packs import Card, Manifest, load_pack, seal
from tests.engine import tiny
from tests.training.tiny_pairs import write
from training.batches import Examples, clips_of, collate
from training.cache import text_states
from training.opposites import added, half_difference
from training.plan import Plan
from training.policy import LoraPlan, layout_of, load_decoder, save_adapter, with_adapter, with_lora
from training.scoring import divergence, predictions
from training.store import read_pairs
from training.strength import strengthen


def change(rank: int, seed: int, scale: float) -> LowRank:
    draw = torch.Generator().manual_seed(seed)
    A, B = torch.randn(rank, 7, generator=draw), torch.randn(5, rank, generator=draw)
    return LowRank(A, B, scale)


def dense(low: LowRank) -> torch.Tensor:
    return low.scale * low.B.double() @ low.A.double()


@pytest.mark.parametrize("ranks", [(1, 1), (2, 1), (2, 2)])
def test_it_is_the_nearest_of_its_rank(ranks: tuple[int, int]) -> None:
    up, down, rank = change(ranks[0], 0, 0.5), change(ranks[1], 1, 3.0), ranks[0]
    found = half_difference(up, down)
    assert (found.A.shape, found.B.shape) == ((rank, 7), (5, rank))
    U, S, Vh = torch.linalg.svd((dense(up) - dense(down)) / 2)
    nearest = U[:, :rank] * S[:rank] @ Vh[:rank]
    assert torch.allclose(dense(found), nearest, atol=1e-5)


def test_changes_are_added() -> None:
    first, second = change(2, 0, 0.5), change(3, 1, 3.0)
    found = added(first, second)
    assert len(found.A) == 5
    assert torch.allclose(dense(found), dense(first) + dense(second), atol=1e-5)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return tiny.save(tiny.mono(), tmp_path / "model")


def save_random(model: Path, folder: Path, seed: int, plan: LoraPlan) -> None:
    policy = with_lora(load_decoder(model), plan)
    draw = torch.Generator().manual_seed(seed)
    for name, weight in policy.named_parameters():
        if "lora_" in name:
            weight.data.normal_(0, 0.1, generator=draw)
    save_adapter(policy, folder, plan)


@pytest.fixture
def apart(tmp_path: Path, model: Path) -> Path:
    pack = tmp_path / "apart"
    for seed, place in enumerate(("energy/positive", "energy/negative", "tempo/positive")):
        save_random(model, pack / place, seed, LoraPlan(rank=2))
        metric, direction = place.split("/")
        card = Card(
            metric=metric, direction=direction, trained_on="-", method="DPO", measured_as="-", verdict="works"
        )
        (pack / place / "card.json").write_text(card.model_dump_json(exclude_none=True))
    manifest = Manifest(name="apart", version="1.0", base_model=str(model), base_sha256=weights_sha256(model))
    (pack / "pack.json").write_text(manifest.model_dump_json(exclude_none=True))
    seal(pack)
    return pack


def test_a_pack_becomes_opposites(
    apart: Path, model: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["train", "oppose", "--apart", str(apart), "--out", str(tmp_path / "made"), "--json"]
    assert main(words) == 0
    told = json.loads(capsys.readouterr().out)["adapters"]
    assert {name: state["state"] for name, state in told.items()} == dict.fromkeys(
        ("energy/positive", "energy/negative", "tempo/positive"), "done"
    )
    pack = load_pack(tmp_path / "made")
    assert pack.manifest.name == "made" and pack.manifest.base_sha256 == weights_sha256(model)
    weights = load_decoder(model).state_dict()

    def read(folder: Path) -> Any:
        return read_adapter(folder, weights).modules

    up, down = (read(tmp_path / "made/energy" / way) for way in ("positive", "negative"))
    first, second = (read(apart / "energy" / way) for way in ("positive", "negative"))
    for module in first:
        wanted = (dense(first[module]) - dense(second[module])) / 2
        found = dense(up[module])
        assert torch.linalg.matrix_rank(found, atol=1e-3) == 2
        assert torch.linalg.norm(found - wanted) < torch.linalg.norm(wanted)
        assert torch.allclose(dense(down[module]), -found, atol=1e-3)
    alone = "tempo/positive/adapter_model.safetensors"
    assert (tmp_path / "made" / alone).read_bytes() == (apart / alone).read_bytes()
    before = {file: file.stat().st_mtime_ns for file in (tmp_path / "made").rglob("adapter*")}
    assert main(words) == 0
    assert before == {file: file.stat().st_mtime_ns for file in (tmp_path / "made").rglob("adapter*")}


def test_an_adapter_of_adherence_is_in_every_one(apart: Path, model: Path, tmp_path: Path) -> None:
    shutil.copytree(apart / "energy" / "positive", apart / ADHERENCE / "positive")
    assert main(["train", "oppose", "--apart", str(apart), "--out", str(tmp_path / "made")]) == 0
    weights = load_decoder(model).state_dict()
    keeping = read_adapter(apart / ADHERENCE / "positive", weights).modules
    up, down = (
        read_adapter(tmp_path / "made/energy" / way, weights).modules for way in ("positive", "negative")
    )
    for module, change in keeping.items():
        assert torch.allclose(dense(up[module]) + dense(down[module]), 2 * dense(change), atol=1e-3)
    pack = load_pack(tmp_path / "made")
    assert sorted(pack.adapters) == [("energy", "negative"), ("energy", "positive"), ("tempo", "positive")]
    card = pack.adapters["tempo", "positive"].card
    assert card is not None and card.method == "DPO; with adherence to the prompt"


@torch.no_grad()
def test_adherence_may_change_modules_that_the_knob_leaves_alone(
    apart: Path, model: Path, tmp_path: Path
) -> None:
    for seed, way in enumerate(("positive", "negative")):
        own = LoraPlan(rank=3, targets=("self_attn.q_proj", "fc1"))
        save_random(model, apart / "energy" / way, seed, own)
    shutil.copytree(apart / "tempo" / "positive", apart / ADHERENCE / "positive")
    seal(apart)
    made = tmp_path / "made"
    assert main(["train", "oppose", "--apart", str(apart), "--out", str(made)]) == 0
    decoder = load_decoder(model)
    weights = {name: weight.clone() for name, weight in decoder.state_dict().items()}
    found = read_adapter(made / "energy" / "positive", weights).modules
    keeping = read_adapter(apart / ADHERENCE / "positive", weights).modules
    assert {name.rsplit(".", 2)[1]: len(low.A) for name, low in found.items() if "q_proj" in name} == {
        "self_attn": 5,
        "encoder_attn": 2,
    }
    for name, low in found.items():
        if "encoder_attn" in name:
            assert torch.allclose(dense(low), dense(keeping[name]), atol=1e-3)
    merged = with_adapter(decoder, made / "energy" / "positive").merge_and_unload().state_dict()
    for name, low in found.items():
        wanted = weights[f"{name}.weight"] + dense(low)
        assert torch.allclose(merged[f"{name}.weight"].double(), wanted, atol=1e-4), name


def test_what_is_no_pack_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "oppose", "--apart", str(tmp_path), "--out", str(tmp_path / "made")]) == 1
    assert "pack.json" in capsys.readouterr().err
    assert not (tmp_path / "made").exists()


@torch.no_grad()
def test_an_adapter_is_brought_to_its_strength(model: Path, tmp_path: Path) -> None:
    folder = tmp_path / "energy"
    save_random(model, folder, 0, LoraPlan(rank=2))
    data = write(tmp_path / "data")
    plan = Plan("energy", "positive", (data,), str(model), strength=0.03)
    alpha = json.loads((folder / CONFIG_FILE).read_text())["lora_alpha"]
    scale = strengthen(folder, plan)
    assert json.loads((folder / CONFIG_FILE).read_text())["lora_alpha"] == pytest.approx(alpha * scale)
    held_out = read_pairs((data,), "energy", "test", "positive")
    states = text_states(model, weights_sha256(model), held_out.prompts())
    decoder = load_decoder(model)
    layout = layout_of(decoder)
    examples = Examples(held_out, "positive", states, None)
    clips = clips_of(collate([examples[n] for n in range(6)], layout))
    base = predictions(decoder, clips, layout)
    for module, low in read_adapter(folder, decoder.state_dict()).modules.items():
        decoder.get_submodule(module).weight += (dense(low) / 2).float()  # a knob at 5, alone
    found = float(divergence(predictions(decoder, clips, layout), base, clips, layout).mean())
    assert found == pytest.approx(0.03, rel=0.08)
