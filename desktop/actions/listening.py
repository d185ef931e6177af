"""Hearing and judging the pair that is in the view. The player watches the state and plays."""

import random
from collections.abc import Mapping
from pathlib import Path

from desktop.app import App
from desktop.history import Deed
from desktop.state import Blind, Span
from desktop.texts import tr
from engine.events import Which
from engine.library import Library
from engine.preferences import Choice, Preference, read_preference


def play_or_stop(app: App) -> None:
    """Play from the playhead, or stop there; nothing happens without a pair."""
    if app.state.pair.value is not None:
        app.state.playing.value = not app.state.playing.value


def hear(app: App, which: Which) -> None:
    """Switch to one of the clips at the same place. In a blind comparison: to what its letter hides."""
    app.state.heard.value = which


def switch(app: App) -> None:
    """Switch to the other clip."""
    hear(app, "tuned" if app.state.heard.value == "base" else "base")


def seek(app: App, seconds: float) -> None:
    """Move the playhead, within the pair."""
    if pair := app.state.pair.value:
        place = min(pair.seconds, max(0.0, seconds))
        app.state.playhead.value = place
        app.state.seek.emit(place)


def toggle_loop(app: App) -> None:
    """Play the selection, or all, over and over, or not."""
    app.state.loop.value = not app.state.loop.value


def select(app: App, span: Span | None) -> None:
    """Select a stretch, ends in any order; None or a stretch of no length selects nothing."""
    pair = app.state.pair.value
    if span is None or pair is None:
        app.state.selection.value = None
        return
    low, high = sorted((max(0.0, span.start), max(0.0, span.end)))
    high = min(high, pair.seconds)
    app.state.selection.value = Span(low, high) if high > low else None


def begin_blind(app: App, chance: random.Random | None = None) -> None:
    """Hide which clip is which behind the letters 1 and 2, in an order drawn by lot."""
    pair = app.state.pair.value
    if pair is None or pair.folder is None or pair.neutral:
        app.tell(tr("A blind comparison needs a finished take with two different clips."))
        return
    order: list[Which] = ["base", "tuned"]
    (chance or random.SystemRandom()).shuffle(order)
    app.state.blind.value = Blind(order[0], order[1])
    app.state.heard.value = order[0]


def end_blind(app: App, choice: Choice | None) -> None:
    """Unveil, and keep the choice with the take; None leaves without one."""
    app.state.blind.value = None
    if choice is not None:
        judge(app, choice=choice)


def judge(app: App, **judgement: object) -> None:
    """Keep fields of a `Preference` with the take in the view; what was said before stays."""
    pair = app.state.pair.value
    if pair is not None and pair.folder is not None:
        judge_take(app, pair.folder, judgement)


def judge_take(app: App, folder: Path, judgement: Mapping[str, object]) -> None:
    """Keep fields of a `Preference` with a take; what was said before stays. One entry of the history."""

    def work(library: Library) -> tuple[Preference, Preference]:
        known = read_preference(folder) or Preference()
        made = _with(known, judgement)
        library.judge(folder.name, made)
        return known, made

    def kept(both: tuple[Preference, Preference]) -> None:
        before, after = both
        _show(app, folder, after)
        app.state.library_changed.emit()
        app.history.did(
            Deed(tr("Rating"), lambda: _put(app, folder, before), lambda: _put(app, folder, after))
        )

    _show(app, folder, _with(app.state.preference.value or Preference(), judgement))
    app.background.library(work, kept)


def _put(app: App, folder: Path, preference: Preference) -> None:
    """Put the record of a take in place of another, so that training never sees what was undone."""
    _show(app, folder, preference)
    app.background.library(
        lambda library: library.judge(folder.name, preference), lambda entry: app.state.library_changed.emit()
    )


def _show(app: App, folder: Path, preference: Preference) -> None:
    pair = app.state.pair.value
    if pair is not None and pair.folder == folder:
        app.state.preference.value = preference


def _with(known: Preference, judgement: Mapping[str, object]) -> Preference:
    """`known` with other fields, as of now."""
    return Preference.model_validate(known.model_dump(exclude={"changed"}) | dict(judgement))
