"""The 27 models of the paper's evaluation, by name: "base", "energy+", "energy-" and so on.

A positive or negative model is the base with that metric's knob turned to its end.
"""

from collections.abc import Sequence

from engine.metrics import METRIC_IDS, metric
from engine.mix import KNOB_LIMIT
from engine.packs import Pack
from engine.recipe import Direction
from evaluation.clips import Knobs, Wanted

BASE = "base"
_SIGNS: dict[Direction, str] = {"positive": "+", "negative": "-"}


def model_name(metric: str, direction: Direction) -> str:
    """The name of a metric's model."""
    return metric + _SIGNS[direction]


def label_of_model(model: str) -> str:
    """A model's name as people read it: "Energy +"."""
    return "Base" if model == BASE else f"{metric(model[:-1]).label} {model[-1].replace('-', '−')}"


def model_knobs(name: str, value: float = KNOB_LIMIT) -> Knobs:
    """The knobs that make a model of the base; `value` is how far the knob is turned."""
    return () if name == BASE else ((name[:-1], value if name.endswith("+") else -value),)


def models_of(pack: Pack) -> list[str]:
    """The base, then a pack's positive models in the order of the metrics, then its negative ones."""
    return [
        BASE,
        *(
            model_name(metric, direction)
            for direction in _SIGNS
            for metric in METRIC_IDS
            if (metric, direction) in pack.adapters
        ),
    ]


def clips_of(models: Sequence[str], prompts: Sequence[str], seeds: Sequence[int]) -> list[Wanted]:
    """A clip of every model for each prompt and seed; those of a prompt are made together."""
    return [Wanted(p, s, model_knobs(model)) for p in prompts for s in seeds for model in models]
