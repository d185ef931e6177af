"""Paints everything of the timeline that stands still: ruler, grid, both clips, selection."""

from dataclasses import dataclass

from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QBrush, QColor, QFont, QPainter, QPen, QPolygonF

from desktop import theme
from desktop.pair import drawing
from desktop.pair.analysis import Pictures
from desktop.pair.grid import Grid
from desktop.pair.viewport import Viewport
from desktop.state import Span
from desktop.texts import tr
from engine.events import Which

RULER = 26
BRACE = 8  # the part of the ruler that shows the selection
LANE_GAP = 5
_LINE_BELOW = 2.0  # samples a pixel; closer than this they are joined by a line


@dataclass(frozen=True)
class Lane:
    """One clip's strip: `title` is drawn over it, `veiled` hides what it looks like."""

    which: Which
    title: str
    heard: bool
    veiled: bool = False


@dataclass(frozen=True, eq=False)
class Scene:
    """What is to be painted. `scale` is how much higher than full scale both waveforms are drawn."""

    view: Viewport
    grid: Grid
    lanes: tuple[Lane, ...]
    pictures: dict[Which, Pictures]
    sample_rate: int
    spectra: bool
    selection: Span | None
    loop: bool
    scale: float


def lane_rects(count: int, width: float, height: float) -> list[QRectF]:
    """Where the lanes lie below the ruler."""
    each = (height - RULER - LANE_GAP * (count - 1)) / max(1, count)
    return [QRectF(0, RULER + number * (each + LANE_GAP), width, each) for number in range(count)]


def paint(painter: QPainter, scene: Scene, width: int, height: int, ratio: float) -> None:
    """Paint a scene of `width` by `height` points for a screen of `ratio` pixels a point."""
    rects = lane_rects(len(scene.lanes), width, height)
    for lane, rect in zip(scene.lanes, rects, strict=True):
        _paint_lane(painter, scene, lane, rect, ratio)
    _paint_selection(painter, scene, width, rects)
    _paint_ruler(painter, scene, width)


def _paint_lane(painter: QPainter, scene: Scene, lane: Lane, rect: QRectF, ratio: float) -> None:
    painter.fillRect(rect, theme.color("inset"))
    clip = scene.pictures[lane.which].clip
    if not scene.spectra or lane.veiled:
        _paint_grid(painter, scene, rect, 1 if lane.veiled else clip.samples.shape[0])
    if not lane.veiled:
        painter.setOpacity(1.0 if lane.heard else 0.6)
        if scene.spectra:
            _paint_spectrogram(painter, scene, lane, rect, ratio)
        else:
            _paint_wave(painter, scene, lane, rect, ratio)
        painter.setOpacity(1.0)
    _paint_rest(painter, scene, rect, clip.filled / scene.sample_rate)
    if lane.veiled:
        painter.setFont(theme.font(28, QFont.Weight.DemiBold))
        painter.setPen(theme.color("text" if lane.heard else "faint"))
        painter.drawText(rect, Qt.AlignmentFlag.AlignCenter, lane.title)
    if lane.heard:
        color = theme.color("text" if lane.veiled else lane.which, 0.85)
        painter.fillRect(QRectF(rect.left(), rect.top(), rect.width(), 1), color)
        painter.fillRect(QRectF(rect.left(), rect.bottom() - 1, rect.width(), 1), color)


def _paint_grid(painter: QPainter, scene: Scene, rect: QRectF, channels: int) -> None:
    strong, weak = theme.color("line", 0.85), theme.color("line", 0.38)
    for line in scene.grid.lines(scene.view, rect.width()):
        x = round(scene.view.x(line.seconds, rect.width()))
        painter.fillRect(QRectF(x, rect.top(), 1, rect.height()), strong if line.strong else weak)
    for channel in range(channels):
        y = rect.top() + rect.height() * (channel + 0.5) / channels
        painter.fillRect(QRectF(rect.left(), y, rect.width(), 1), weak)


def _paint_wave(painter: QPainter, scene: Scene, lane: Lane, rect: QRectF, ratio: float) -> None:
    pictures, view, rate = scene.pictures[lane.which], scene.view, scene.sample_rate
    color = theme.color(lane.which)
    samples = pictures.clip.audio
    per_pixel = view.span * rate / rect.width()
    if per_pixel < _LINE_BELOW:
        first = max(0, int(view.start * rate) - 1)
        near = samples[:, first : int(view.end * rate) + 3]
        if near.shape[1]:
            painter.save()
            painter.setClipRect(rect)
            start = view.x(first / rate, rect.width())
            drawing.draw_samples(painter, near, start, per_pixel, rect, color, scene.scale)
            painter.restore()
        return
    columns = max(1, round(rect.width() * ratio))
    peaks = pictures.pyramid.peaks(samples, view.start * rate, view.end * rate, columns)
    image = drawing.waveform(peaks, max(1, round(rect.height() * ratio)), color, scene.scale)
    painter.save()
    there = view.x(samples.shape[1] / rate, rect.width())
    painter.setClipRect(QRectF(rect.left(), rect.top(), there, rect.height()))
    painter.drawImage(rect, image)
    painter.restore()
    if scene.scale > 1:
        painter.setFont(theme.font(theme.SMALL - 1))
        painter.setPen(theme.color("faint"))
        corner = rect.adjusted(0, 0, -5, -3)
        text = f"×{scene.scale:g}"
        painter.drawText(corner, int(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom), text)


