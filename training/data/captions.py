"""Pairs of adherence from the starter's rendered corpus: a caption, and which of two songs it describes.

Clips of two songs of different genres, i and j, with their captions make two pairs, one after the other:

    caption of i    i over j        what learns from both at once finds nothing in i and j themselves, only in
    caption of j    j over i        how they go with the captions
"""

import random
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from engine.metrics import ADHERENCE
from engine.pairs import Pair, Side, Split
from training.data.clips import Tell
from training.data.counterfactual import Cut, bars, codes_of
from training.starter.corpus.build import Rendering, renderings
from training.starter.corpus.caption import caption
from training.store import Written, write_pairs

CHOICE = 24  # so many clips are looked at for the one that has least in common


def make_pairs(corpus: Path, tokens: Path, out: Path, cuts: int, frames: int, tell: Tell) -> Written:
    """Cut, couple and write. `tokens` holds the codes that the starter's training left.

    Songs kept for validation and test make the test pairs. Raises Problem if no pair is left.
    """
    left_out: Counter[str] = Counter()
    there = [r for r in renderings(corpus) if (tokens / f"{r.name}.npy").exists()]
    pairs = _pairs(there, tokens, cuts, frames, left_out, tell)
    source = f"captions of {len({r.seed for r in there})} rendered songs"
    return write_pairs(
        out, pairs, source, left_out, estimators={ADHERENCE: "share of the caption that sounds"}
    )


def _pairs(
    there: Sequence[Rendering], tokens: Path, cuts: int, frames: int, left_out: Counter[str], tell: Tell
) -> Iterator[Pair]:
    splits: tuple[tuple[Split, list[Rendering]], ...] = (
        ("train", [r for r in there if r.split == "train"]),
        ("test", [r for r in there if r.split != "train"]),
    )
    for split, of_split in splits:
        couples = list(coupled(list(_cuts(of_split, cuts, frames, left_out)), left_out))
        for done, couple in enumerate(couples, 1):
            clips = [codes_of(tokens, cut) for cut in couple]
            for own, other in ((0, 1), (1, 0)):
                described, rival = couple[own].rendering, couple[other].rendering
                sides = (
                    Side(clips[own], 1.0, couple[own].source),
                    Side(clips[other], shared(described, rival), couple[other].source),
                )
                yield Pair(_caption(couple[own]), ADHERENCE, split, *sides)
            tell(f"coupling, {split}", done, len(couples), {})


def coupled(cuts: Sequence[Cut], left_out: Counter[str]) -> Iterator[tuple[Cut, Cut]]:
    """Each of `cuts` with one of another family of genres, of some the one with which it shares least."""
    waiting = list(cuts)
    random.Random(0).shuffle(waiting)
    while waiting:
        first = waiting.pop()
        others = [n for n in range(len(waiting)) if _apart(first, waiting[n])][:CHOICE]
        if not others:
            left_out["no song of another genre is left"] += 1
            continue
        chosen = min(others, key=lambda n: shared(first.rendering, waiting[n].rendering))
        yield first, waiting.pop(chosen)


def shared(described: Rendering, other: Rendering) -> float:
    """The share of the instruments of `described` that also sound in `other`, 0 to 1 (not reached)."""
    own = described.description.instruments
    return sum(name in other.description.instruments for name in own) / (len(own) + 1)


def _apart(first: Cut, second: Cut) -> bool:
    return first.rendering.description.family != second.rendering.description.family


def _cuts(there: Sequence[Rendering], cuts: int, frames: int, left_out: Counter[str]) -> Iterator[Cut]:
    for rendering in there:
        count = bars(rendering, frames)
        if not count:
            left_out["songs shorter than a clip"] += 1
        chosen = random.Random(rendering.name).sample(range(count), min(cuts, count))
        yield from (Cut(rendering, bar, frames) for bar in sorted(chosen))


def _caption(cut: Cut) -> str:
    """A caption of genre and instruments, without the qualities that knobs are for."""
    description = cut.rendering.description.model_copy(update={"varied": True})
    return caption(description, random.Random(cut.source))
