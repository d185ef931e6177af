"""Ruler and clips, with one zoom, one playhead and one selection; all of it under the mouse."""

from PySide6.QtCore import QEvent, QPointF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent, QPixmap, QResizeEvent, QWheelEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from desktop import theme
from desktop.actions import listening
from desktop.app import App
from desktop.pair import scene
from desktop.pair.analysis import Analysis, Pictures
from desktop.pair.drags import Drag, cursor_at, left_drag, panning
from desktop.pair.facts import same_take
from desktop.pair.grid import Grid
from desktop.pair.viewport import Viewport, following, lengthened, panned, placed, whole, zoomed
from desktop.pairs import Pair
from desktop.state import Span
from desktop.texts import tr
from engine.events import Which

_CLICK = 4  # a press that moves less than this is a click
_WHEEL_ZOOM = 1.25
_SCALES = (1.0, 1.25, 1.5, 2.0, 3.0, 4.0)
_NO_SNAP = Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.ControlModifier

LOWEST = 40  # of a lane: its head in two tight rows


class Timeline(QWidget):
    """Shows the pair. A click seeks, a drag selects, the wheel zooms, Shift and the wheel or the middle
    button pan; the ends of a selection and its bar in the ruler are dragged. Alt or Ctrl turns snapping off.
    """

    moved = Signal()  # the viewport changed
    looked_at = Signal(float)  # the time under the mouse

    def __init__(self, app: App, analysis: Analysis) -> None:
        super().__init__()
        self.app, self._state, self._analysis = app, app.state, analysis
        self.view = whole(1.0)
        self.grid = Grid()
        self.snap = True
        self.spectra = False
        self._scene: QPixmap | None = None
        self._shown: Pair | None = None
        self._playhead_x = 0.0
        self._drag: Drag | None = None
        self._pressed = QPointF()
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName(tr("Clips"))
        self.setMinimumSize(300, scene.RULER + scene.LANE_GAP + 2 * LOWEST)
        analysis.changed.connect(self.redraw)
        theme.changed.connect(self.redraw)
        state = self._state
        state.pair.watch(self._show)
        for changed in (
            state.selection.changed,
            state.loop.changed,
            state.heard.changed,
            state.blind.changed,
        ):
            changed.connect(self.redraw)
        state.playhead.changed.connect(self._move_playhead)

    def sizeHint(self) -> QSize:
        """Enough to see both clips well."""
        return QSize(900, 300)

    # What is shown

    def set_view(self, view: Viewport) -> None:
        """See another stretch."""
        if view != self.view:
            self.view = view
            self.redraw()
            self.moved.emit()

    def set_grid(self, grid: Grid) -> None:
        """Draw and snap to other lines."""
        if grid != self.grid:
            self.grid = grid
            self.redraw()

    def set_spectra(self, on: bool) -> None:
        """Show spectrograms instead of waveforms."""
        self.spectra = on
        self._analysis.want_spectra(on)
        self.redraw()

    def zoom(self, factor: float) -> None:
        """Zoom around the playhead if it is seen, else around the middle."""
        at = self._state.playhead.value
        seen = self.view.start <= at <= self.view.end
        self.set_view(zoomed(self.view, factor, at if seen else self.view.start + self.view.span / 2))

    def show_all(self) -> None:
        """See all of the clip."""
        self.set_view(whole(self.view.length))

    def show_selection(self) -> None:
        """Zoom to the selection; without one, see all."""
        if (span := self._state.selection.value) is None:
            self.show_all()
        else:
            room = (span.end - span.start) * 0.05
            self.set_view(placed(self.view, span.start - room, span.end - span.start + 2 * room))

    def lanes(self) -> tuple[scene.Lane, ...]:
        """The clips from top to bottom, as they may be shown."""
        pair, heard, blind = self._state.pair.value, self._state.heard.value, self._state.blind.value
        if pair is None:
            return ()
        if blind is not None:
            return (
                scene.Lane(blind.one, "1", heard == blind.one, True),
                scene.Lane(blind.two, "2", heard == blind.two, True),
            )
        if pair.neutral:
            return (scene.Lane("base", tr("Base"), True),)
        return (
            scene.Lane("base", tr("Base"), heard == "base"),
            scene.Lane("tuned", tr("Tuned"), heard == "tuned"),
        )

    def redraw(self, *_: object) -> None:
        """Paint everything anew."""
        self._scene = None
        self.update()

    def _show(self, pair: Pair | None) -> None:
        before, self._shown = self._shown, pair
        if pair is not None:
            same = before is not None and same_take(before, pair)
            self.set_view(lengthened(self.view, pair.seconds) if same else whole(pair.seconds))
        self.redraw()

    def _move_playhead(self, seconds: float) -> None:
        if self._state.playing.value and self._drag is None:
            self.set_view(following(self.view, seconds))
        x = self.view.x(seconds, self.width())
        for at in (self._playhead_x, x):
            self.update(int(at) - 8, 0, 16, self.height())
        self._playhead_x = x

    # Painting

    def paintEvent(self, event: QPaintEvent) -> None:
        """The scene, which is kept, and the playhead over it."""
        painter = QPainter(self)
        lanes = self.lanes()
        if not lanes:
            scene.paint_empty(painter, self.width(), self.height())
            return
        if self._scene is None:
            self._scene = self._painted(lanes)
        painter.drawPixmap(0, 0, self._scene)
        x = self.view.x(self._state.playhead.value, self.width())
        if -6 <= x <= self.width() + 6:
            scene.paint_playhead(painter, x, self.height())
        self._playhead_x = x

    def _painted(self, lanes: tuple[scene.Lane, ...]) -> QPixmap:
        ratio = self.devicePixelRatioF()
        kept = QPixmap(self.size() * ratio)
        kept.setDevicePixelRatio(ratio)
        kept.fill(Qt.GlobalColor.transparent)
        pair = self._state.pair.value
        pictures = {which: found for which in _BOTH if (found := self._analysis.pictures(which))}
        if pair is None or len(pictures) < len(lanes):
            return kept
        painter = QPainter(kept)
        what = scene.Scene(
            self.view,
            self.grid,
            lanes,
            pictures,
            pair.sample_rate,
            self.spectra,
            self._state.selection.value,
            self._state.loop.value,
            _scale(list(pictures.values())),
        )
        scene.paint(painter, what, self.width(), self.height(), ratio)
        painter.end()
        return kept

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Paint for the new size."""
        self.redraw()

    def changeEvent(self, event: QEvent) -> None:
        """Paint anew on another screen or in another font."""
        super().changeEvent(event)
        self.redraw()

    # Mouse and keys

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin a drag; which one depends on where and with what."""
        if self._state.pair.value is None:
            return
        x, y = event.position().x(), event.position().y()
        self._pressed = event.position()
        if event.button() == Qt.MouseButton.MiddleButton:
            self._drag = panning(self, x)
        elif event.button() == Qt.MouseButton.LeftButton:
            self._drag = left_drag(self, x, y, event.modifiers())

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Go on with the drag, or show what a press would grab."""
        x = event.position().x()
        if self._drag is None:
            self.setCursor(cursor_at(self, x, event.position().y()))
            self.looked_at.emit(self.view.seconds(x, self.width()))
        elif (event.position() - self._pressed).manhattanLength() >= _CLICK:
            self._drag(x, bool(event.modifiers() & _NO_SNAP))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """End the drag; a click goes to its place, and in the clips it drops the selection."""
        moved = (event.position() - self._pressed).manhattanLength() >= _CLICK
        drag, self._drag = self._drag, None
        if drag is None or moved or event.button() != Qt.MouseButton.LeftButton:
            return
        at = self.snapped(event.position().x(), bool(event.modifiers() & _NO_SNAP))
        if event.position().y() >= scene.RULER:
            span = self._state.selection.value
            if span is None or not span.start <= at <= span.end:
                listening.select(self.app, None)
        listening.seek(self.app, at)

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        """Select the bar under the mouse, or all where there are no bars."""
        if self._state.pair.value is None or event.button() != Qt.MouseButton.LeftButton:
            return
        at = self.view.seconds(event.position().x(), self.width())
        listening.select(self.app, self.grid.bar_at(at) or Span(0.0, self.view.length))

    def wheelEvent(self, event: QWheelEvent) -> None:
        """Zoom around the mouse; sideways, or with Shift, pan."""
        turn, keys = event.angleDelta(), event.modifiers()
        sideways = turn.x() or (turn.y() if keys & Qt.KeyboardModifier.ShiftModifier else 0)
        if sideways:
            self.set_view(panned(self.view, -sideways / 120 * self.view.span * 0.1))
        elif turn.y():
            around = self.view.seconds(event.position().x(), self.width())
            self.set_view(zoomed(self.view, _WHEEL_ZOOM ** (turn.y() / 120), around))
        event.accept()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Arrows move the playhead from line to line; Plus, Minus, Home, End, Escape do what they say."""
        action = {
            Qt.Key.Key_Left: lambda: self._step(-1),
            Qt.Key.Key_Right: lambda: self._step(1),
            Qt.Key.Key_Home: lambda: listening.seek(self.app, 0.0),
            Qt.Key.Key_End: lambda: listening.seek(self.app, self.view.length),
            Qt.Key.Key_Plus: lambda: self.zoom(2),
            Qt.Key.Key_Equal: lambda: self.zoom(2),
            Qt.Key.Key_Minus: lambda: self.zoom(0.5),
            Qt.Key.Key_Escape: lambda: listening.select(self.app, None),
        }.get(Qt.Key(event.key()))
        if action is None:
            super().keyPressEvent(event)
        else:
            action()

    def _step(self, lines: int) -> None:
        at = self._state.playhead.value
        listening.seek(self.app, self.grid.next_line(at, lines, self.view, self.width()))

    def snapped(self, x: float, free: bool) -> float:
        """The time at x, on a line of the grid unless it is `free`."""
        at = min(max(0.0, self.view.seconds(x, self.width())), self.view.length)
        return at if free or not self.snap else self.grid.snapped(at, self.view, self.width())


def _scale(pictures: list[Pictures]) -> float:
    """How much higher than full scale the clips can be drawn; the same for both, so that they compare."""
    loudest = 0.0
    for picture in pictures:
        samples = picture.clip.audio
        peaks = picture.pyramid.peaks(samples, 0, max(1, samples.shape[1]), 1)
        loudest = max(loudest, float(peaks.greatest.max()), -float(peaks.least.min()))
    return max((scale for scale in _SCALES if scale * loudest <= 1), default=1.0) if loudest else 1.0


_BOTH: tuple[Which, ...] = ("base", "tuned")
