"""All of the clip in one strip, with the stretch that is seen as a window to move and to stretch."""

from collections.abc import Callable

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QImage, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop import theme
from desktop.actions import listening
from desktop.app import App
from desktop.pair import drawing
from desktop.pair.analysis import Analysis
from desktop.pair.timeline import Timeline
from desktop.pair.viewport import placed
from desktop.texts import tr

HEIGHT = 24
_EDGE = 5


class Overview(QWidget):
    """Drag the window to pan and its ends to zoom; a click beside it goes there."""

    def __init__(self, app: App, analysis: Analysis, timeline: Timeline) -> None:
        super().__init__()
        self._app, self._analysis, self._timeline = app, analysis, timeline
        self._wave: QImage | None = None
        self._drag: Callable[[float], None] | None = None
        self.setFixedHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setMouseTracking(True)
        self.setAccessibleName(tr("Overview of the clip"))
        timeline.moved.connect(self.update)
        app.state.playhead.changed.connect(lambda _: self.update())
        for changed in (app.state.heard.changed, app.state.blind.changed, app.state.pair.changed):
            changed.connect(self._redraw)
        analysis.changed.connect(self._redraw)
        theme.changed.connect(self._redraw)

    def sizeHint(self) -> QSize:
        """A strip."""
        return QSize(600, HEIGHT)

    def resizeEvent(self, event: object) -> None:
        """Draw for the new size."""
        self._redraw()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Waveform, window, playhead."""
        painter = QPainter(self)
        whole = QRectF(self.rect())
        painter.fillRect(whole, theme.color("inset"))
        if self._app.state.pair.value is None:
            return
        if self._wave is None:
            self._wave = self._painted()
        if self._wave is not None:
            painter.drawImage(whole, self._wave)
        left, right = self._window()
        veil = theme.color("background", 0.6)
        painter.fillRect(QRectF(0, 0, left, HEIGHT), veil)
        painter.fillRect(QRectF(right, 0, self.width() - right, HEIGHT), veil)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(QPen(theme.color("muted"), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(QRectF(left + 0.5, 0.5, right - left - 1, HEIGHT - 1), 3, 3)
        x = self._app.state.playhead.value / self._timeline.view.length * self.width()
        painter.fillRect(QRectF(x, 0, 1, HEIGHT), theme.color("text"))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Grab the window or one of its ends, or go to where there is none."""
        if self._app.state.pair.value is None or event.button() != Qt.MouseButton.LeftButton:
            return
        x, view = event.position().x(), self._timeline.view
        left, right = self._window()
        if abs(x - left) <= _EDGE or abs(x - right) <= _EDGE:
            fixed = view.end if abs(x - left) < abs(x - right) else view.start
            self._drag = lambda x: self._stretch(fixed, x)
        elif left < x < right and view.span < view.length:
            self._drag = lambda now: self._timeline.set_view(
                placed(view, view.start + (now - x) / self.width() * view.length, view.span)
            )
        else:
            at = self._seconds(x)
            self._timeline.set_view(placed(view, at - view.span / 2, view.span))
            listening.seek(self._app, at)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go on, or show what a press would grab."""
        x = event.position().x()
        if self._drag is not None:
            self._drag(x)
            return
        left, right = self._window()
        at_end = min(abs(x - left), abs(x - right)) <= _EDGE
        self.setCursor(Qt.CursorShape.SizeHorCursor if at_end else Qt.CursorShape.ArrowCursor)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        self._drag = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """See all."""
        self._timeline.show_all()

    def _stretch(self, fixed: float, x: float) -> None:
        start, end = sorted((fixed, self._seconds(x)))
        self._timeline.set_view(placed(self._timeline.view, start, end - start))

    def _seconds(self, x: float) -> float:
        return x / self.width() * self._timeline.view.length

    def _window(self) -> tuple[float, float]:
        view = self._timeline.view
        return view.start / view.length * self.width(), view.end / view.length * self.width()

    def _redraw(self, *_: object) -> None:
        self._wave = None
        self.update()

    def _painted(self) -> QImage | None:
        pair, state = self._app.state.pair.value, self._app.state
        pictures = self._analysis.pictures(state.heard.value)
        if pair is None or pictures is None or state.blind.value is not None:
            return None
        ratio = self.devicePixelRatioF()
        samples = pictures.clip.audio
        end = self._timeline.view.length * pair.sample_rate
        peaks = pictures.pyramid.peaks(samples, 0, end, max(1, round(self.width() * ratio))).merged()
        loudest = max(1e-3, float(peaks.greatest.max()), -float(peaks.least.min()))
        which = "base" if pair.neutral else state.heard.value
        return drawing.waveform(peaks, round(HEIGHT * ratio), theme.color(which, 0.8), 1 / loudest)
