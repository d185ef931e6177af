"""Undo and redo by keeping whole drafts: they are immutable, so an entry is two references."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from desktop.draft import Draft
from desktop.observable import Signal, Value
from desktop.state import LoadedPreset

LIMIT = 500


@dataclass(frozen=True)
class Moment:
    """A draft and the preset it came from."""

    draft: Draft
    preset: LoadedPreset | None


@dataclass(frozen=True)
class Entry:
    """What was changed, and how it was before and after. A gesture's changes share its token."""

    label: str
    before: Moment
    after: Moment
    gesture: object | None


class History:
    """Past and undone changes of a draft and its preset. `changed` is emitted whenever either list did."""

    def __init__(self, draft: Value[Draft], preset: Value[LoadedPreset | None]) -> None:
        self._draft, self._preset = draft, preset
        self._past: list[Entry] = []
        self._undone: list[Entry] = []
        self._forgotten: list[Entry] = []  # what could be done again before the last entry was made
        self.changed = Signal()

    def record(
        self, label: str, draft: Draft, gesture: object | None = None, preset: LoadedPreset | None = None
    ) -> None:
        """Set the draft, and the preset it came from if that is another one now.

        Changes that come one after another with the same `gesture` are one entry.
        """
        before, after = self._now, Moment(draft, preset or self._preset.value)
        if after == before:
            return
        last = self._past[-1] if self._past else None
        if last and gesture is not None and last.gesture == gesture:
            before = last.before
            self._past.pop()
        else:
            self._forgotten = self._undone
        self._undone = [] if after != before else self._forgotten
        if after != before:
            self._past.append(Entry(label, before, after, gesture))
            del self._past[:-LIMIT]
        self._show(after)

    def abort(self, gesture: object) -> None:
        """Take a gesture back as if it had never begun; does nothing if it changed nothing."""
        if self._past and self._past[-1].gesture == gesture:
            self._undone = self._forgotten
            self._show(self._past.pop().before)

    def undo(self) -> None:
        """Go back one entry, if there is one."""
        if self._past:
            entry = self._past.pop()
            self._undone.append(entry)
            self._show(entry.before)

    def redo(self) -> None:
        """Go forward one entry, if there is one."""
        if self._undone:
            entry = self._undone.pop()
            self._past.append(entry)
            self._show(entry.after)

    def adopt(self, preset: LoadedPreset) -> None:
        """The draft as it stands came from `preset` from now on, as when it was saved; that is no entry."""
        self._preset.value = preset
        if self._past:
            last = self._past[-1]
            self._past[-1] = replace(last, after=replace(last.after, preset=preset))
        if self._undone:
            last = self._undone[-1]
            self._undone[-1] = replace(last, before=replace(last.before, preset=preset))

    def amend(self, change: Callable[[LoadedPreset], LoadedPreset]) -> None:
        """Change the presets of now, before and later: for what was done to their files; that is no entry."""

        def amended(moment: Moment) -> Moment:
            return replace(moment, preset=change(moment.preset)) if moment.preset else moment

        def all_amended(entries: list[Entry]) -> list[Entry]:
            return [replace(e, before=amended(e.before), after=amended(e.after)) for e in entries]

        self._past, self._undone = all_amended(self._past), all_amended(self._undone)
        self._forgotten = all_amended(self._forgotten)
        self._preset.value = amended(self._now).preset

    @property
    def undo_label(self) -> str | None:
        """What `undo` would take back."""
        return self._past[-1].label if self._past else None

    @property
    def redo_label(self) -> str | None:
        """What `redo` would do again."""
        return self._undone[-1].label if self._undone else None

    @property
    def _now(self) -> Moment:
        return Moment(self._draft.value, self._preset.value)

    def _show(self, moment: Moment) -> None:
        self._preset.value = moment.preset
        self._draft.value = moment.draft
        self.changed.emit()
