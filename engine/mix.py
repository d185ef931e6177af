"""The mix: thirteen knob values, a base weight and an amount, and the weights they normalise to."""

import math
from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer

from engine.errors import CallProblem
from engine.metrics import metric

KNOB_LIMIT = 5.0
BASE_WEIGHT = 5.0


def _knobs(values: Mapping[str, float]) -> Mapping[str, float]:
    for name, value in values.items():
        metric(name)
        if not math.isfinite(value) or abs(value) > KNOB_LIMIT:
            raise CallProblem(f"The knob '{name}' cannot be set to {value}.", "Choose a number from -5 to 5.")
    return MappingProxyType({name: float(value) for name, value in values.items() if value != 0})


class Mix(BaseModel):
    """Knob values (metric id -> -5 to 5; a knob at 0 is left out), base weight and amount."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    knobs: Annotated[Mapping[str, float], AfterValidator(_knobs), PlainSerializer(dict)] = Field(
        default_factory=dict, validate_default=True
    )
    base_weight: float = Field(default=BASE_WEIGHT, gt=0, le=100, allow_inf_nan=False)
    amount: float = Field(default=1.0, ge=0, le=4, allow_inf_nan=False)

    @property
    def neutral(self) -> bool:
        """True if this mix is the base model: no knob is turned, or the amount is 0."""
        return not self.knobs or self.amount == 0


def weights(mix: Mix) -> dict[str, float]:
    """The normalised weights of the base and of each turned metric; they sum to 1.

    w_base = b / (b + sum |s_m|), w_m = |s_m| / (b + sum |s_m|)
    (Torrie et al., "Model Averaging"). The sign of s_m picks the adapter, not the weight.
    """
    total = math.fsum([mix.base_weight, *map(abs, mix.knobs.values())])  # exact in any order
    shares = {name: abs(value) / total for name, value in mix.knobs.items()}
    return {"base": mix.base_weight / total, **shares}
