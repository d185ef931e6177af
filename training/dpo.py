"""Train one adapter: from preference pairs on disk to a LoRA and its card in a pack's folder.

RUN/checkpoint-*    what resuming needs; the newest and the best are kept
RUN/log             for TensorBoard
PACK/<metric>/<positive|negative>/adapter_config.json, adapter_model.safetensors, card.json
"""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from engine.catalog import ModelRef, weights_sha256
from engine.errors import Problem
from engine.files import part_beside, replace_file
from engine.packs import CARD_FILE, Card, CurvePoint
from training.plan import Plan, dpo_config, model_here
from training.store import PairSet, read_pairs, read_summary

MAX_CURVE = 200

Tell = Callable[[str, int, int, Mapping[str, float]], None]  # what is going on, done, total, newest figures


@dataclass(frozen=True)
class Trained:
    """An adapter's folder, and its figures on held-out pairs at its best."""

    folder: Path
    card: Card


def train_adapter(plan: Plan, run: Path, pack: Path, tell: Tell) -> Trained:
    """Train as `plan` says; a run that was stopped goes on from its newest checkpoint in `run`.

    Raises Problem if the model or the pairs are not there, or do not fit together.
    """
    import torch
    from torch.utils.tensorboard import SummaryWriter
    from transformers import EarlyStoppingCallback, set_seed
    from transformers.integrations import TensorBoardCallback

    from engine.ledger import Ledger
    from training.batches import Examples
    from training.cache import cache_folder, precision_of, text_states
    from training.memory import keep_memory
    from training.policy import layout_of, load_decoder, save_adapter, with_lora
    from training.references import score_references
    from training.strength import strengthen
    from training.trainer import DpoTrainer

    keep_memory()
    model, base = model_here(plan.model)
    sha256 = weights_sha256(base)
    config = dpo_config(plan.settings, run)
    frames = plan.beginnings.get(plan.metric)
    train = read_pairs(plan.data, plan.metric, "train", plan.direction, soundness=True)
    train = train.spread(plan.pairs).beginnings(frames)
    held_out = read_pairs(plan.data, plan.metric, "test", plan.direction)
    held_out = held_out.spread(plan.held_out).beginnings(frames)
    tell("reading prompts", 0, 1, {})
    states = text_states(base, sha256, sorted({*train.prompts(), *held_out.prompts()}))
    set_seed(config.seed)
    decoder = load_decoder(base)
    layout = layout_of(decoder)
    _check_codes(train, len(layout.waits), layout.pad, plan)
    policy = with_lora(decoder, plan.lora).to(config.device)
    known = None
    if config.precompute_ref_log_probs:
        dtype = precision_of(config.bf16, config.fp16)
        references = Ledger(cache_folder() / "references" / f"{sha256[:16]}-{str(dtype)[6:]}")
        rows = config.precompute_ref_batch_size or 2 * config.per_device_train_batch_size
        for part in (train, held_out):
            for done, total in score_references(
                policy, layout, part, states, references, rows, dtype, torch.device(config.device)
            ):
                tell("scoring with the base", done, total, {})
        known = references.known
    with SummaryWriter(str(run / "log")) as writer:
        trainer = DpoTrainer(
            policy,
            config,
            layout,
            Examples(train, plan.direction, states, known),
            Examples(held_out, plan.direction, states, known),
            [EarlyStoppingCallback(plan.patience), TensorBoardCallback(writer), _teller(tell)],
        )
        trainer.train(resume_from_checkpoint=_newest_checkpoint(run))
    folder = pack / plan.metric / plan.direction
    if not trainer.is_world_process_zero():
        trainer.accelerator.wait_for_everyone()  # until the first has written what follows reads
        return Trained(folder, _card(plan, model, sha256, config, train, held_out, trainer))
    beside = part_beside(folder)  # whole or not at all: others may train into the same pack
    save_adapter(trainer.accelerator.unwrap_model(trainer.model), beside, plan.lora)
    if plan.strength is not None:
        tell("scaling", 0, 1, {})
    lora = replace(plan.lora, gain=plan.lora.gain * strengthen(beside, plan))
    card = _card(replace(plan, lora=lora), model, sha256, config, train, held_out, trainer)
    replace_file(beside / CARD_FILE, card.model_dump_json(indent=1, exclude_none=True).encode())
    shutil.rmtree(folder, ignore_errors=True)
    beside.rename(folder)
    trainer.accelerator.wait_for_everyone()
    return Trained(folder, card)


