"""What to generate: the words, audio to begin from, length, seed and sampling, and the button."""

from pathlib import Path

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QDragEnterEvent, QDropEvent, QKeyEvent
from PySide6.QtWidgets import (
    QComboBox,
    QDoubleSpinBox,
    QFrame,
    QLineEdit,
    QMenu,
    QPlainTextEdit,
    QPushButton,
    QSpinBox,
    QToolButton,
    QWidget,
)

from desktop import session, suggestions, theme
from desktop.actions import generating, models, prompting
from desktop.app import App
from desktop.audio_prompt.bar import AudioPromptBar, choose_button
from desktop.draft import Bars, Draft
from desktop.state import Queued
from desktop.texts import tr
from desktop.widgets.basics import IconButton, column, indent, label, row
from desktop.widgets.gesture import Strokes


class PromptEdit(QPlainTextEdit):
    """The words: Ctrl+Enter generates, Ctrl+Z belongs to the window, Tab leaves."""

    def __init__(self) -> None:
        super().__init__()
        self.setTabChangesFocus(True)
        self.setUndoRedoEnabled(False)
        self.setFixedHeight(50)
        self.setAccessibleName(tr("Prompt"))
        self.setPlaceholderText(tr("Genre, instruments … for example: jazz, piano, double bass, drums"))
        self.setAcceptDrops(False)

    def event(self, event: QEvent) -> bool:
        """Leave undo and redo to the window."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            undo = event.key() in (Qt.Key.Key_Z, Qt.Key.Key_Y)
            if undo and event.modifiers() & Qt.KeyboardModifier.ControlModifier:
                event.ignore()
                return False
        return super().event(event)


class PromptPanel(QFrame):
    """The top of the window's centre."""

    def __init__(self, app: App) -> None:
        super().__init__()
        self._app = app
        self.setProperty("panel", True)
        self.setAcceptDrops(True)
        self._typing = Strokes(self)
        self._strokes = Strokes(self)
        self.text = PromptEdit()
        self.text.textChanged.connect(self._typed)
        self.generate = QPushButton(tr("Generate"))
        self.generate.setProperty("accent", True)
        self.generate.setToolTip(tr("Make a take: base and tuned (Ctrl+Enter)"))
        self.generate.setFixedWidth(156)
        self.generate.clicked.connect(lambda: generating.generate(app))
        self.scout = IconButton(
            "scout", tr("Scout: short previews of four seeds"), lambda: generating.scout(app)
        )
        self.scout.setProperty("flat", False)
        self.scout.setFixedHeight(50)
        self.scout.setPopupMode(QToolButton.ToolButtonPopupMode.MenuButtonPopup)
        self.scout.setMenu(QMenu(self.scout))
        for text, seeds in ((tr("Four seeds"), 4), (tr("Eight seeds"), 8)):
            choice = self.scout.menu().addAction(text)
            choice.triggered.connect(lambda _=False, seeds=seeds: generating.scout(app, seeds))
        self.audio = AudioPromptBar(app)
        self.setLayout(
            column(
                row(self.text, self.generate, self.scout),
                row(
                    *self._menus(),
                    choose_button(app),
                    1,
                    *self._length(),
                    *self._seed(),
                    self._more_button(),
                    gap=6,
                ),
                self.audio,
                self._more(),
                gap=6,
            )
        )
        self.setContentsMargins(theme.PAD, 10, theme.PAD, 10)
        app.state.draft.watch(self._show)
        app.state.queue.watch(self._show_queue)

    # Made once

    def _menus(self) -> list[QWidget]:
        made: list[QWidget] = []
        for text, words in (
            (tr("Genre"), suggestions.GENRES),
            (tr("Instrument"), suggestions.INSTRUMENTS),
        ):
            button = QPushButton(text)
            button.setProperty("chip", True)
            menu = QMenu(button)
            for word in words:
                menu.addAction(word).triggered.connect(lambda _=False, word=word: self._toggle(word))
            button.setMenu(menu)
            made.append(button)
        recent = QPushButton(tr("Recent"))
        recent.setProperty("chip", True)
        self._recent = QMenu(recent)
        self._recent.aboutToShow.connect(self._fill_recent)
        recent.setMenu(self._recent)
        return [*made, recent]

    def _length(self) -> list[QWidget]:
        self.seconds = _number(tr("Length in seconds"), 1, 600, " s", 1)
        self.seconds.valueChanged.connect(
            lambda value: prompting.set_seconds(self._app, value, self._strokes.token())
        )
        self.bars, self.tempo = QSpinBox(), _number(tr("Tempo"), 30, 300, " bpm", 0)
        indent(self.bars)
        self.bars.setRange(1, 256)
        self.bars.setSuffix(tr(" bars"))
        self.bars.setAccessibleName(tr("Length in bars"))
        for box in (self.bars, self.tempo):
            box.valueChanged.connect(self._bars_changed)
        self.unit = QComboBox()
        self.unit.addItems([tr("Seconds"), tr("Bars")])
        self.unit.setAccessibleName(tr("Unit of the length"))
        self.unit.activated.connect(self._unit_picked)
        return [self.seconds, self.bars, self.tempo, self.unit]

    def _seed(self) -> list[QWidget]:
        self.seed = QLineEdit()
        self.seed.setFixedWidth(106)
        self.seed.setAccessibleName(tr("Seed"))
        self.seed.setToolTip(tr("The seed: the same one gives the same noise. Typing one locks it."))
        self.seed.editingFinished.connect(self._seed_typed)
        self.dice = IconButton("dice", tr("Draw a new seed (D)"), lambda: prompting.roll_seed(self._app))
        self.lock = IconButton("unlock", tr("Keep the seed for the next takes"), checkable=True)
        self.lock.clicked.connect(lambda on: prompting.lock_seed(self._app, on))
        return [label(tr("Seed"), "small"), self.seed, self.dice, self.lock]

    def _more_button(self) -> QWidget:
        self.more = QPushButton(tr("More"))
        self.more.setProperty("chip", True)
        self.more.setCheckable(True)
        self.more.setChecked(session.current.more)
        self.more.toggled.connect(self._unfold)
        return self.more

    def _more(self) -> QWidget:
        self.sampling: dict[str, QDoubleSpinBox] = {}
        items: list[QWidget | int] = []
        for name, text, low, high, digits, hint in (
            ("guidance", tr("Guidance"), 1, 20, 1, tr("How strictly the words are followed")),
            ("temperature", tr("Temperature"), 0.05, 5, 2, tr("Lower plays safer, higher takes more risks")),
            ("top_k", tr("Top-k"), 1, 5000, 0, tr("Choose among this many likeliest continuations")),
        ):
            box = _number(text, low - 10**-digits, high, "", digits)
            box.setSpecialValueText(tr("auto"))
            box.setToolTip(hint + "\n" + tr("auto: as suits the model"))
            box.valueChanged.connect(lambda value, name=name: self._sampling_changed(name, value))
            self.sampling[name] = box
            items += [label(text, "small"), box]
        self._more_row = QWidget()
        self._more_row.setLayout(row(*items, 1))
        if not session.current.more:
            self._more_row.hide()
        return self._more_row

    # What the user does

    def _unfold(self, on: bool) -> None:
        session.current.more = on
        self._more_row.setVisible(on)

    def _typed(self) -> None:
        prompting.set_prompt(self._app, self.text.toPlainText(), self._typing.token())

    def _toggle(self, word: str) -> None:
        prompting.set_prompt(self._app, suggestions.with_word(self.text.toPlainText(), word))

    def _fill_recent(self) -> None:
        self._recent.clear()
        for prompt in [*session.recent_prompts(), *suggestions.PROMPTS][:12]:
            shown = self.fontMetrics().elidedText(prompt, Qt.TextElideMode.ElideRight, 420)
            action = self._recent.addAction(shown)
            action.triggered.connect(lambda _=False, prompt=prompt: prompting.set_prompt(self._app, prompt))

    def _unit_picked(self, index: int) -> None:
        if index == 0:
            prompting.set_seconds(self._app, self._app.state.draft.value.settings.seconds)
        else:
            bars = Bars()
            prompting.set_bars(self._app, bars.count, bars.tempo)

    def _bars_changed(self) -> None:
        prompting.set_bars(self._app, self.bars.value(), self.tempo.value(), self._strokes.token())

    def _seed_typed(self) -> None:
        text = self.seed.text().strip()
        if text.isdigit() and int(text) != self._app.state.draft.value.seed:
            prompting.set_seed(self._app, int(text))
        self.seed.setText(str(self._app.state.draft.value.seed))

    def _sampling_changed(self, name: str, value: float) -> None:
        left_open = value == self.sampling[name].minimum()
        prompting.set_sampling(self._app, name, None if left_open else value, self._strokes.token())

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Begin from the audio that was dropped."""
        for url in event.mimeData().urls()[:1]:
            models.drop(self._app, Path(url.toLocalFile()))

    # What is shown

    def _show(self, draft: Draft) -> None:
        if self.text.toPlainText() != draft.prompt:
            with _Quiet(self.text):
                self.text.setPlainText(draft.prompt)
                self.text.moveCursor(self.text.textCursor().MoveOperation.End)
        in_bars = draft.bars is not None
        bars = draft.bars or Bars()
        shown: list[tuple[QSpinBox | QDoubleSpinBox, float]] = [
            (self.seconds, draft.settings.seconds),
            (self.bars, bars.count),
            (self.tempo, bars.tempo),
            *(
                (box, box.minimum() if (chosen := getattr(draft.settings, name)) is None else chosen)
                for name, box in self.sampling.items()
            ),
        ]
        for box, value in shown:
            if box.value() != value:
                with _Quiet(box):
                    box.setValue(value)  # type: ignore[arg-type]
        self.seconds.setVisible(not in_bars)
        self.bars.setVisible(in_bars)
        self.tempo.setVisible(in_bars)
        self.unit.setCurrentIndex(int(in_bars))
        if not self.seed.hasFocus() or self.seed.text() != str(draft.seed):
            self.seed.setText(str(draft.seed))
        self.lock.setChecked(draft.seed_locked)
        self.lock.show_icon("lock" if draft.seed_locked else "unlock")

    def _show_queue(self, queue: tuple[Queued, ...]) -> None:
        waiting = sum(not entry.over for entry in queue)
        self.generate.setText(tr("Generate") if not waiting else tr("Queue another"))


class _Quiet:
    """Sets a widget without its signals."""

    def __init__(self, widget: QObject) -> None:
        self._widget = widget

    def __enter__(self) -> None:
        self._widget.blockSignals(True)

    def __exit__(self, *_: object) -> None:
        self._widget.blockSignals(False)


def _number(name: str, low: float, high: float, suffix: str, digits: int) -> QDoubleSpinBox:
    box = QDoubleSpinBox()
    box.setDecimals(digits)
    box.setRange(low, high)
    box.setSuffix(suffix)
    box.setAccessibleName(name)
    box.setMinimumWidth(64)
    indent(box)
    return box
