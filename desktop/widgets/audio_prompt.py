"""The audio to begin from: where it is dropped or chosen, what it is for, and the stretch of it."""

from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QComboBox, QDoubleSpinBox, QFileDialog, QPushButton, QWidget

from desktop.actions import prompting
from desktop.app import App
from desktop.draft import Draft
from desktop.texts import mark, tr
from desktop.widgets.basics import ElidedLabel, IconButton, label, row
from desktop.widgets.gesture import Strokes
from engine.job import AudioPrompt

FILTER = mark("Audio (*.wav *.flac *.ogg *.mp3 *.aif *.aiff)")
ROLES = ("continue", "melody")


class AudioPromptBar(QWidget):
    """A button to drop on or press while there is none; else its name, role, range and a cross."""

    def __init__(self, app: App) -> None:
        super().__init__()
        self._app = app
        self._strokes = Strokes(self)
        self.choose = QPushButton(tr("Audio…"))
        self.choose.setProperty("chip", True)
        self.choose.setToolTip(tr("Begin from audio: drop a file here, or press to choose one"))
        self.choose.clicked.connect(self._choose)
        self.name = ElidedLabel("", "small", Qt.TextElideMode.ElideMiddle)
        self.name.setFixedWidth(84)
        self.role = QComboBox()
        self.role.addItems([tr("Continue"), tr("Melody")])
        self.role.setAccessibleName(tr("What the audio is for"))
        self.role.activated.connect(lambda i: prompting.change_audio_prompt(app, role=ROLES[i]))
        self.start, self.end = self._seconds(tr("Begin in the audio")), self._seconds(tr("End in the audio"))
        for box in (self.start, self.end):
            box.valueChanged.connect(self._range_changed)
        clear = IconButton("close", tr("Begin without audio"), lambda: prompting.clear_audio_prompt(app))
        self.details = QWidget()
        self.details.setLayout(row(self.name, self.role, self.start, label("–"), self.end, clear, gap=4))
        self.setLayout(row(self.choose, self.details, gap=0))
        app.state.draft.watch(self._show)

    def _seconds(self, name: str) -> QDoubleSpinBox:
        box = QDoubleSpinBox()
        box.setRange(0, 36000)
        box.setDecimals(1)
        box.setSuffix(" s")
        box.setAccessibleName(name)
        return box

    def _choose(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, tr("Begin from audio"), "", tr(FILTER))
        if path:
            prompting.set_audio_prompt(self._app, Path(path))

    def _range_changed(self) -> None:
        start, end = self.start.value(), self.end.value()
        if end > start:
            prompting.change_audio_prompt(self._app, self._strokes.token(), start=start, end=end)

    def _show(self, draft: Draft) -> None:
        prompt: AudioPrompt | None = draft.audio_prompt
        self.choose.setVisible(prompt is None)
        self.details.setVisible(prompt is not None)
        if prompt is None:
            return
        self.name.setText(prompt.path.name)
        self.role.setCurrentIndex(ROLES.index(prompt.role))
        for box, value in ((self.start, prompt.start), (self.end, prompt.end or 0.0)):
            box.blockSignals(True)
            box.setValue(value)
            box.blockSignals(False)
