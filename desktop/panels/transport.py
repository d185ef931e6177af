"""Hearing: play, base or tuned, loop, blind comparison; at the right what takes it out."""

import contextlib
from importlib.util import find_spec

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QButtonGroup, QFrame, QPushButton, QStackedWidget, QWidget

from desktop import places, theme
from desktop.actions import listening
from desktop.app import App
from desktop.pairs import Pair
from desktop.state import Blind
from desktop.texts import tr
from desktop.widgets.basics import ElidedLabel, IconButton, label, row
from engine.events import Which


class TransportPanel(QFrame):
    """The bar below the pair."""

    def __init__(self, app: App) -> None:
        super().__init__()
        self._app = app
        self.setProperty("panel", True)
        self.play = IconButton(
            "play", tr("Play or stop (Space)"), lambda: listening.play_or_stop(app), flat=False
        )
        self.play.setFixedSize(44, 32)
        self.base = self._clip_button("base", tr("Base"), tr("Hear the base clip (A)"))
        self.tuned = self._clip_button("tuned", tr("Tuned"), tr("Hear the tuned clip (B)"))
        group = QButtonGroup(self)
        for button in (self.base, self.tuned):
            group.addButton(button)
        self.loop = IconButton(
            "loop",
            tr("Play the selection, or all, over and over (L)"),
            lambda: listening.toggle_loop(app),
            checkable=True,
        )
        self.blind = IconButton("blind", tr("Blind comparison (X)"), lambda: listening.begin_blind(app))
        self.about = ElidedLabel("", "small")
        self._stack = QStackedWidget()
        self._stack.addWidget(self._normal())
        self._stack.addWidget(self._comparison())
        self.setLayout(row(self._stack))
        self.setContentsMargins(theme.PAD, 6, theme.PAD, 6)
        self.setFixedHeight(48)
        state = app.state
        state.pair.watch(self._show_pair)
        state.heard.watch(self._show_heard)
        state.playing.watch(self._show_playing)
        state.loop.watch(self.loop.setChecked)
        state.blind.watch(self._show_blind)
        state.output.watch(lambda why: self._show_pair(state.pair.value))

    def _normal(self) -> QWidget:
        made = QWidget()
        handles = self._handles()
        made.setLayout(
            row(self.play, self.base, self.tuned, self.loop, self.blind, self.about, *handles, gap=6)
        )
        return made

    def _handles(self) -> list[QWidget]:
        """What drags and exports the clips, if it is there."""
        with contextlib.suppress(ModuleNotFoundError):
            if find_spec(places.HANDLES.partition(":")[0]):
                return [places.make(places.HANDLES, self._app)]
        return []

    def _comparison(self) -> QWidget:
        made = QWidget()
        self._one = self._blind_button("1")
        self._two = self._blind_button("2")
        choices = [
            self._choice(tr("1 is better"), lambda: self._choose(1)),
            self._choice(tr("Tie"), lambda: listening.end_blind(self._app, "tie")),
            self._choice(tr("2 is better"), lambda: self._choose(2)),
        ]
        leave = IconButton(
            "close", tr("Leave without a choice"), lambda: listening.end_blind(self._app, None)
        )
        play = IconButton(
            "play", tr("Play or stop (Space)"), lambda: listening.play_or_stop(self._app), flat=False
        )
        play.setFixedSize(44, 32)
        told = label(tr("Which one is better? Switch with A and B."), "muted")
        made.setLayout(row(play, self._one, self._two, told, 1, *choices, leave, gap=6))
        return made

    def _clip_button(self, which: Which, text: str, hint: str) -> QPushButton:
        button = QPushButton(text)
        button.setCheckable(True)
        button.setToolTip(hint)
        button.setProperty("clip", which)
        button.setFixedWidth(84)
        button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        button.clicked.connect(lambda: listening.hear(self._app, which))
        return button

    def _blind_button(self, text: str) -> QPushButton:
        button = QPushButton(text)
        button.setCheckable(True)
        button.setMinimumWidth(44)
        button.clicked.connect(lambda: self._hear_blind(text))
        return button

    def _choice(self, text: str, run: object) -> QPushButton:
        button = QPushButton(text)
        button.clicked.connect(lambda: run())  # type: ignore[operator]
        return button

    def _hear_blind(self, text: str) -> None:
        if blind := self._app.state.blind.value:
            listening.hear(self._app, blind.one if text == "1" else blind.two)
        self._show_heard(self._app.state.heard.value)

    def _choose(self, number: int) -> None:
        if blind := self._app.state.blind.value:
            listening.end_blind(self._app, blind.one if number == 1 else blind.two)

    def _show_pair(self, pair: Pair | None) -> None:
        there, kept = pair is not None, pair is not None and pair.folder is not None
        for widget in (self.play, self.base, self.loop):
            widget.setEnabled(there)
        self.tuned.setEnabled(pair is not None and not pair.neutral)
        self.blind.setEnabled(pair is not None and kept and not pair.neutral)
        self.about.setText(self._told(pair))

    def _told(self, pair: Pair | None) -> str:
        if why := self._app.state.output.value:
            return why
        if pair is None:
            return ""
        if pair.neutral:
            return tr("All knobs were at 0: both clips are the same.")
        return tr("Seed {}").format(pair.job.seed)

    def _show_heard(self, which: Which) -> None:
        blind = self._app.state.blind.value
        if blind is None:
            (self.base if which == "base" else self.tuned).setChecked(True)
        else:
            self._one.setChecked(blind.one == which)
            self._two.setChecked(blind.two == which)

    def _show_playing(self, playing: bool) -> None:
        self.play.show_icon("stop" if playing else "play", "tuned" if playing else "text")

    def _show_blind(self, blind: Blind | None) -> None:
        self._stack.setCurrentIndex(0 if blind is None else 1)
        self._show_heard(self._app.state.heard.value)
