"""Undo and redo by keeping whole drafts: they are immutable, so an entry is one reference."""

from dataclasses import dataclass

from desktop.draft import Draft
from desktop.observable import Signal, Value

LIMIT = 500


@dataclass(frozen=True)
class Entry:
    """What was changed, and the drafts before and after. A gesture's changes share its token."""

    label: str
    before: Draft
    after: Draft
    gesture: object | None


class History:
    """Past and undone changes of a draft. `changed` is emitted whenever either list did."""

    def __init__(self, draft: Value[Draft]) -> None:
        self._draft = draft
        self._past: list[Entry] = []
        self._undone: list[Entry] = []
        self._forgotten: list[Entry] = []  # what could be done again before the last entry was made
        self.changed = Signal()

    def record(self, label: str, after: Draft, gesture: object | None = None) -> None:
        """Set the draft; changes that come one after another with the same `gesture` are one entry."""
        before = self._draft.value
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
        self._draft.value = after
        self.changed.emit()

    def abort(self, gesture: object) -> None:
        """Take a gesture back as if it had never begun; does nothing if it changed nothing."""
        if self._past and self._past[-1].gesture == gesture:
            self._undone = self._forgotten
            self._draft.value = self._past.pop().before
            self.changed.emit()

    def undo(self) -> None:
        """Go back one entry, if there is one."""
        if self._past:
            entry = self._past.pop()
            self._undone.append(entry)
            self._draft.value = entry.before
            self.changed.emit()

    def redo(self) -> None:
        """Go forward one entry, if there is one."""
        if self._undone:
            entry = self._undone.pop()
            self._past.append(entry)
            self._draft.value = entry.after
            self.changed.emit()

    @property
    def undo_label(self) -> str | None:
        """What `undo` would take back."""
        return self._past[-1].label if self._past else None

    @property
    def redo_label(self) -> str | None:
        """What `redo` would do again."""
        return self._undone[-1].label if self._undone else None
