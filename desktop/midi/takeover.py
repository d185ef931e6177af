"""Soft takeover: a controller moves its knob only after it has come to where the knob stands.

Without it a knob would jump whenever the controller was left at another place, by a preset for example.
"""

from dataclasses import dataclass

from engine.mix import KNOB_LIMIT

CENTRE, HIGHEST = 64, 127
NEAR = 0.085  # a little more than one step of the controller


@dataclass(frozen=True)
class Takeover:
    """One controller and its knob: where the controller was last, and the value it gave the knob last.

    `given` is None while the controller has not taken the knob over.
    """

    last: float | None = None
    given: float | None = None


def knob_value(position: int) -> float:
    """The knob's value for a controller at 0 to 127; 64 is exactly 0, the ends are −5 and 5."""
    span = CENTRE if position < CENTRE else HIGHEST - CENTRE
    return round((position - CENTRE) / span * KNOB_LIMIT, 2)


def moved(takeover: Takeover, position: int, knob: float) -> tuple[Takeover, float | None]:
    """The controller went to `position`, the knob stands at `knob`: its new value, None if it stays.

    The controller takes over when it comes near the knob's value or passes it, and keeps the knob until
    something else moves it.

        knob at 0    controller  90 → 80 → 70 → 60 → 50
        knob becomes              -    -    -    v    v
    """
    value = knob_value(position)
    keeps = takeover.given is not None and abs(takeover.given - knob) < NEAR / 2
    near = abs(value - knob) <= NEAR
    passed = takeover.last is not None and (takeover.last - knob) * (value - knob) <= 0
    if keeps or near or passed:
        return Takeover(value, value), value
    return Takeover(value, None), None