def _check_codes(pairs: PairSet, codebooks: int, card: int, plan: Plan) -> None:
    codes = pairs[0].chosen.codes
    if codes.shape[0] != codebooks or codes.max() >= card:
        raise Problem(
            f"The pairs in {plan.data[0]} have {codes.shape[0]} codebooks of up to {codes.max() + 1} codes,"
            f" the model '{plan.model}' {codebooks} of {card}.",
            "Make them with this model: tunedial train data --help",
        )


def _newest_checkpoint(run: Path) -> str | None:
    from transformers.trainer_utils import get_last_checkpoint

    return get_last_checkpoint(str(run)) if run.is_dir() else None


def _teller(tell: Tell) -> Any:
    from transformers import TrainerCallback

    class Teller(TrainerCallback):  # type: ignore[misc]
        """Hands on the steps and the newest figures."""

        def __init__(self) -> None:
            self._figures: dict[str, float] = {}

        def on_step_end(self, args: Any, state: Any, control: Any, **_: Any) -> None:
            tell("training", state.global_step, state.max_steps, self._figures)

        def on_log(self, args: Any, state: Any, control: Any, logs: Any = None, **_: Any) -> None:
            self._figures |= {name: value for name, value in (logs or {}).items() if isinstance(value, float)}

    return Teller()


def _card(
    plan: Plan, model: ModelRef, sha256: str, config: Any, train: PairSet, held_out: PairSet, trainer: Any
) -> Card:
    curve = curve_of(trainer.state.log_history)
    summaries = [read_summary(folder) for folder in plan.data]
    kept = next((point for point in curve if point.step == trainer.state.best_global_step), None)
    estimators = summaries[0].get("estimators", {})
    return Card(
        metric=plan.metric,
        direction=plan.direction,
        trained_on="; ".join(str(summary["source"]) for summary in summaries),
        method=f"DPO ({', '.join(config.loss_type)}) of a LoRA of rank {plan.lora.rank}",
        measured_as=str(estimators.get(plan.metric, "not measured")),
        proxy=bool(estimators.get(plan.metric, "").startswith("proxy")),
        base_model=model.id,
        base_sha256=sha256,
        pairs=len(train),
        held_out_pairs=len(held_out),
        held_out_accuracy=kept.accuracy if kept else None,
        settings=_settings(plan, config, trainer),
        curve=curve,
        verdict="not measured",
    )


def _settings(plan: Plan, config: Any, trainer: Any) -> dict[str, Any]:
    lora = plan.lora
    return {
        "learning_rate": config.learning_rate,
        "beta": config.beta,
        "loss": ", ".join(config.loss_type),
        "loss_weights": ", ".join(map(str, config.loss_weights)) if config.loss_weights else None,
        "label_smoothing": config.label_smoothing,
        "batch": config.per_device_train_batch_size * config.gradient_accumulation_steps,
        "warmup_steps": int(config.warmup_steps),
        "steps": int(trainer.state.global_step),
        "best_step": int(trainer.state.best_global_step or 0),
        "seed": config.seed,
        "bf16": bool(config.bf16),
        "rank": lora.rank,
        "alpha": lora.alpha,
        "gain": round(lora.gain, 4),
        "strength": plan.strength,
        "frozen_layers": lora.frozen,
        "targets": ", ".join(lora.targets),
        "first_frames": plan.beginnings.get(plan.metric),
    }


def curve_of(history: list[dict[str, Any]]) -> tuple[CurvePoint, ...]:
    """The course of a training from Trainer's log: at most MAX_CURVE points, those of evaluations first."""
    points: dict[int, dict[str, Any]] = {}
    names = {
        "loss": "loss",
        "eval_loss": "held_out_loss",
        "eval_rewards/accuracies": "accuracy",
        "eval_rewards/margins": "margin",
        "eval_kl": "kl",
    }
    for line in history:
        found = {short: float(line[name]) for name, short in names.items() if name in line}
        if found:
            points.setdefault(int(line["step"]), {}).update(found)
    steps = sorted(points, key=lambda step: ("accuracy" not in points[step], step))[:MAX_CURVE]
    return tuple(CurvePoint(step=step, **points[step]) for step in sorted(steps))
