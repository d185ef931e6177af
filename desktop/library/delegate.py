"""Draws a take as a row: waveform, prompt, what its knobs did, stars."""

from PySide6.QtCore import QModelIndex, QPersistentModelIndex, QPointF, QRect, QRectF, QSize, Qt
from PySide6.QtGui import QFont, QPainter
from PySide6.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from desktop import icons, theme
from desktop.app import App
from desktop.library.looks import COLUMNS, Look
from desktop.library.measurements import moves
from desktop.library.model import ENTRY, LOOK, knob_words, time_words
from desktop.texts import tr
from engine.library import Entry

ROW = 64
_MARKS = {True: ("▲", "▼", "good"), False: ("▼", "▲", "danger"), None: ("=", "=", "muted")}


class TakeDelegate(QStyledItemDelegate):
    """The take in the view has a bright edge."""

    def __init__(self, app: App) -> None:
        super().__init__()
        self._app = app

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex) -> QSize:
        """All rows are alike."""
        return QSize(200, ROW)

    def paint(
        self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex | QPersistentModelIndex
    ) -> None:
        """One row."""
        entry: Entry = index.data(ENTRY)
        box: QRect = option.rect.adjusted(2, 1, -2, -1)
        state = option.state
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        if state & QStyle.StateFlag.State_Selected or state & QStyle.StateFlag.State_MouseOver:
            strength = 1.0 if state & QStyle.StateFlag.State_Selected else 0.5
            painter.setBrush(theme.color("raised", strength))
            painter.drawRoundedRect(box, 4, 4)
        pair = self._app.state.pair.value
        if pair is not None and pair.folder == entry.folder:
            painter.setBrush(theme.color("tuned"))
            painter.drawRoundedRect(QRectF(box.left(), box.top() + 6, 3, box.height() - 12), 1.5, 1.5)
        look: Look | None = index.data(LOOK)
        self._wave(painter, QRectF(box.left() + 8, box.top() + 8, COLUMNS, box.height() - 16), look)
        text = QRect(box.left() + COLUMNS + 18, box.top() + 6, box.width() - COLUMNS - 24, 17)
        self._line(painter, text, entry.prompt, "text", QFont.Weight.DemiBold)
        self._knobs(painter, text.translated(0, 18), entry, look)
        below = text.translated(0, 35)
        stars = self._stars(painter, entry, below)
        self._line(painter, below.adjusted(0, 0, -stars, 0), time_words(entry), "muted", size=theme.SMALL)
        painter.restore()

    def _wave(self, painter: QPainter, rect: QRectF, look: Look | None) -> None:
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(theme.color("background"))
        painter.drawRoundedRect(rect, 3, 3)
        if look is None:
            return
        loudest = max(0.02, float(abs(look.peaks).max()))
        middle, half = rect.center().y(), rect.height() / 2 - 2
        painter.setBrush(theme.color("tuned", 0.85))
        low, high = (look.peaks / loudest * half).tolist()
        for column in range(COLUMNS):
            top, bottom = middle - high[column], middle - low[column]
            painter.drawRect(QRectF(rect.left() + column, top, 1, max(1.0, bottom - top)))

    def _stars(self, painter: QPainter, entry: Entry, line: QRect) -> int:
        """Stars and likes at the right end of a line; returns how wide they are."""
        shown = ["star_full"] * (entry.stars or 0)
        if entry.liked is not None:
            shown.append("like" if entry.liked else "dislike")
        ratio = painter.device().devicePixelRatioF()
        left = line.right() - 12 * len(shown) + 1
        for number, name in enumerate(shown):
            color = "warning" if name == "star_full" else "good" if name == "like" else "danger"
            picture = icons.pixmap(name, color, 11, ratio)
            painter.drawPixmap(QPointF(left + 12 * number, line.top() + 2), picture)
        return 12 * len(shown) + 6 if shown else 0

    def _knobs(self, painter: QPainter, line: QRect, entry: Entry, look: Look | None) -> None:
        """The turned knobs, each with a mark of what it did, as far as they fit."""
        if not entry.knobs:
            self._line(painter, line, tr("No knob turned"), "faint", size=theme.SMALL)
            return
        done = {
            move.metric.id: move for move in moves(entry.knobs, entry.folder, look.measured if look else {})
        }
        if not done:
            self._line(painter, line, knob_words(entry), "muted", size=theme.SMALL)
            return
        painter.setFont(theme.font(theme.SMALL))
        metrics, left = painter.fontMetrics(), line.left()
        for word, (name, value) in zip(
            knob_words(entry).split("  "), sorted(entry.knobs.items(), key=lambda k: -abs(k[1])), strict=True
        ):
            if left + metrics.horizontalAdvance(word) + 14 > line.right():
                break
            painter.setPen(theme.color("muted"))
            painter.drawText(QRect(left, line.top(), line.right() - left, line.height()), _MIDDLE, word)
            left += metrics.horizontalAdvance(word) + 3
            if name in done:
                up, down, color = _MARKS[done[name].asked]
                painter.setPen(theme.color(color))
                mark = QRect(left, line.top(), 14, line.height())
                painter.drawText(mark, _MIDDLE, up if value > 0 else down)
                left += 12
            left += 6

    def _line(
        self,
        painter: QPainter,
        rect: QRect,
        text: str,
        color: str,
        weight: QFont.Weight = QFont.Weight.Normal,
        size: float = theme.SIZE,
    ) -> None:
        painter.setFont(theme.font(size, weight))
        painter.setPen(theme.color(color))
        elided = painter.fontMetrics().elidedText(text, Qt.TextElideMode.ElideRight, rect.width())
        painter.drawText(rect, _MIDDLE, elided)


_MIDDLE = int(Qt.AlignmentFlag.AlignVCenter)
