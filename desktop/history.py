"""Undo and redo by keeping whole drafts: they are immutable, so an entry is two references.

What is kept elsewhere, such as a rating, is an entry that knows how to put it back.
"""

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


@dataclass(frozen=True)
class Deed:
    """What was done to something that no draft holds, and what puts it back and does it again."""

    label: str
    undo: Callable[[], None]
    redo: Callable[[], None]


class History:
    """Past and undone changes of a draft and its preset. `changed` is emitted whenever either list did."""

    def __init__(self, draft: Value[Draft], preset: Value[LoadedPreset | None]) -> None:
        self._draft, self._preset = draft, preset
        self._past: list[Entry | Deed] = []
        self._undone: list[Entry | Deed] = []
        self._forgotten: list[Entry | Deed] = []  # what could be done again before the last entry was made
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
        if isinstance(last, Entry) and gesture is not None and last.gesture == gesture:
            before = last.before
            self._past.pop()
        else:
            self._forgotten = self._undone
        self._undone = [] if after != before else self._forgotten
        if after != before:
            self._past.append(Entry(label, before, after, gesture))
            del self._past[:-LIMIT]
        self._show(after)

    def did(self, deed: Deed) -> None:
        """Add what was done elsewhere."""
        self._past.append(deed)
        del self._past[:-LIMIT]
        self._undone = []
        self.changed.emit()

    def abort(self, gesture: object) -> None:
        """Take a gesture back as if it had never begun; does nothing if it changed nothing."""
        last = self._past[-1] if self._past else None
        if isinstance(last, Entry) and last.gesture == gesture:
            self._undone = self._forgotten
            self._past.pop()
            self._show(last.before)

    def undo(self) -> None:
        """Go back one entry, if there is one."""
        if self._past:
            entry = self._past.pop()
            self._undone.append(entry)
            if isinstance(entry, Deed):
                entry.undo()
            self._show(entry.before if isinstance(entry, Entry) else self._now)

    def redo(self) -> None:
        """Go forward one entry, if there is one."""
        if self._undone:
            entry = self._undone.pop()
            self._past.append(entry)
            if isinstance(entry, Deed):
                entry.redo()
            self._show(entry.after if isinstance(entry, Entry) else self._now)

    def adopt(self, preset: LoadedPreset) -> None:
        """The draft as it stands came from `preset` from now on, as when it was saved; that is no entry."""
        self._preset.value = preset
        _change_last(self._past, lambda entry: replace(entry, after=replace(entry.after, preset=preset)))
        _change_last(self._undone, lambda entry: replace(entry, before=replace(entry.before, preset=preset)))

    def amend(self, change: Callable[[LoadedPreset], LoadedPreset]) -> None:
        """Change the presets of now, before and later: for what was done to their files; that is no entry."""

        def amended(moment: Moment) -> Moment:
            return replace(moment, preset=change(moment.preset)) if moment.preset else moment

        def all_amended(entries: list[Entry | Deed]) -> list[Entry | Deed]:
            return [
                replace(e, before=amended(e.before), after=amended(e.after)) if isinstance(e, Entry) else e
                for e in entries
            ]

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


def _change_last(entries: list[Entry | Deed], change: Callable[[Entry], Entry]) -> None:
    """Change the last of `entries` that holds drafts, if there is one."""
    for place in reversed(range(len(entries))):
        entry = entries[place]
        if isinstance(entry, Entry):
            entries[place] = change(entry)
            return
