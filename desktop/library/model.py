"""The takes as rows."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from PySide6.QtCore import QAbstractListModel, QModelIndex, QPersistentModelIndex, Qt

from desktop.app import App
from desktop.export.dragging import Finished, finished
from desktop.export.files import Excerpt
from desktop.library.looks import Look, Looks
from desktop.metric_names import name_of, signed
from desktop.pair.facts import facts_of
from desktop.pairs import pair_of
from desktop.texts import tr
from engine.library import Entry
from engine.take import read_take

ENTRY = Qt.ItemDataRole.UserRole
LOOK = Qt.ItemDataRole.UserRole + 1

Index = QModelIndex | QPersistentModelIndex


class TakesModel(QAbstractListModel):
    """Rows of `Entry`; looks are asked for only when a row is drawn. A row can be dragged out as a file."""

    def __init__(self, app: App) -> None:
        super().__init__()
        self._app = app
        self._entries: list[Entry] = []
        self._rows: dict[Path, int] = {}
        self.looks = Looks(app, self)
        self.looks.came.connect(self._came)

    @property
    def entries(self) -> list[Entry]:
        """All rows."""
        return self._entries

    def show(self, entries: list[Entry]) -> None:
        """Exchange the rows; rows that stay the same takes are kept, with their selection."""
        if [entry.name for entry in entries] == [entry.name for entry in self._entries]:
            self._entries = entries
            if entries:
                self.dataChanged.emit(self.index(0), self.index(len(entries) - 1))
            return
        self.beginResetModel()
        self._entries = entries
        self._rows = {entry.folder: row for row, entry in enumerate(entries)}
        self.endResetModel()

    def row_of(self, folder: Path) -> int | None:
        """The row of a take."""
        return self._rows.get(folder)

    def rowCount(self, parent: Index = QModelIndex()) -> int:  # noqa: B008
        """How many takes are shown."""
        return 0 if parent.isValid() else len(self._entries)

    def data(self, index: Index, role: int = Qt.ItemDataRole.DisplayRole) -> Entry | Look | str | None:
        """An entry, its look, or its words for who cannot see them."""
        entry = self._entries[index.row()]
        if role == ENTRY:
            return entry
        if role == LOOK:
            return self.looks.of(entry.folder)
        if role == Qt.ItemDataRole.DisplayRole:
            return entry.prompt
        if role in (Qt.ItemDataRole.ToolTipRole, Qt.ItemDataRole.AccessibleTextRole):
            return words(entry)
        return None

    def flags(self, index: Index) -> Qt.ItemFlag:
        """Rows can be selected and dragged."""
        flags = super().flags(index)
        return flags | Qt.ItemFlag.ItemIsDragEnabled if index.isValid() else flags

    def finish(self, index: Index, then: Callable[[Finished], None]) -> None:
        """Write the tuned clip of a take as a finished file, to be dragged."""
        folder = self._entries[index.row()].folder
        look = self.looks.of(folder)
        measured = look.measured if look else {}

        def work() -> Finished:
            pair = pair_of(read_take(folder), folder)
            return finished(Excerpt(pair, "tuned", facts_of(pair, "tuned", measured, None)))

        self._app.background.call(work, then)

    def _came(self, folder: Path) -> None:
        if (row := self._rows.get(folder)) is not None:
            self.dataChanged.emit(self.index(row), self.index(row), [LOOK])


def knob_words(entry: Entry) -> str:
    """The turned knobs in words, the strongest first."""
    order = sorted(entry.knobs.items(), key=lambda knob: -abs(knob[1]))
    return "  ".join(f"{name_of(name)} {signed(value)}" for name, value in order)


def time_words(entry: Entry) -> str:
    """When it was made and how long it is."""
    made = entry.created.astimezone()
    today = made.date() == datetime.now(UTC).astimezone().date()
    parts = [
        f"{made:%H:%M}" if today else f"{made:%Y-%m-%d}",
        f"{entry.seconds:.1f} s",
    ]
    if entry.partial:
        parts.append(tr("stopped"))
    return "  ·  ".join(parts)


def words(entry: Entry) -> str:
    """Everything about a take in words."""
    stars = tr("{} stars").format(entry.stars) if entry.stars else ""
    knobs = knob_words(entry) or tr("No knob turned")
    seed = tr("seed {}").format(entry.seed)
    parts = (entry.prompt, knobs, time_words(entry), seed, entry.model, stars)
    return "\n".join(part for part in parts if part)
