"""The waveform of the audio to begin from, with the stretch of it that is used, to drag."""

from dataclasses import dataclass

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QFocusEvent, QImage, QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop import theme
from desktop.actions import prompting
from desktop.app import App
from desktop.audio_prompt import stretch
from desktop.audio_prompt.reading import Reading
from desktop.draft import Draft
from desktop.pair import drawing
from desktop.state import Span
from desktop.texts import tr
from desktop.widgets.gesture import Strokes
from engine.job import AudioPrompt

HEIGHT = 32
_EDGE = 6  # pixels around an end that grab it
_CLICK = 3  # a press that moves less than this changes nothing
_SHARE = {Qt.Key.Key_Left: -0.01, Qt.Key.Key_Right: 0.01, Qt.Key.Key_PageDown: -0.1, Qt.Key.Key_PageUp: 0.1}


@dataclass(eq=False)
class _Drag:
    """Where it began, in pixels, and what it does; it is its own gesture."""

    pressed: float
    change: stretch.Change
    moving: bool = False


class AudioStrip(QWidget):
    """Drag the stretch or its ends; a double click takes all. The arrows move it, with Shift its end, with
    Ctrl its beginning. Escape takes a drag back.
    """

    def __init__(self, app: App, reading: Reading) -> None:
        super().__init__()
        self._app = app
        self._strokes = Strokes(self)
        self._prompt: AudioPrompt | None = None
        self._reading = reading
        self._wave: QImage | None = None
        self._drag: _Drag | None = None
        self.setFixedHeight(HEIGHT)
        self.setMinimumWidth(160)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMouseTracking(True)
        self.setToolTip(
            tr("Drag the stretch to begin from, or its ends; a double click takes all.")
            + "\n"
            + tr("Arrows and pages move it, with Shift its end, with Ctrl its beginning.")
        )
        theme.changed.connect(self._redraw)
        reading.changed.connect(self._changed)
        app.state.draft.watch(self._show)

    def sizeHint(self) -> QSize:
        """A strip."""
        return QSize(600, HEIGHT)

    @property
    def span(self) -> Span | None:
        """The stretch, once the length of the file is known."""
        if self._reading.picture is None or self._prompt is None:
            return None
        end = self._length if self._prompt.end is None else self._prompt.end
        return Span(self._prompt.start, min(end, self._length))

    @property
    def _length(self) -> float:
        return self._reading.picture.seconds if self._reading.picture else 1.0

    # What is shown

    def _show(self, draft: Draft) -> None:
        self._prompt = draft.audio_prompt
        self._reading.read(self._prompt.path if self._prompt else None)
        self._name()
        self.update()

    def _changed(self) -> None:
        if self._reading.picture is None:
            self._drag = None
        self._name()
        self._redraw()

    def _name(self) -> None:
        if self._reading.problem is not None:
            self.setAccessibleName(str(self._reading.problem))
        elif (span := self.span) is None:
            self.setAccessibleName(tr("Stretch of the audio"))
        else:
            seconds = (f"{s:.2f}" for s in (span.start, span.end, self._length))
            self.setAccessibleName(tr("Stretch of the audio: {} to {} of {} seconds").format(*seconds))

    def _redraw(self) -> None:
        self._wave = None
        self.update()

    def resizeEvent(self, event: object) -> None:
        """Draw for the new size."""
        self._redraw()

    def paintEvent(self, event: QPaintEvent) -> None:
        """The waveform, a veil over what is not used, the ends; or why there is nothing to see."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        whole = QRectF(self.rect())
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("inset"))
        painter.drawRoundedRect(whole, theme.RADIUS, theme.RADIUS)
        if self._reading.problem is not None:
            self._paint_problem(painter, str(self._reading.problem))
        if (span := self.span) is not None:
            self._paint_stretch(painter, span)
        border = "base" if self.hasFocus() else "line"
        painter.setPen(QPen(theme.color(border), 1))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawRoundedRect(whole.adjusted(0.5, 0.5, -0.5, -0.5), theme.RADIUS, theme.RADIUS)

    def _paint_problem(self, painter: QPainter, text: str) -> None:
        painter.setPen(theme.color("danger"))
        painter.setFont(theme.font(theme.SMALL))
        room = self.rect().adjusted(theme.PAD, 0, -theme.PAD, 0)
        text = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideMiddle, room.width())
        painter.drawText(room, int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter), text)

    def _paint_stretch(self, painter: QPainter, span: Span) -> None:
        left, right = self._x(span.start), self._x(span.end)
        painter.fillRect(QRectF(left, 1, right - left, HEIGHT - 2), theme.color("base", 0.12))
        if self._wave is None:
            self._wave = self._painted()
        if self._wave is not None:
            painter.drawImage(QRectF(self.rect()), self._wave)
        veil = theme.color("inset", 0.72)
        painter.fillRect(QRectF(1, 1, left - 1, HEIGHT - 2), veil)
        painter.fillRect(QRectF(right, 1, self.width() - right - 1, HEIGHT - 2), veil)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("base"))
        for x, inward in ((left, 0.0), (right, -3.0)):
            painter.drawRoundedRect(QRectF(x + inward, 1, 3, HEIGHT - 2), 1.5, 1.5)

    def _painted(self) -> QImage | None:
        if self._reading.picture is None:
            return None
        ratio = self.devicePixelRatioF()
        peaks = self._reading.picture.peaks(max(1, round(self.width() * ratio)))
        loudest = max(1e-3, float(peaks.greatest.max()), -float(peaks.least.min()))
        return drawing.waveform(peaks, round(HEIGHT * ratio), theme.color("base", 0.85), 0.9 / loudest)

    def _x(self, seconds: float) -> float:
        return seconds / self._length * self.width()

    def _seconds(self, x: float) -> float:
        return x / self.width() * self._length

    # What the user does

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of the stretch or of one of its ends."""
        span = self.span
        if span is None or event.button() != Qt.MouseButton.LeftButton:
            return
        x = event.position().x()
        change = stretch.grabbed(span, self._seconds(x), self._seconds(_EDGE), self._length)
        self._drag = _Drag(x, change)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Drag, or show what a press would grab."""
        x = event.position().x()
        if self._drag is None:
            self._show_grip(x)
            return
        self._drag.moving |= abs(x - self._drag.pressed) >= _CLICK
        if self._drag.moving:
            self._set(self._drag.change(self._seconds(x)), self._drag)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go."""
        self._drag = None

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Take all of the file."""
        if self.span is not None:
            self._set(Span(0.0, self._length), object())

    def event(self, event: QEvent) -> bool:
        """Keep Escape during a drag from stopping the job."""
        asked = event.type() == QEvent.Type.ShortcutOverride and self._drag is not None
        if asked and isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            event.accept()
            return True
        return super().event(event)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Move the stretch or one end; Home and End go to the file's; Escape takes a drag back."""
        span, key, keys = self.span, Qt.Key(event.key()), event.modifiers()
        if key == Qt.Key.Key_Escape and self._drag is not None:
            gesture, self._drag = self._drag, None
            self._app.history.abort(gesture)
            return
        if span is None or key not in (*_SHARE, Qt.Key.Key_Home, Qt.Key.Key_End):
            super().keyPressEvent(event)
            return
        length = self._length
        by = _SHARE.get(key, -1.0 if key == Qt.Key.Key_Home else 1.0) * length
        if keys & Qt.KeyboardModifier.ShiftModifier:
            moved = stretch.between(span.start, max(span.start, span.end + by), length)
        elif keys & Qt.KeyboardModifier.ControlModifier:
            moved = stretch.between(span.end, min(span.end, span.start + by), length)
        else:
            moved = stretch.shifted(span, by, length)
        self._set(moved, self._strokes.token())

    def focusInEvent(self, event: QFocusEvent) -> None:
        """Show that the keys go here."""
        super().focusInEvent(event)
        self.update()

    def _set(self, span: Span, gesture: object) -> None:
        prompting.set_audio_range(self._app, span.start, span.end, gesture)

    def _show_grip(self, x: float) -> None:
        span, cursor = self.span, Qt.CursorShape.ArrowCursor
        if span is not None:
            left, right = self._x(span.start), self._x(span.end)
            if min(abs(x - left), abs(x - right)) <= _EDGE:
                cursor = Qt.CursorShape.SizeHorCursor
            elif left < x < right:
                movable = span.end - span.start < self._length
                cursor = Qt.CursorShape.OpenHandCursor if movable else Qt.CursorShape.IBeamCursor
        self.setCursor(cursor)
