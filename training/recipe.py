"""How the starter's own pack is made: one recipe, one seed. docs/log.md has what it was learned from."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal

from engine.errors import Problem
from engine.job import GenerationSettings
from engine.metrics import METRIC_IDS
from engine.pairs import SUMMARY
from engine.prompts import read_prompts
from training.data import counterfactual, selfplay
from training.data.clips import Tell
from training.data.select import Rule
from training.pack import Slot
from training.plan import Plan, model_here
from training.policy import LoraPlan

NAME = "starter"
VERSION = "1.0"
SECONDS = 5.0  # enough to hear a quality, and half of the cost of 10

CUTS = 1
RENDERED = Rule(margin=0.7, purity=0.7, limit=1000)  # of them a tenth or so is held out

PROMPTS_EVERY = 6  # of the training prompts, so that 80 are played
CLIPS = 4  # and one with each hint
PLAYED = {"played": Rule(margin=1.0, most=4.0, purity=0.7, limit=800)}

# Sizes that leave 26 adapters below 20 MB: rank 8 on the later half of five layers of 384.
LORA = LoraPlan(rank=8, alpha=16.0, gain=2.0)
HELD_OUT = 96
# The likelihood term keeps the chosen clips from sinking, which they did without it.
SETTINGS: Mapping[str, Any] = {
    "warmup_steps": 20,
    "per_device_train_batch_size": 6,
    "per_device_eval_batch_size": 6,
    "loss_type": ["sigmoid", "sft"],
    "loss_weights": [1.0, 0.1],
    "lr_scheduler_type": "cosine",
    "seed": 0,
}


@dataclass(frozen=True)
class Part:
    """Metrics that are learned alike: from what pairs, of how many first frames (None is all), for how many
    steps, and how far from the base the adapter is with a gain of 2 (see `Plan`)."""

    metrics: tuple[str, ...]
    source: Literal["rendered", "played", "played-far"]
    rate: float
    beta: float
    steps: int
    frames: int | None
    strength: float | None
    gain: float = LORA.gain


PARTS = (
    # The metre of the first frame decides it, one code in thousands.
    Part(("tempo",), "played", 2e-3, 0.05, 100, 10, None, gain=0.6),
    # What a clip will be is decided early on, and then only gone on with.
    Part(tuple(metric for metric in METRIC_IDS if metric != "tempo"), "played", 3e-4, 0.01, 150, 100, 0.04),
)


def starter_plans(slots: list[Slot], data: Path, model: str) -> dict[Slot, Plan]:
    """The recipe's plan for each of `slots`."""
    parts = {metric: part for part in PARTS for metric in part.metrics}
    return {slot: _plan(slot, parts[slot.metric], data, model) for slot in slots}


def _plan(slot: Slot, part: Part, data: Path, model: str) -> Plan:
    settings = {
        **SETTINGS,
        "learning_rate": part.rate,
        "beta": part.beta,
        "max_steps": part.steps,
        "eval_steps": min(100, part.steps // 2),
    }
    return Plan(
        slot.metric,
        slot.direction,
        (data / part.source,),
        model,
        replace(LORA, gain=part.gain),
        settings,
        patience=4,
        held_out=HELD_OUT,
        beginnings={slot.metric: part.frames} if part.frames else {},
        strength=part.strength,
    )


def make_pairs(
    slots: list[Slot], corpus: Path, run: Path, data: Path, model: str, workers: int, tell: Tell
) -> None:
    """Make the pairs that `slots` learn from in folders below `data`, those that are not there.

    Raises Problem if the corpus is needed and is not there.
    """
    from engine.catalog import sampling_of, weights_sha256
    from training.codec import load_codec
    from training.starter.lm.tokens import tokens_folder

    _, base = model_here(model)
    sources = {part.source for part in PARTS for slot in slots if slot.metric in part.metrics}
    missing = {source for source in sources if not (data / source / SUMMARY).exists()}
    if "rendered" in missing:
        for folder in (corpus, run):
            if not folder.is_dir():
                raise Problem(f"{folder} is not there.", "Make it: python -m training.starter --help")
        tokens = tokens_folder(corpus, run)
        codec = load_codec(base)
        frames = round(SECONDS * codec.sample_rate / codec.hop)
        counterfactual.make_pairs(
            corpus, tokens, data / "rendered", base, CUTS, frames, RENDERED, workers, tell
        )
    for source in PLAYED.keys() & missing:
        prompts = read_prompts(None, "training")[::PROMPTS_EVERY]
        settings = GenerationSettings(seconds=SECONDS).settled(sampling_of(base))
        play = selfplay.Play(CLIPS, hints=True, settings=settings)
        thresholds = selfplay.Thresholds(PLAYED[source])
        selfplay.make_pairs(
            prompts, data / source, base, weights_sha256(base), play, thresholds, workers, tell
        )
