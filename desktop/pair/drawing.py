"""Waveforms and spectrograms as pictures."""

from functools import cache

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPen, QPolygonF

from desktop.pair.peaks import Peaks

_PEAK_ALPHA = 0.5
_DOTS_PIXELS = 7  # a sample gets a dot when its neighbour is this far away


def waveform(peaks: Peaks, height: int, color: QColor, scale: float = 1.0) -> QImage:
    """Peaks [C, pixels] as a picture: a lane for each channel, the mean power brighter than the peaks."""
    C, width = peaks.least.shape
    rows = np.arange(height, dtype=np.float32)[:, None]
    picture = np.zeros((height, width), np.float32)
    lane = height / C
    for channel in range(C):
        middle, half = lane * (channel + 0.5), (lane / 2 - 1) * scale
        outer = _coverage(rows, middle, half, -peaks.greatest[channel], -peaks.least[channel])
        low = np.maximum(-peaks.rms[channel], peaks.least[channel])
        high = np.minimum(peaks.rms[channel], peaks.greatest[channel])
        inner = _coverage(rows, middle, half, -high, -low)
        picture = np.maximum(picture, np.maximum(outer * _PEAK_ALPHA, inner))
    return _tinted(picture, color)


def spectrogram(values: NDArray[np.uint8], low: QColor, color: QColor) -> QImage:
    """Values [bands, pixels] as a picture with a colour scale from `low` over `color` to white."""
    bands, width = values.shape
    scale = np.array(_scale(low.name(), color.name()), np.uint32)
    pixels = np.ascontiguousarray(scale[values])
    return QImage(pixels.data, width, bands, width * 4, QImage.Format.Format_RGB32).copy()


def draw_samples(
    painter: QPainter,
    samples: NDArray[np.float32],
    first: float,
    per_pixel: float,
    rect: QRectF,
    color: QColor,
    scale: float = 1.0,
) -> None:
    """Single samples [C, n] as a line; the first lies at pixel `first`, the next 1 / `per_pixel` further."""
    C, count = samples.shape
    painter.save()
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    x = rect.left() + first + np.arange(count) / per_pixel
    lane = rect.height() / C
    for channel in range(C):
        y = rect.top() + lane * (channel + 0.5) - samples[channel] * (lane / 2 - 1) * scale
        points = QPolygonF([QPointF(*point) for point in zip(x.tolist(), y.tolist(), strict=True)])
        painter.setPen(QPen(color, 1.4))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        painter.drawPolyline(points)
        if 1 / per_pixel >= _DOTS_PIXELS:
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(color)
            for point in points.toList():
                painter.drawEllipse(point, 2, 2)
    painter.restore()


def _coverage(
    rows: NDArray[np.float32],
    middle: float,
    half: float,
    top: NDArray[np.float32],
    bottom: NDArray[np.float32],
) -> NDArray[np.float32]:
    """How much of each pixel [height, width] lies between `top` and `bottom`, at least a hairline."""
    above = middle + np.clip(top, -1, 1) * half
    below = middle + np.clip(bottom, -1, 1) * half
    thin = np.maximum(0, 1 - (below - above)) / 2
    covered: NDArray[np.float32] = np.clip(
        np.minimum(rows + 1, below + thin) - np.maximum(rows, above - thin), 0, 1
    ).astype(np.float32)
    return covered


def _tinted(coverage: NDArray[np.float32], color: QColor) -> QImage:
    height, width = coverage.shape
    alpha = coverage * color.alphaF()
    pixels = np.empty((height, width, 4), np.uint8)  # BGRA, premultiplied
    for place, value in enumerate((color.blue(), color.green(), color.red())):
        pixels[..., place] = alpha * value
    pixels[..., 3] = alpha * 255
    image = QImage(pixels.data, width, height, width * 4, QImage.Format.Format_ARGB32_Premultiplied)
    return image.copy()  # the copy owns its pixels


@cache
def _scale(low: str, color: str) -> tuple[int, ...]:
    """256 colours, 0xAARRGGBB."""
    stops = np.array([0, 110, 205, 255])
    dark, full, white = QColor(low), QColor(color), QColor("#fff6e8")
    ends = [np.array([c.red(), c.green(), c.blue()]) for c in (dark, full, white)]
    colors = np.stack([ends[0], 0.65 * ends[0] + 0.35 * ends[1], ends[1], ends[2]])
    red, green, blue = (np.interp(np.arange(256), stops, part).astype(int) for part in colors.T)
    return tuple(((255 << 24) | (red << 16) | (green << 8) | blue).tolist())
