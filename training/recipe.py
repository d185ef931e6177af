"""How the starter's own pack is made: one recipe, one seed. docs/log.md has what it was learned from."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from engine.job import GenerationSettings
from engine.metrics import ADHERENCE
from engine.pairs import SUMMARY
from engine.prompts import read_prompts
from training.data import selfplay
from training.data.clips import Tell
from training.data.select import Rule
from training.pack import SLOTS, Slot
from training.plan import Plan, model_here
from training.policy import TARGETS, LoraPlan

NAME = "starter"
VERSION = "1.0"

PROMPTS_EVERY = 2  # of the training prompts, so that 240 are played
CLIPS = 12
RULE = Rule(margin=1.0, most=4.0, purity=0.7, limit=600)  # of them a tenth or so is held out

# Sizes that leave 26 adapters below 20 MB: rank 8 on the later half of five layers of 384. Knobs leave alone
# how the text is read, or they keep less of it (docs/log.md).
LORA = LoraPlan(
    rank=8,
    alpha=16.0,
    gain=2.0,
    targets=tuple(f"self_attn.{name}" if "proj" in name else name for name in TARGETS),
)
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
    """Metrics that are learned alike: from how many first frames (None is all) of clips of so many seconds,
    and for how many steps."""

    metrics: tuple[str, ...]
    rate: float
    beta: float
    steps: int
    frames: int | None
    gain: float = LORA.gain
    seconds: float = 5.0  # enough to hear a quality, and half of the cost of 10
    rank: int = LORA.rank
    targets: tuple[str, ...] = LORA.targets


PARTS = (
    # The metre of the first frame decides it, one code in thousands.
    Part(("tempo",), 2e-3, 0.05, 100, 10, gain=0.6),
    Part(("acousticness", "valence"), 3e-4, 0.01, 100, None),
    # What a clip will be is decided early on, and then only gone on with.
    Part(
        (
            *("danceability", "energy", "instrumentalness", "liveness", "speechiness"),
            *("popularity", "interactions", "like_ratio", "views", "rating"),
        ),
        *(3e-4, 0.01, 100, 100),
    ),
    # In every adapter of the pack, whose rank it adds to.
    Part((ADHERENCE,), 3e-4, 0.01, 400, 100, seconds=10.0, rank=4, targets=TARGETS),
)
# How far from the base the negative and the positive adapter are with a knob at its end, nats a code (see
# `Plan`): so far that the metric moves enough; farther, the prompt is lost, and clips stop or fall silent.
STRENGTHS: Mapping[str, tuple[float, float]] = {
    "popularity": (0.0053, 0.0053),
    "acousticness": (0.0225, 0.0264),
    "danceability": (0.0053, 0.0097),
    "energy": (0.0053, 0.0053),
    "instrumentalness": (0.018, 0.018),
    "liveness": (0.0061, 0.0046),
    "speechiness": (0.0081, 0.0081),
    "valence": (0.0126, 0.0126),
    "interactions": (0.0077, 0.0047),
    "like_ratio": (0.012, 0.012),
    "views": (0.003, 0.003),
    "rating": (0.006, 0.006),
    ADHERENCE: (0.012, 0.012),
}
KEEPING = Slot(len(SLOTS), ADHERENCE, "positive")
ALONE = ("tempo",)  # another tempo is another code, not less of the first: half a difference would be neither


def starter_plans(slots: list[Slot], data: Path, model: str) -> dict[Slot, Plan]:
    """The recipe's plan for each of `slots`; both directions of a metric become equally strong."""
    parts = {metric: part for part in PARTS for metric in part.metrics}
    return {slot: _plan(slot, parts[slot.metric], data, model) for slot in slots}


def opposed_plans(plans: Mapping[Slot, Plan]) -> dict[Slot, Plan]:
    """The plans once the directions of each metric are made one: each with the strength of its own end."""
    return {
        slot: replace(plan, strength=STRENGTHS[slot.metric][slot.direction == "positive"])
        if slot.metric in STRENGTHS
        else plan
        for slot, plan in plans.items()
    }


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
        (_played(data, part.seconds),),
        model,
        replace(LORA, rank=part.rank, alpha=2.0 * part.rank, gain=part.gain, targets=part.targets),
        settings,
        patience=4,
        held_out=HELD_OUT,
        beginnings={slot.metric: part.frames} if part.frames else {},
        strength=max(STRENGTHS[slot.metric]) if slot.metric in STRENGTHS else None,
    )


def make_pairs(data: Path, model: str, workers: int, tell: Tell) -> None:
    """Let the base play what all slots learn from, into folders below `data`, unless they are there."""
    from engine.catalog import sampling_of, weights_sha256

    _, base = model_here(model)
    prompts = read_prompts(None, "training")[::PROMPTS_EVERY]
    for seconds in sorted({part.seconds for part in PARTS}):
        out = _played(data, seconds)
        if (out / SUMMARY).exists():
            continue
        settings = GenerationSettings(seconds=seconds).settled(sampling_of(base))
        play = selfplay.Play(CLIPS, settings=settings)
        thresholds = selfplay.Thresholds(RULE)
        selfplay.make_pairs(prompts, out, base, weights_sha256(base), play, thresholds, workers, tell)


def _played(data: Path, seconds: float) -> Path:
    """The folder of the pairs of clips of so many seconds."""
    return data / f"played-{seconds:g}s"
