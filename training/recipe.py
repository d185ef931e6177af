"""How the starter's own pack is made: one recipe, one seed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.job import GenerationSettings
from engine.metrics import METRIC_IDS
from engine.pairs import SUMMARY
from engine.prompts import read_prompts
from training.data import selfplay
from training.data.clips import Tell
from training.data.select import Rule
from training.plan import Plan, model_here
from training.policy import LoraPlan

NAME = "starter"
VERSION = "1.0"
SECONDS = 5.0  # enough to hear a quality, and half of the cost of 10
PROMPTS_EVERY = 2  # of the training prompts, so that 240 are played
CLIPS = 12
RULE = Rule(margin=0.7, most=4.0, purity=0.7, limit=2000)

# Sizes that leave 26 adapters below 20 MB: rank 8 on the later half of six layers of 384.
LORA = LoraPlan(rank=8, alpha=16.0, gain=2.0)
# One round, a minute of one core. Rate and beta are so low that no pair is settled before all are seen:
# what the first pairs say is mostly chance (docs/log.md). How far to go is STRENGTH's to say.
SETTINGS: Mapping[str, Any] = {
    "learning_rate": 3e-4,
    "warmup_steps": 20,
    "max_steps": 300,
    "per_device_train_batch_size": 6,
    "per_device_eval_batch_size": 6,
    "beta": 0.02,
    "loss_type": ["sigmoid", "sft"],
    "loss_weights": [1.0, 0.1],
    "eval_steps": 100,
    "lr_scheduler_type": "cosine",
    "seed": 0,
}
HELD_OUT = 96
# What a clip will be is decided early on, and then only gone on with; of tempo, in the first frame.
BEGINNINGS = {metric: 10 if metric == "tempo" else 50 for metric in METRIC_IDS}
STRENGTH = 0.025


def starter_pairs(data: Path, model: str, workers: int, tell: Tell) -> None:
    """Make the recipe's pairs in `data`, if they are not there."""
    from engine.catalog import sampling_of, weights_sha256

    _, base = model_here(model)
    if (data / SUMMARY).exists():
        return
    prompts = read_prompts(None, "training")[::PROMPTS_EVERY]
    settings = GenerationSettings(seconds=SECONDS).settled(sampling_of(base))
    play = selfplay.Play(CLIPS, settings=settings)
    selfplay.make_pairs(
        prompts, data, base, weights_sha256(base), play, selfplay.Thresholds(RULE), workers, tell
    )


def starter_plan(data: Path, model: str) -> Plan:
    """The recipe's plan, for the first of its adapters."""
    return Plan(
        "popularity",
        "positive",
        (data,),
        model,
        LORA,
        SETTINGS,
        patience=4,
        held_out=HELD_OUT,
        beginnings=BEGINNINGS,
        strength=STRENGTH,
    )
