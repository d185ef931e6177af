"""How the starter's own pack is made: one recipe, one seed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.pairs import SUMMARY
from training.data.clips import Tell
from training.data.counterfactual import make_pairs
from training.data.select import Rule
from training.plan import Plan, model_here
from training.policy import LoraPlan

NAME = "starter"
VERSION = "1.0"
SECONDS = 5.0  # enough to hear a quality, and half of the cost of 10
CUTS = 1
RULE = Rule(margin=0.7, purity=0.7, limit=1000)  # of them a tenth or so is held out

# Sizes that leave 26 adapters below 20 MB: rank 8 on the later half of six layers of 384.
LORA = LoraPlan(rank=8, alpha=16.0, gain=2.0)
# The pairs that differ most in the metric and least in the rest: one round of some 900, five minutes of one
# core. The likelihood term keeps the chosen clips from sinking, which they did without it (docs/log.md).
SETTINGS: Mapping[str, Any] = {
    "learning_rate": 2e-3,
    "warmup_steps": 20,
    "max_steps": 100,
    "per_device_train_batch_size": 6,
    "per_device_eval_batch_size": 6,
    "beta": 0.05,
    "loss_type": ["sigmoid", "sft"],
    "loss_weights": [1.0, 0.1],
    "eval_steps": 50,
    "lr_scheduler_type": "cosine",
    "seed": 0,
}
HELD_OUT = 96
BEGINNINGS = {"tempo": 10}  # the metre of the first frame decides it
STRENGTH = 0.08


def starter_pairs(corpus: Path, tokens: Path, data: Path, model: str, workers: int, tell: Tell) -> None:
    """Make the recipe's pairs in `data`, if they are not there."""
    if (data / SUMMARY).exists():
        return
    from training.codec import load_codec

    _, base = model_here(model)
    codec = load_codec(base)
    frames = round(SECONDS * codec.sample_rate / codec.hop)
    make_pairs(corpus, tokens, data, base, CUTS, frames, RULE, workers, tell)


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
