"""A knob: a bipolar arc that is dragged up and down, turned by the wheel and keys, or typed into."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QPointF, QRect, QRectF, QRegularExpression, Qt, Signal
from PySide6.QtGui import (
    QBrush,
    QColor,
    QContextMenuEvent,
    QFont,
    QHelpEvent,
    QKeyEvent,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QRegularExpressionValidator,
    QWheelEvent,
)
from PySide6.QtWidgets import QDial, QLineEdit, QMenu, QToolTip, QWidget

from desktop import theme
from desktop.texts import tr
from desktop.widgets.gesture import Strokes
from desktop.widgets.held_pointer import HeldPointer

SCALE = 100  # steps of the dial for 1
DRAG_PIXELS = 200.0  # for the whole range
FINE = 0.1
START_DEG, SWEEP_DEG = 225.0, -270.0  # from the lower left, clockwise
FINE_KEYS = Qt.KeyboardModifier.ShiftModifier | Qt.KeyboardModifier.ControlModifier
NUMBER = r"[-+]?\d*[.,]?\d*"
NUMBER_KEYS = "0123456789-+.,"


class Knob(QDial):
    """A value within `low` and `high`; `home` is where a double click leads and where the arc begins.

    It is a QDial, in hundredths, for the sake of assistive technology; all else is its own. It never changes
    by itself: it asks with `turned(value, gesture)` or `aborted(gesture)`, and shows what `show_value` says.
    """

    turned = Signal(float, object)
    aborted = Signal(object)

    def __init__(
        self, name: str, low: float, high: float, home: float = 0.0, step: float = 0.25, big: bool = False
    ) -> None:
        super().__init__()
        self.name, self.low, self.high, self.home, self.step = name, low, high, home, step
        self.reach = (low, high)
        self.mark = ""  # a letter or sign beside the name, such as the MIDI controller
        self.menu: Callable[[], QMenu] | None = None
        self.tooltip: Callable[[], str] | None = None
        self._value = home
        self._drag: tuple[HeldPointer, float, object] | None = None  # with the exact value, the gesture
        self._strokes = Strokes(self)
        self._editor: QLineEdit | None = None
        self._diameter = 56 if big else 42
        self.setRange(round(low * SCALE), round(high * SCALE))
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setMinimumSize(72, self._diameter + 42)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.show_value(home)

    def show_value(self, value: float) -> None:
        """Stand at `value`."""
        self._value = value
        self.blockSignals(True)
        self.setValue(round(value * SCALE))
        self.blockSignals(False)
        self.setAccessibleName(f"{self.name} {self.shown(value)}")
        self.update()

    @property
    def current(self) -> float:
        """Where it stands."""
        return self._value

    def set_reach(self, low: float, high: float) -> None:
        """Let it go only so far; a knob that can go nowhere is disabled."""
        self.reach = (low, high)
        self.setEnabled(low < high)
        self.update()

    def shown(self, value: float) -> str:
        """The value in writing: with its sign where there are two sides."""
        if self.low < 0:
            return f"{value:+.2f}".rstrip("0").rstrip(".") if value else "0"
        return f"{value:.2f}"

    def edit(self, begin: str = "") -> None:
        """Type a number in place; Enter takes it, Escape or leaving does not."""
        if self._editor is not None:
            return
        editor = self._editor = QLineEdit(begin or self.shown(self._value), self)
        editor.setAccessibleName(tr("Value of {}").format(self.name))
        editor.setValidator(QRegularExpressionValidator(QRegularExpression(NUMBER), editor))
        editor.setAlignment(Qt.AlignmentFlag.AlignCenter)
        editor.setGeometry(self._value_rect().adjusted(-2, -3, 2, 3))
        if not begin:
            editor.selectAll()
        editor.returnPressed.connect(self._typed)
        editor.editingFinished.connect(self._end_edit)
        editor.installEventFilter(self)
        editor.show()
        editor.setFocus()

    # What the user does

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Take hold of it."""
        if event.button() == Qt.MouseButton.LeftButton:
            self.setFocus(Qt.FocusReason.MouseFocusReason)
            self._drag = (HeldPointer(event), self._value, object())
            self.setCursor(Qt.CursorShape.BlankCursor)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Turn it: up is more, 200 pixels are the whole range, Shift or Ctrl make it ten times finer."""
        if self._drag is None:
            return
        pointer, exact, gesture = self._drag
        speed = FINE if event.modifiers() & FINE_KEYS else 1.0
        exact -= pointer.moved(event) / DRAG_PIXELS * (self.high - self.low) * speed
        exact = self._limited(exact)
        self._drag = (pointer, exact, gesture)
        grain = 0.01 if event.modifiers() & FINE_KEYS else 0.1
        self._ask(round(exact / grain) * grain, gesture)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """Let go of it."""
        if event.button() == Qt.MouseButton.LeftButton:
            self._let_go()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Back to its home; on the number: type one."""
        if self._value_rect().contains(event.position().toPoint()):
            self.edit()
        else:
            self._ask(self.home, object())

    def wheelEvent(self, event: QWheelEvent) -> None:
        """A step for each notch, a fine one with Shift or Ctrl."""
        notches = (event.angleDelta().y() or event.angleDelta().x()) / 120
        step = self.step * (0.2 if event.modifiers() & FINE_KEYS else 1.0)
        self._ask(self._value + notches * step, self._strokes.token())
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows and pages turn it, Home and End go to the ends, digits begin a number, Escape aborts."""
        key, fine = event.key(), event.modifiers() & FINE_KEYS
        step = self.step * (0.2 if fine else 1.0)
        moves = {
            Qt.Key.Key_Up: step,
            Qt.Key.Key_Right: step,
            Qt.Key.Key_Down: -step,
            Qt.Key.Key_Left: -step,
            Qt.Key.Key_PageUp: 4 * self.step,
            Qt.Key.Key_PageDown: -4 * self.step,
        }
        if key == Qt.Key.Key_Escape and self._drag is not None:
            gesture = self._drag[2]
            self._let_go()
            self.aborted.emit(gesture)
        elif key in moves:
            self._ask(self._value + moves[Qt.Key(key)], self._strokes.token())
        elif key == Qt.Key.Key_Home:
            self._ask(self.reach[0], object())
        elif key == Qt.Key.Key_End:
            self._ask(self.reach[1], object())
        elif key in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self._ask(self.home, object())
        elif key in (Qt.Key.Key_Return, Qt.Key.Key_Enter) and not event.modifiers():
            self.edit()
        elif event.text() and event.text() in NUMBER_KEYS and not fine:
            self.edit(event.text())
        else:
            event.ignore()

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Offer what the panel put into the menu."""
        if self.menu is not None:
            menu = self.menu()
            menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
            menu.popup(event.globalPos())

    def event(self, event: QEvent) -> bool:
        """Make the tooltip when it is wanted; keep number keys from being shortcuts."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip and self.tooltip:
            QToolTip.showText(event.globalPos(), self.tooltip(), self)
            return True
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(event, QKeyEvent):
            escaping = event.key() == Qt.Key.Key_Escape and self._drag is not None
            if escaping or (event.text() and event.text() in NUMBER_KEYS):
                event.accept()
                return True
        return super().event(event)

    def eventFilter(self, watched: QWidget, event: QEvent) -> bool:  # type: ignore[override]
        """Escape leaves the number as it was."""
        if isinstance(event, QKeyEvent) and event.key() == Qt.Key.Key_Escape:
            event.accept()
            if event.type() == QEvent.Type.KeyPress:
                self._end_edit()
            return True
        return super().eventFilter(watched, event)

    def _typed(self) -> None:
        text = self._editor.text() if self._editor else ""
        self._end_edit()
        try:
            value = float(text.replace(",", "."))
        except ValueError:
            return
        self._ask(value, object())

    def _end_edit(self) -> None:
        editor, self._editor = self._editor, None
        if editor is not None:
            editor.hide()
            editor.deleteLater()
            self.setFocus()

    def _let_go(self) -> None:
        if self._drag is not None:
            self._drag[0].release()
            self._drag = None
        self.unsetCursor()
        self.update()

    def _limited(self, value: float) -> float:
        low, high = self.reach
        return min(high, max(low, value))

    def _ask(self, value: float, gesture: object) -> None:
        value = round(self._limited(value), 2)
        if value != self._value:
            self.turned.emit(value, gesture)

    # How it looks

    def _dial_rect(self) -> QRectF:
        size = self._diameter
        return QRectF((self.width() - size) / 2, 20, size, size)

    def _value_rect(self) -> QRect:
        top = int(self._dial_rect().bottom())
        return QRect(self.width() // 2 - 24, top - 2, 48, 18)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Name, arc from the home to the value, pointer, number."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        on = self.isEnabled()
        self._paint_name(painter, on)
        self._paint_dial(painter, on)
        held = self._drag is not None or self.hasFocus() or self.underMouse()
        painter.setFont(theme.font(theme.SMALL + 0.5, QFont.Weight.DemiBold if held else QFont.Weight.Normal))
        turned = on and self._value != self.home
        painter.setPen(theme.color("text" if turned or held else "muted") if on else theme.color("faint"))
        text = self.shown(self._value).replace("-", "−") if on else "–"
        painter.drawText(self._value_rect(), int(Qt.AlignmentFlag.AlignCenter), text)

    def _paint_name(self, painter: QPainter, on: bool) -> None:
        font = theme.font(theme.SMALL)
        painter.setFont(font)
        painter.setPen(theme.color("text" if on else "faint"))
        room = self.width() - 2
        metrics = painter.fontMetrics()
        name = metrics.elidedText(self.name, Qt.TextElideMode.ElideRight, room)
        painter.drawText(QRect(1, 0, room, 16), int(Qt.AlignmentFlag.AlignCenter), name)
        if self.mark:
            painter.setFont(theme.font(6.5))
            painter.setPen(theme.color("negative"))
            painter.drawText(
                QRect(self.width() - 28, 18, 26, 10), int(Qt.AlignmentFlag.AlignRight), self.mark
            )

    def _paint_dial(self, painter: QPainter, on: bool) -> None:
        rect = self._dial_rect().adjusted(4, 4, -4, -4)
        width = 4.0
        painter.setPen(_pen(theme.color("line", 0.55), width))
        _arc(painter, rect, self._angle(self.low), self._angle(self.high))
        if on:
            painter.setPen(_pen(theme.color("faint", 0.75), width))
            _arc(painter, rect, self._angle(self.reach[0]), self._angle(self.reach[1]))
            side = theme.color("tuned" if self._value > self.home else "negative")
            if self._value != self.home:
                painter.setPen(_pen(side, width))
                _arc(painter, rect, self._angle(self.home), self._angle(self._value))
        body = rect.adjusted(6, 6, -6, -6)
        painter.setPen(QPen(theme.color("line"), 1))
        painter.setBrush(theme.color("raised" if on else "panel"))
        painter.drawEllipse(body)
        if self.hasFocus() and on:
            painter.setPen(QPen(theme.color("base"), 1.5))
            painter.setBrush(Qt.BrushStyle.NoBrush)
            painter.drawEllipse(body.adjusted(-1, -1, 1, 1))
        painter.setPen(_pen(theme.color("text" if on else "faint"), 2, Qt.PenCapStyle.RoundCap))
        center, radius = body.center(), body.width() / 2
        angle = self._angle(self._value)
        painter.drawLine(center + _at(angle, radius * 0.45), center + _at(angle, radius * 0.88))

    def _angle(self, value: float) -> float:
        return START_DEG + SWEEP_DEG * (value - self.low) / (self.high - self.low)


def _pen(color: QColor, width: float, cap: Qt.PenCapStyle = Qt.PenCapStyle.FlatCap) -> QPen:
    return QPen(QBrush(color), width, Qt.PenStyle.SolidLine, cap)


def _arc(painter: QPainter, rect: QRectF, start: float, end: float) -> None:
    painter.drawArc(rect, round(start * 16), round((end - start) * 16))


def _at(angle_deg: float, radius: float) -> QPointF:
    from math import cos, radians, sin

    return QPointF(radius * cos(radians(angle_deg)), -radius * sin(radians(angle_deg)))
