"""The draft: everything the user sets before a job, as one immutable value that can be undone."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

from engine.job import MAX_SECONDS, STARTER, AudioPrompt, GenerationSettings, Job
from engine.mix import Mix

Slot = Literal["A", "B"]
BEATS_PER_BAR = 4


@dataclass(frozen=True)
class Bars:
    """A length in bars of four beats at a tempo in beats per minute."""

    count: int = 8
    tempo: float = 120.0

    @property
    def seconds(self) -> float:
        """The same length in seconds, within what a job may ask for."""
        return min(MAX_SECONDS, max(1.0, self.count * BEATS_PER_BAR * 60 / self.tempo))


@dataclass(frozen=True)
class Draft:
    """A job in the making.

    There are two mixes, in the slots A and B; `morph` 0 to 1 leads from A to B, and `mix` is what it
    gives. `bars` None means that the length is set in seconds.
    """

    prompt: str = ""
    slot_a: Mix = field(default_factory=Mix)
    slot_b: Mix = field(default_factory=Mix)
    morph: float = 0.0
    settings: GenerationSettings = field(default_factory=GenerationSettings)
    bars: Bars | None = None
    seed: int = 0
    seed_locked: bool = False
    model: str = STARTER
    audio_prompt: AudioPrompt | None = None

    @property
    def mix(self) -> Mix:
        """The mix at the place of the morph."""
        return blend(self.slot_a, self.slot_b, self.morph)

    def with_mix(self, change: Callable[[Mix], Mix]) -> "Draft":
        """This draft with a changed mix: of the slot the morph stands on, in between of both."""
        slot_a = change(self.slot_a) if self.morph < 1 else self.slot_a
        slot_b = change(self.slot_b) if self.morph > 0 else self.slot_b
        return replace(self, slot_a=slot_a, slot_b=slot_b)

    def job(self) -> Job:
        """The job to run. Raises pydantic's ValidationError if there is no prompt."""
        return Job(
            prompt=self.prompt,
            mix=self.mix,
            seed=self.seed,
            settings=self.settings,
            model=self.model,
            audio_prompt=self.audio_prompt,
        )


def blend(slot_a: Mix, slot_b: Mix, morph: float) -> Mix:
    """The mix that lies `morph` (0 to 1) of the way from A to B; the ends are A and B themselves."""
    if morph <= 0:
        return slot_a
    if morph >= 1:
        return slot_b

    def between(a: float, b: float) -> float:
        return a + (b - a) * morph

    names = slot_a.knobs.keys() | slot_b.knobs.keys()
    return Mix(
        knobs={name: between(slot_a.knobs.get(name, 0), slot_b.knobs.get(name, 0)) for name in names},
        base_weight=between(slot_a.base_weight, slot_b.base_weight),
        amount=between(slot_a.amount, slot_b.amount),
    )
