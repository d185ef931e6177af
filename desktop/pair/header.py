"""The head of one clip: its name, how loud it is, what the user thinks of it, and its handle."""

from PySide6.QtCore import QRectF, Qt, Signal
from PySide6.QtGui import QFont, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop import theme
from desktop.actions import listening
from desktop.app import App
from desktop.export.handles import DragHandle, whole_clip
from desktop.pair.scene import Lane
from desktop.texts import tr
from desktop.widgets.basics import IconButton, column, row
from desktop.widgets.stars import Stars
from engine.events import Which

WIDTH = 176
_STRIPE = 4
_LOW = 72  # a lane below this height has two tight rows


class ClipHeader(QWidget):
    """Stands left of a clip's lane. A click on the name lets the clip be heard."""

    def __init__(self, app: App, which: Which) -> None:
        super().__init__()
        self._app, self._which = app, which
        self._lane = Lane(which, "", False)
        self.setFixedWidth(WIDTH)
        self.name = ClipName(which)
        self.name.clicked.connect(self._hear)
        text = tr("Drag the whole clip into a DAW or a folder")
        self.handle = DragHandle(app, lambda: whole_clip(app, which), text)
        self.stars = Stars()
        self.stars.setToolTip(tr("Rate this clip"))
        self.stars.picked.connect(lambda stars: listening.judge(app, **{self._field("stars"): stars}))
        self.like = IconButton("like", tr("Like this clip"), lambda: self._like(True), checkable=True)
        self.dislike = IconButton(
            "dislike", tr("Dislike this clip"), lambda: self._like(False), checkable=True
        )
        for button in (self.like, self.dislike):
            button.setProperty("tight", True)
        self._judging = QWidget()
        self._judging.setLayout(row(self.stars, self.like, self.dislike, 1, gap=1))
        self.setLayout(column(row(self.name, self.handle, gap=0), 1, self._judging, gap=0))
        self._fit()
        state = app.state
        state.preference.watch(self._show_preference)
        state.pair.watch(lambda _: self._offer())
        state.loudness.watch(lambda _: self._offer())
        theme.changed.connect(self.update)

    def show_lane(self, lane: Lane) -> None:
        """Stand beside this lane; a veiled one gives nothing away."""
        self._lane = lane
        self._offer()
        self.update()

    def resizeEvent(self, event: object) -> None:
        """Draw together in a low lane."""
        self._fit()

    def paintEvent(self, event: QPaintEvent) -> None:
        """A stripe in the clip's colour, bright while it is heard."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("raised", 0.9 if self._lane.heard else 0.45))
        painter.drawRoundedRect(QRectF(0, 0, self.width() - 4, self.height()), 4, 4)
        color = "muted" if self._lane.veiled else self._which
        painter.setBrush(theme.color(color, 1.0 if self._lane.heard else 0.4))
        painter.drawRoundedRect(QRectF(0, 0, _STRIPE, self.height()), 2, 2)

    def _fit(self) -> None:
        low = self.height() < _LOW
        edge = 0 if low else 5
        self.setContentsMargins(_STRIPE + 8, edge, 4, edge)
        self.name.set_low(low)
        self.handle.setFixedHeight(18 if low else 24)
        for button in (self.like, self.dislike):
            button.setFixedSize(30, 22 if low else 28)

    def _hear(self) -> None:
        listening.hear(self._app, self._lane.which)

    def _offer(self) -> None:
        state, lane = self._app.state, self._lane
        pair = state.pair.value
        kept = pair is not None and pair.folder is not None and not lane.veiled
        self._judging.setVisible(not lane.veiled)
        self._judging.setEnabled(kept)
        self.handle.setVisible(not lane.veiled)
        self.handle.setEnabled(kept)
        loudness = state.loudness.value.get(self._which)
        told = "" if loudness is None or lane.veiled else f"{loudness:.1f} LUFS"
        self._show_preference()
        self.name.show_name(lane.title, told, lane.heard, lane.veiled)

    def _field(self, name: str) -> str:
        """The field of a preference that speaks of this clip; a neutral pair's one clip is the tuned one."""
        pair = self._app.state.pair.value
        neutral = pair is not None and pair.neutral
        return name if self._which == "tuned" or neutral else f"base_{name}"

    def _like(self, liked: bool) -> None:
        field = self._field("liked")
        again = getattr(self._app.state.preference.value, field, None) is liked
        listening.judge(self._app, **{field: None if again else liked})
        self._show_preference()

    def _show_preference(self, _: object = None) -> None:
        preference = self._app.state.preference.value
        self.stars.show_stars(getattr(preference, self._field("stars"), None) or 0)
        liked = getattr(preference, self._field("liked"), None)
        self.like.setChecked(liked is True)
        self.dislike.setChecked(liked is False)


class ClipName(QWidget):
    """The name and the loudness below it; a button in all but looks."""

    clicked = Signal()

    def __init__(self, which: Which) -> None:
        super().__init__()
        self._which = which
        self._name = self._told = ""
        self._heard = self._veiled = self._low = False
        self.set_low(False)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)

    def show_name(self, name: str, told: str, heard: bool, veiled: bool) -> None:
        """Show a name, what is told below it, and whether it is heard."""
        self._name, self._told, self._heard, self._veiled = name, told, heard, veiled
        self.setAccessibleName(tr("Hear {}").format(name))
        self.setToolTip(tr("Hear {}").format(name))
        self.update()

    def set_low(self, low: bool) -> None:
        """Tell the loudness beside the name instead of below it, or not."""
        self._low = low
        self.setFixedHeight(18 if low else 34)
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Hear it."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.clicked.emit()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Return hears it."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self.clicked.emit()
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Name and loudness."""
        painter = QPainter(self)
        painter.setFont(theme.font(11.5, QFont.Weight.DemiBold))
        color = "text" if self._veiled else self._which
        painter.setPen(theme.color(color if self._heard else "muted"))
        painter.drawText(0, 15, self._name)
        beside = painter.fontMetrics().horizontalAdvance(self._name) + 8
        painter.setFont(theme.font(theme.SMALL))
        painter.setPen(theme.color("muted" if self._heard else "faint"))
        painter.drawText(*((beside, 15) if self._low else (0, 31)), self._told)
        if self.hasFocus():
            painter.setPen(theme.color("base"))
            painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), 3, 3)
