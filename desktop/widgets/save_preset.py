"""The form that keeps the mix as a preset, or gives one another name: a part of the window, not a dialog."""

from PySide6.QtCore import Signal
from PySide6.QtGui import QHideEvent, QShowEvent
from PySide6.QtWidgets import QCheckBox, QFrame, QLineEdit, QPlainTextEdit, QPushButton, QSizePolicy

from desktop.actions import presets
from desktop.app import App
from desktop.state import LoadedPreset
from desktop.texts import tr
from desktop.widgets.basics import column, row
from engine.preset import Preset, PresetFile

NOTES_HEIGHT = 60  # three lines


class SavePreset(QFrame):
    """Name, author, tags, notes; whether the prompt goes with it. `shown` tells whether it is there."""

    shown = Signal(bool)

    def __init__(self, app: App) -> None:
        super().__init__()
        self._app = app
        self._renamed: PresetFile | None = None
        self._replaced = ""
        self.setProperty("card", True)
        self.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self.name, self.author = _line(tr("Name")), _line(tr("Author"))
        self.tags = _line(tr("Tags, with commas"))
        self.notes = QPlainTextEdit()
        self.notes.setPlaceholderText(tr("Notes"))
        self.notes.setAccessibleName(tr("Notes"))
        self.notes.setTabChangesFocus(True)
        self.notes.setFixedHeight(NOTES_HEIGHT)
        self.with_prompt = QCheckBox(tr("With prompt and settings"))
        self.with_prompt.setChecked(True)
        self.keep, leave = QPushButton(tr("Save")), QPushButton(tr("Cancel"))
        self.keep.clicked.connect(self._keep)
        leave.clicked.connect(self.hide)
        self.name.returnPressed.connect(self._keep)
        self.name.textChanged.connect(lambda text: self.keep.setEnabled(bool(text.strip())))
        self._rest = (self.author, self.tags, self.notes, self.with_prompt)
        self.setLayout(column(self.name, *self._rest, row(1, leave, self.keep), gap=5, margins=8))

    def begin(self, loaded: LoadedPreset | None) -> None:
        """Open with what the loaded preset says; one of the user's own of that name is replaced."""
        self._renamed = None
        old = loaded.preset if loaded else None
        self._replaced = old.name if loaded and old and not loaded.factory else ""
        self.name.setText(old.name if old else "")
        self.author.setText(old.author if old and loaded and not loaded.factory else "")
        self.tags.setText(", ".join(old.tags) if old else "")
        self.notes.setPlainText(old.notes if old else "")
        self.with_prompt.setChecked(old is None or bool(old.prompt or old.settings))
        self._open(tr("Save"), True)

    def begin_rename(self, file: PresetFile) -> None:
        """Open for a new name alone."""
        self._renamed = file
        self.name.setText(file.content.name if isinstance(file.content, Preset) else file.path.stem)
        self._open(tr("Rename"), False)

    def showEvent(self, event: QShowEvent) -> None:
        """Tell that it is there."""
        self.shown.emit(True)

    def hideEvent(self, event: QHideEvent) -> None:
        """Tell that it is gone."""
        self.shown.emit(False)

    def _open(self, does: str, with_rest: bool) -> None:
        for widget in self._rest:
            widget.setVisible(with_rest)
        self.keep.setText(does)
        self.show()
        self.name.setFocus()
        self.name.selectAll()

    def _keep(self) -> None:
        name = self.name.text().strip()
        if not name:
            return
        self.hide()
        if self._renamed is not None:
            presets.rename(self._app, self._renamed, name)
            return
        presets.save_as(
            self._app,
            name,
            self.author.text().strip(),
            tuple(tag for part in self.tags.text().split(",") if (tag := part.strip())),
            self.notes.toPlainText().strip(),
            with_prompt=self.with_prompt.isChecked(),
            replace=name == self._replaced,
        )


def _line(name: str) -> QLineEdit:
    made = QLineEdit()
    made.setPlaceholderText(name)
    made.setAccessibleName(name)
    return made
