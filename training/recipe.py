"""How the starter's own pack is made: one recipe, one seed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from engine.job import GenerationSettings
from engine.pairs import SUMMARY
from engine.prompts import read_prompts
from training.data import counterfactual, selfplay
from training.data.clips import Tell
from training.data.select import Rule
from training.plan import Plan, model_here
from training.policy import LoraPlan

NAME = "starter"
VERSION = "1.0"
SECONDS = 5.0  # enough to hear a quality, and half of the cost of 10
CUTS = 1
RULE = Rule(margin=0.7, purity=0.7, limit=1000)  # of them a tenth or so is held out
PROMPTS_EVERY = 2  # of the training prompts, so that 240 are played
CLIPS = 12
PLAYED = selfplay.Thresholds(Rule(margin=1.0, most=4.0, purity=0.7, limit=600))

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
    """Make the recipe's pairs in two folders below `data`, those that are not there."""
    from engine.catalog import sampling_of, weights_sha256
    from training.codec import load_codec

    rendered, played = parts_of(data)
    _, base = model_here(model)
    if not (rendered / SUMMARY).exists():
        codec = load_codec(base)
        frames = round(SECONDS * codec.sample_rate / codec.hop)
        counterfactual.make_pairs(corpus, tokens, rendered, base, CUTS, frames, RULE, workers, tell)
    if not (played / SUMMARY).exists():
        prompts = read_prompts(None, "training")[::PROMPTS_EVERY]
        settings = GenerationSettings(seconds=SECONDS).settled(sampling_of(base))
        play = selfplay.Play(CLIPS, settings=settings)
        selfplay.make_pairs(prompts, played, base, weights_sha256(base), play, PLAYED, workers, tell)


def parts_of(data: Path) -> tuple[Path, Path]:
    """Where the rendered pairs lie, and those that the base played."""
    return data / "rendered", data / "played"


def starter_plan(data: Path, model: str) -> Plan:
    """The recipe's plan, for the first of its adapters."""
    return Plan(
        "popularity",
        "positive",
        parts_of(data),
        model,
        LORA,
        SETTINGS,
        patience=4,
        held_out=HELD_OUT,
        beginnings=BEGINNINGS,
        strength=STRENGTH,
    )
