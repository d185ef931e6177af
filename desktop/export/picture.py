"""What hangs at the mouse during a drag: the clip's waveform and its file's name."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtGui import QPainter, QPen, QPixmap

from desktop import theme
from desktop.export.files import Excerpt
from desktop.pair.drawing import waveform
from desktop.pair.peaks import Peaks, Pyramid, narrowed
from engine.events import Which

_WIDTH, _HEIGHT = 220, 58
_COLUMNS = 4 * (_WIDTH - 16)


def peaks_of(excerpt: Excerpt) -> Peaks:
    """What the picture shows of a clip: a column for each pixel of the finest screens. Takes its time."""
    samples = excerpt.samples
    pyramid = Pyramid(samples.shape[0])
    pyramid.push(samples)
    return pyramid.peaks(samples, 0, samples.shape[1], _COLUMNS)


def drag_picture(peaks: Peaks, which: Which, name: str, ratio: float) -> QPixmap:
    """A small card for a screen of `ratio` pixels a point."""
    made = QPixmap(QSize(_WIDTH, _HEIGHT) * ratio)
    made.setDevicePixelRatio(ratio)
    made.fill(Qt.GlobalColor.transparent)
    painter = QPainter(made)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.setPen(QPen(theme.color(which), 1))
    painter.setBrush(theme.color("panel", 0.92))
    painter.drawRoundedRect(QRectF(0.5, 0.5, _WIDTH - 1, _HEIGHT - 1), theme.RADIUS, theme.RADIUS)
    wave = QRectF(8, 6, _WIDTH - 16, 30)
    shown = narrowed(peaks, round(wave.width() * ratio))
    painter.drawImage(wave, waveform(shown, round(wave.height() * ratio), theme.color(which)))
    painter.setFont(theme.font(theme.SMALL))
    painter.setPen(theme.color("text"))
    elided = painter.fontMetrics().elidedText(name, Qt.TextElideMode.ElideMiddle, _WIDTH - 16)
    painter.drawText(QRectF(8, 38, _WIDTH - 16, 16), int(Qt.AlignmentFlag.AlignVCenter), elided)
    painter.end()
    return made
