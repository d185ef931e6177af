"""The audio to begin from: the button that chooses it, and its line with name, role, waveform and stretch."""

from pathlib import Path
from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QFileDialog, QPushButton, QSizePolicy, QWidget

from desktop.actions import prompting
from desktop.app import App
from desktop.audio_prompt.reading import Reading
from desktop.audio_prompt.stretch import GRAIN
from desktop.audio_prompt.strip import AudioStrip
from desktop.draft import Draft
from desktop.texts import mark, tr
from desktop.widgets.basics import ElidedLabel, IconButton, indent, label, row
from desktop.widgets.gesture import Strokes

FILTER = mark("Audio (*.wav *.flac *.ogg *.mp3 *.aif *.aiff)")
ROLES: tuple[Literal["continue", "melody"], ...] = ("continue", "melody")
LONGEST_S = 1_000_000.0  # until the length of the file is known


def choose_button(app: App) -> QPushButton:
    """Press it to choose a file."""

    def choose() -> None:
        path, _ = QFileDialog.getOpenFileName(made, tr("Begin from audio"), "", tr(FILTER))
        if path:
            prompting.set_audio_prompt(app, Path(path))

    made = QPushButton(tr("Audio…"))
    made.setProperty("chip", True)
    made.setToolTip(tr("Begin from audio: drop a file here, or press to choose one"))
    made.clicked.connect(choose)
    return made


class AudioPromptBar(QWidget):
    """Shown while there is audio to begin from."""

    def __init__(self, app: App) -> None:
        super().__init__()
        self._app = app
        self._strokes = Strokes(self)
        self._reading = Reading(app.background, self)
        self.name = ElidedLabel("", "small", Qt.TextElideMode.ElideMiddle)
        self.name.setFixedWidth(110)
        self.name.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        self.role = QComboBox()
        self.role.addItems([tr("Continue"), tr("Melody")])
        self.role.setAccessibleName(tr("What the audio is for"))
        self.role.activated.connect(lambda i: prompting.set_audio_role(app, ROLES[i]))
        self.strip = AudioStrip(app, self._reading)
        self.start, self.end = self._seconds(tr("Begin in the audio")), self._seconds(tr("End in the audio"))
        clear = IconButton("close", tr("Begin without audio"), lambda: prompting.clear_audio_prompt(app))
        self.setLayout(row(self.name, self.role, self.strip, self.start, label("–"), self.end, clear, gap=6))
        self._reading.changed.connect(lambda: self._show(app.state.draft.value))
        app.state.draft.watch(self._show)

    def _seconds(self, name: str) -> QDoubleSpinBox:
        box = QDoubleSpinBox()
        box.setRange(0, LONGEST_S)
        box.setDecimals(GRAIN)
        box.setSuffix(" s")
        box.setFixedWidth(78)
        indent(box)
        box.setAccessibleName(name)
        box.valueChanged.connect(lambda: self._range_changed(box))
        box.editingFinished.connect(lambda: self._show(self._app.state.draft.value))
        return box

    def _range_changed(self, box: QDoubleSpinBox) -> None:
        """Only the end that was typed: the other may be finer than its field shows."""
        prompt = self._app.state.draft.value.audio_prompt
        if prompt is None:
            return
        start, end = prompt.start, self.end.value() if prompt.end is None else prompt.end
        start, end = (box.value(), end) if box is self.start else (start, box.value())
        prompting.set_audio_range(self._app, start, end, self._strokes.token())

    def _show(self, draft: Draft) -> None:
        prompt = draft.audio_prompt
        self.setVisible(prompt is not None)
        if prompt is None:
            return
        self.name.setText(prompt.path.name)
        self.role.setCurrentIndex(ROLES.index(prompt.role))
        length = self._reading.picture.seconds if self._reading.picture else None
        end = (length or 0.0) if prompt.end is None else prompt.end
        for box, value in ((self.start, prompt.start), (self.end, end)):
            box.blockSignals(True)
            box.setMaximum(LONGEST_S if length is None else max(length, value))
            box.setValue(value)
            box.blockSignals(False)
