"""One adapter, from pairs on disk to a pack's folder."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch

from engine.adapters import read_adapter
from engine.errors import CallProblem, Problem
from engine.ledger import Ledger
from engine.merge import combine, merge
from engine.mix import Mix
from engine.packs import CARD_FILE, Card
from tests.engine import tiny
from tests.training.tiny_pairs import write
from training.batches import Examples, clip_key, clips_of, collate
from training.cache import cache_folder, text_states
from training.dpo import train_adapter
from training.plan import Plan, dpo_config
from training.policy import LoraPlan, layout_of, load_decoder, with_lora
from training.references import missing_clips, score_references
from training.scoring import predictions, token_logps
from training.store import read_pairs
from training.trainer import DpoTrainer

SETTINGS: Mapping[str, Any] = {
    "max_steps": 12,
    "learning_rate": 1e-2,
    "warmup_steps": 2,
    "eval_steps": 6,
    "save_steps": 6,
    "logging_steps": 3,
    "bf16": False,
}


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return tiny.save(tiny.mono(), tmp_path / "model")


@pytest.fixture
def plan(tmp_path: Path, model: Path) -> Plan:
    data = write(tmp_path / "data")
    lora = LoraPlan(rank=4, alpha=8)
    return Plan("energy", "positive", (data,), model=str(model), lora=lora, settings=SETTINGS)


def silent(what: str, done: int, total: int, figures: Mapping[str, float]) -> None:
    """Tell nobody."""


def trained(plan: Plan, tmp_path: Path, name: str = "run") -> tuple[Path, Card]:
    found = train_adapter(plan, tmp_path / name, tmp_path / f"pack-{name}", silent)
    return found.folder, found.card


def policy_of(model: Path, **lora: Any) -> Any:
    torch.manual_seed(3)
    policy = with_lora(load_decoder(model), LoraPlan(**lora))
    for name, parameter in policy.named_parameters():
        if "lora_B" in name:
            parameter.data.normal_(0, 0.05)
    return policy


def test_training_learns_and_leaves_an_adapter_with_a_card(plan: Plan, tmp_path: Path) -> None:
    told = []
    found = train_adapter(
        plan,
        tmp_path / "run",
        tmp_path / "pack",
        lambda what, done, total, _: told.append((what, done, total)),
    )
    assert found.folder == tmp_path / "pack" / "energy" / "positive"
    assert Card.model_validate_json((found.folder / CARD_FILE).read_bytes()) == found.card
    assert (found.card.pairs, found.card.held_out_pairs) == (12, 6)
    assert found.card.held_out_accuracy == 1.0
    losses = [point.held_out_loss for point in found.card.curve if point.held_out_loss is not None]
    assert losses[-1] < losses[0] < 0.6931
    assert found.card.curve[-1].kl > 0
    assert ("training", 12, 12) in told
    assert list((tmp_path / "run" / "log").glob("events.*"))


def test_the_knob_at_its_end_is_the_trained_model(plan: Plan, tmp_path: Path, model: Path) -> None:
    folder, card = trained(plan, tmp_path)
    base = load_decoder(model)
    adapter = read_adapter(folder, dict(base.state_dict()))
    assert {name.split(".")[3] for name in adapter.modules} == {"1"}, "the front half is frozen"
    changes = combine(Mix(knobs={"energy": 5}), {"energy": adapter})
    base.load_state_dict(merge(dict(base.state_dict()), changes), strict=False)
    examples = Examples(
        read_pairs(plan.data, "energy", "test"),
        "positive",
        dict.fromkeys(read_pairs(plan.data, "energy", "test").prompts(), torch.ones(2, 32)),
        None,
    )
    clips = clips_of(collate([examples[i] for i in range(3)], layout_of(base)))
    best = with_lora(load_decoder(model), plan.lora)
    from peft import set_peft_model_state_dict
    from safetensors.torch import load_file

    step = card.settings["best_step"]
    set_peft_model_state_dict(
        best, load_file(tmp_path / "run" / f"checkpoint-{step}" / "adapter_model.safetensors")
    )
    with torch.no_grad():
        logits = [predictions(decoder, clips, layout_of(decoder)) for decoder in (base, best)]
    torch.testing.assert_close(*logits, atol=5e-3, rtol=5e-3)


def test_negative_is_positive_on_swapped_pairs(plan: Plan, tmp_path: Path, model: Path) -> None:
    pairs = read_pairs(plan.data, "energy", "train")
    states = dict.fromkeys(pairs.prompts(), torch.ones(1, 32))
    known = {
        clip_key(pair, side): pair.chosen.value for pair in pairs for side in (pair.chosen, pair.rejected)
    }
    up, down = (Examples(pairs, direction, states, known)[0] for direction in ("positive", "negative"))
    assert (up.better == down.worse).all() and (up.worse == down.better).all()
    assert up.references is not None and down.references is not None
    assert up.references == down.references[::-1]


def test_a_stopped_run_ends_as_one_that_was_not(plan: Plan, tmp_path: Path) -> None:
    whole, _ = trained(plan, tmp_path, "whole")

    class Stop(Exception):
        pass

    def stop_after_8(what: str, done: int, total: int, figures: Mapping[str, float]) -> None:
        if what == "training" and done == 8:
            raise Stop

    with pytest.raises(Stop):
        train_adapter(plan, tmp_path / "halved", tmp_path / "pack-halved", stop_after_8)
    assert (tmp_path / "halved" / "checkpoint-6").is_dir()
    halved, _ = trained(plan, tmp_path, "halved")
    weights = [(folder / "adapter_model.safetensors").read_bytes() for folder in (whole, halved)]
    assert weights[0] == weights[1]


def test_references_are_those_of_the_adapter_switched_off_and_kept(plan: Plan, model: Path) -> None:
    pairs = read_pairs(plan.data, "energy", "train").spread(4)
    states = text_states(model, "0" * 64, pairs.prompts())
    policy = policy_of(model)
    layout = layout_of(policy.get_base_model())
    place = cache_folder() / "references" / "test"
    steps = list(
        score_references(policy, layout, pairs, states, Ledger(place), 3, torch.float32, torch.device("cpu"))
    )
    assert steps == [(3, 8), (6, 8), (8, 8)]
    again = Ledger(place)
    assert missing_clips(pairs, again.known) == []
    (place / "torn.txt").write_text("abc -12.")
    assert "abc" not in Ledger(place).known
    batch = collate([Examples(pairs, "positive", states, again.known)[i] for i in range(4)], layout)
    with torch.no_grad(), policy.disable_adapter():
        expected = token_logps(predictions(policy, clips_of(batch), layout), clips_of(batch), layout).sum(
            (1, 2)
        )
    torch.testing.assert_close(batch["references"], expected, atol=1e-3, rtol=1e-5)


@pytest.mark.parametrize("checkpointing", [False, True])
def test_references_on_the_fly_give_the_same_loss_and_gradients(
    plan: Plan, tmp_path: Path, model: Path, checkpointing: bool
) -> None:
    pairs = read_pairs(plan.data, "energy", "train").spread(3)
    states = text_states(model, "0" * 64, pairs.prompts())
    policy = policy_of(model)
    layout = layout_of(policy.get_base_model())
    references = Ledger(cache_folder() / "references" / "test")
    for _ in score_references(
        policy, layout, pairs, states, references, 2, torch.float32, torch.device("cpu")
    ):
        pass
    config = dpo_config(
        {
            **SETTINGS,
            "gradient_checkpointing": checkpointing,
            "loss_type": "sigmoid,sft",
            "loss_weights": "1,0.1",
        },
        tmp_path / "run",
    )
    examples = Examples(pairs, "positive", states, references.known)
    trainer = DpoTrainer(policy, config, layout, examples, examples)
    if checkpointing:
        policy.get_base_model().activation_checkpointing_enable(config.activation_checkpointing_kwargs)
    policy.train()
    batch = collate([examples[i] for i in range(3)], layout)
    results = []
    for inputs in (batch, {name: value for name, value in batch.items() if name != "references"}):
        policy.zero_grad()
        loss = trainer.compute_loss(policy, inputs)
        loss.backward()
        gradients = [p.grad.clone() for p in policy.parameters() if p.grad is not None]
        results.append((float(loss.detach()), gradients))
    assert results[0][0] == pytest.approx(results[1][0], rel=1e-5)
    torch.testing.assert_close(results[0][1], results[1][1], atol=1e-5, rtol=1e-3)
    trained_names = [name for name, p in policy.named_parameters() if p.grad is not None]
    assert trained_names and all("lora_" in name and ".layers.1." in name for name in trained_names)


def test_settings_are_dpoconfigs_and_wrong_ones_are_named(tmp_path: Path) -> None:
    config = dpo_config({"beta": "0.05", "loss_type": "ipo", "bf16": "false", "eval_steps": "7"}, tmp_path)
    assert (config.beta, config.loss_type, config.bf16, config.eval_steps) == (0.05, ["ipo"], False, 7)
    assert (config.per_device_train_batch_size, config.warmup_steps, config.num_train_epochs) == (3, 150, 10)
    for settings, told in (
        ({"temperature": "1"}, "no field 'temperature'"),
        ({"beta": "much"}, "'beta' cannot be 'much'"),
        ({"loss_type": "exo_pair"}, "'exo_pair' is not supported"),
        ({"ld_alpha": "0.5"}, "'ld_alpha' is not supported"),
        ({"report_to": "wandb"}, "cannot be changed"),
    ):
        with pytest.raises(CallProblem, match=told):
            dpo_config(settings, tmp_path)


def test_pairs_of_another_model_are_refused(plan: Plan, tmp_path: Path) -> None:
    data = write(tmp_path / "stereo", codebooks=8)
    with pytest.raises(Problem, match="8 codebooks of up to"):
        trained(replace(plan, data=(data,)), tmp_path)


def test_a_melody_model_is_refused(plan: Plan, tmp_path: Path) -> None:
    melody = tiny.save(tiny.melody(), tmp_path / "melody")
    with pytest.raises(Problem, match="'musicgen_melody', which cannot be trained"):
        load_decoder(melody)