def _paint_spectrogram(painter: QPainter, scene: Scene, lane: Lane, rect: QRectF, ratio: float) -> None:
    view, rate = scene.view, scene.sample_rate
    columns = max(1, round(rect.width() * ratio))
    values = scene.pictures[lane.which].spectrogram.image(view.start * rate, view.end * rate, columns)
    image = drawing.spectrogram(
        values, QColor("#08090b"), QColor(theme.DARK.base if lane.which == "base" else theme.DARK.tuned)
    )
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform)
    painter.drawImage(rect, image)
    painter.restore()


def _paint_rest(painter: QPainter, scene: Scene, rect: QRectF, filled: float) -> None:
    """The part of a growing clip that has not come in yet."""
    x = scene.view.x(filled, rect.width())
    rest = rect.intersected(QRectF(x, rect.top(), rect.width(), rect.height()))
    if filled >= scene.view.length - 0.01 or rest.isEmpty():
        return
    painter.fillRect(rest, theme.color("panel", 0.6))
    painter.fillRect(rest, QBrush(theme.color("line", 0.55), Qt.BrushStyle.BDiagPattern))
    if x > rect.left():
        painter.fillRect(QRectF(x, rect.top(), 1, rect.height()), theme.color("muted"))


def _paint_selection(painter: QPainter, scene: Scene, width: float, rects: list[QRectF]) -> None:
    if scene.selection is None:
        return
    left, right = (scene.view.x(at, width) for at in (scene.selection.start, scene.selection.end))
    left, right = max(-2.0, left), min(width + 2.0, right)
    if right <= 0 or left >= width:
        return
    edge = theme.color("text", 0.75)
    for rect in rects:
        inside = QRectF(left, rect.top(), right - left, rect.height())
        painter.fillRect(inside, theme.color("text", 0.03 if scene.loop else 0.09))
        painter.fillRect(QRectF(left, rect.top(), 1, rect.height()), edge)
        painter.fillRect(QRectF(right - 1, rect.top(), 1, rect.height()), edge)
        if scene.loop:
            shade = QColor(0, 0, 0, 90) if theme.current() is theme.DARK else QColor(255, 255, 255, 130)
            painter.fillRect(QRectF(rect.left(), rect.top(), max(0.0, left), rect.height()), shade)
            painter.fillRect(QRectF(right, rect.top(), max(0.0, width - right), rect.height()), shade)


def _paint_ruler(painter: QPainter, scene: Scene, width: float) -> None:
    painter.fillRect(QRectF(0, 0, width, RULER - 3), theme.color("raised", 0.55))
    painter.setFont(theme.font(theme.SMALL - 0.5))
    for line in scene.grid.lines(scene.view, width):
        x = round(scene.view.x(line.seconds, width))
        if line.label:
            painter.setPen(theme.color("text" if line.strong else "muted"))
            painter.drawText(QPointF(x + 4, RULER - 8), line.label)
        height = 9 if line.strong else 4
        painter.fillRect(
            QRectF(x, RULER - 3 - height, 1, height), theme.color("muted" if line.strong else "faint")
        )
    if scene.selection is not None:
        left, right = (scene.view.x(at, width) for at in (scene.selection.start, scene.selection.end))
        _paint_brace(painter, left, right, scene.loop)
    elif scene.loop:
        _paint_brace(painter, scene.view.x(0, width), scene.view.x(scene.view.length, width), True)


def _paint_brace(painter: QPainter, left: float, right: float, loop: bool) -> None:
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("good" if loop else "faint"))
    painter.drawRoundedRect(QRectF(left, 1, max(2.0, right - left), BRACE - 2), 2, 2)
    painter.restore()


def paint_playhead(painter: QPainter, x: float, height: float) -> None:
    """The line where playback is, with a head in the ruler."""
    color = theme.color("text")
    painter.save()
    painter.fillRect(QRectF(round(x), RULER - 4, 1, height - RULER + 4), color)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.color("background"), 1))
    painter.setBrush(color)
    top = RULER - 13
    painter.drawPolygon(QPolygonF([QPointF(x - 5, top), QPointF(x + 5, top), QPointF(x + 0.2, top + 10)]))
    painter.restore()


def paint_empty(painter: QPainter, width: float, height: float) -> None:
    """Two quiet lanes that say what will come."""
    painter.fillRect(QRectF(0, 0, width, RULER - 3), theme.color("raised", 0.3))
    texts = (tr("What the model makes of your prompt"), tr("The same, as the knobs lean it"))
    for rect, text in zip(lane_rects(2, width, height), texts, strict=True):
        painter.fillRect(rect, theme.color("inset"))
        painter.fillRect(QRectF(rect.left(), rect.center().y(), rect.width(), 1), theme.color("line", 0.4))
        painter.setFont(theme.font(10.5))
        painter.setPen(theme.color("muted"))
        box = QRectF(0, 0, painter.fontMetrics().horizontalAdvance(text) + 28, 26)
        box.moveCenter(rect.center())
        painter.fillRect(box, theme.color("inset"))
        painter.drawText(box, int(Qt.AlignmentFlag.AlignCenter), text)
