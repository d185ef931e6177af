"""Captions of windows for the scorer: what sounds, and what was measured, in words."""

import random
from dataclasses import dataclass

from training.qualities import Quality, spoken
from training.starter.corpus.caption import caption, paper_caption
from training.starter.scorer.windows import Window


@dataclass(frozen=True)
class Caption:
    """A text, the qualities that it names, and whether it also names what sounds."""

    text: str
    qualities: frozenset[Quality]
    described: bool


def captions_of(window: Window, has: frozenset[Quality], rng: random.Random) -> list[Caption]:
    """Three captions: what sounds, one or two qualities, and both together."""
    plain = Caption(caption(window.description, rng), frozenset(), True)
    if not has:
        return [plain, Caption(paper_caption(window.description), frozenset(), True)]
    words, named = spoken(has, rng)
    both = [paper_caption(window.description), words]
    rng.shuffle(both)
    return [plain, Caption(words, named, False), Caption(", ".join(both), named, True)]
