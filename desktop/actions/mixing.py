"""Turning the knobs. Changes that share a `gesture` are one entry of the history."""

import random
from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType

from desktop.app import App
from desktop.draft import Draft, Slot
from desktop.metric_names import name_of
from desktop.state import Adapters
from desktop.texts import mark, tr
from engine.metrics import METRICS
from engine.mix import KNOB_LIMIT, Mix

RANDOM_STEP = 1.0
KNOB_DIGITS = 2


def with_knob(mix: Mix, name: str, value: float) -> Mix:
    """`mix` with one knob at `value`, which is limited to -5 to 5."""
    limited = round(min(KNOB_LIMIT, max(-KNOB_LIMIT, value)), KNOB_DIGITS)
    return Mix(knobs={**mix.knobs, name: limited}, base_weight=mix.base_weight, amount=mix.amount)


def effective(mix: Mix, adapters: Adapters) -> Mix:
    """`mix` without the knobs for which there is no adapter on their side."""
    kept = {
        name: value
        for name, value in mix.knobs.items()
        if (name, "positive" if value > 0 else "negative") in adapters
    }
    return mix if len(kept) == len(mix.knobs) else mix.model_copy(update={"knobs": MappingProxyType(kept)})


def set_knob(app: App, name: str, value: float, gesture: object | None = None) -> None:
    """Turn the knob of a metric."""
    _change(app, name_of(name), lambda mix: with_knob(mix, name, value), gesture)


def set_amount(app: App, amount: float, gesture: object | None = None) -> None:
    """How much of the mix is added, 0 to 4."""
    limited = round(min(4.0, max(0.0, amount)), KNOB_DIGITS)
    _change(app, mark("Amount"), lambda mix: mix.model_copy(update={"amount": limited}), gesture)


def abort(app: App, gesture: object) -> None:
    """Take back what a gesture changed so far."""
    app.history.abort(gesture)


def reset(app: App) -> None:
    """All knobs to 0, and the amount to 1."""
    _change(app, mark("Reset"), lambda mix: Mix(), None)


def randomise(app: App, chance: random.Random | None = None) -> None:
    """Move every knob a little, by a normal step of deviation 1, where there is an adapter for it."""
    chance = chance or random.Random()
    adapters = app.state.adapters.value
    steps = {m.id: chance.gauss(0, RANDOM_STEP) for m in METRICS}

    def moved(mix: Mix) -> Mix:
        for name, step in steps.items():
            value = round(mix.knobs.get(name, 0.0) + step, 1)
            if (name, "positive" if value > 0 else "negative") in adapters:
                mix = with_knob(mix, name, value)
        return mix

    _change(app, mark("Randomise"), moved, None)


def set_morph(app: App, morph: float, gesture: object | None = None) -> None:
    """Go `morph` (0 to 1) of the way from slot A to slot B."""
    limited = min(1.0, max(0.0, morph))
    app.history.record(mark("Morph"), replace(app.state.draft.value, morph=limited), gesture)


def pick_slot(app: App, slot: Slot) -> None:
    """Hear the mix of one slot."""
    set_morph(app, 0.0 if slot == "A" else 1.0)


def copy_slot(app: App, to: Slot) -> None:
    """Put the mix as it stands now into a slot."""
    draft = app.state.draft.value
    copied = replace(draft, slot_a=draft.mix) if to == "A" else replace(draft, slot_b=draft.mix)
    app.history.record(tr("Copy to {}").format(to), copied)


def undo(app: App) -> None:
    """Take back the last change of the draft."""
    app.history.undo()


def redo(app: App) -> None:
    """Do again what was taken back."""
    app.history.redo()


def _change(app: App, label: str, change: Callable[[Mix], Mix], gesture: object | None) -> None:
    draft: Draft = app.state.draft.value
    app.history.record(label, draft.with_mix(change), gesture)
