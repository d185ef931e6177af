"""Tempo and key of a pair, from what was measured and what was asked for."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from desktop.draft import Bars
from desktop.pairs import Pair
from desktop.state import Measured, State
from engine.events import Which
from engine.take import take_files

SURE_TEMPO = 0.3  # below these confidences a measured value is noise
SURE_KEY = 0.4
_SAME_TEMPO = 0.03
_SAME_LENGTH_S = 0.1


@dataclass(frozen=True)
class Facts:
    """Beats per minute and a key such as "A minor"; None where nobody knows.

    Bars are counted from `first_bar`, in seconds: from the beginning, unless the codec counts them.
    """

    tempo: float | None = None
    key: str | None = None
    first_bar: float = 0.0


def facts_of(pair: Pair, which: Which, measured: Mapping[Path, Measured], bars: Bars | None) -> Facts:
    """What is known of one clip.

    A counted tempo is known. A measured one counts if it is sure, and the asked one (`bars`) instead where
    the two are the same but for the error of measuring. Before anything is measured, the asked tempo stands.
    """
    found = measured.get(clip_file(pair, which)) if pair.folder else None
    asked = bars.tempo if bars else None
    counted, first_bar = pair.tempo.get(which), pair.first_bar.get(which, 0.0)
    if found is None:
        return Facts(counted or asked, None, first_bar)
    tempo = _sure(found, "tempo", SURE_TEMPO)
    key = found.get("key") if (_number(found.get("key_confidence")) or 0.0) >= SURE_KEY else None
    if tempo and asked and abs(tempo / asked - 1) < _SAME_TEMPO:
        tempo = asked
    return Facts(counted or tempo, key if isinstance(key, str) else None, first_bar)


def facts_shown(state: State, which: Which) -> Facts:
    """What is known of a clip in the view."""
    pair, bars = state.pair.value, state.draft.value.bars
    if pair is None:
        return Facts()
    if bars is not None and abs(bars.seconds - pair.seconds) > _SAME_LENGTH_S:
        bars = None  # they were set for something else
    return facts_of(pair, which, state.measured.value, bars)


def same_take(before: Pair, after: Pair) -> bool:
    """True if `after` is the take of `before` further on: grown, finished or written."""
    grown = before.folder is None and before.base.samples.shape[1] >= after.base.samples.shape[1]
    return before.job == after.job and before.sample_rate == after.sample_rate and grown


def clip_file(pair: Pair, which: Which) -> Path:
    """The file of a clip; the pair must have been written."""
    if pair.folder is None:
        raise ValueError("the pair has no folder yet")
    files = take_files(pair.folder)
    return files.base if which == "base" else files.tuned


def _sure(found: Measured, name: str, least: float) -> float | None:
    confidence = _number(found.get(f"{name}_confidence"))
    return _number(found.get(name)) if confidence is not None and confidence >= least else None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
