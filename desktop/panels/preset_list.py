"""The list of presets: two lines a row, a star at the right, rows that are dragged out as files."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QMimeData, QModelIndex, QRect, QSize, Qt, QUrl, Signal
from PySide6.QtGui import QDrag, QFont, QPainter
from PySide6.QtWidgets import QListWidget, QStyle, QStyledItemDelegate, QStyleOptionViewItem

from desktop import icons, theme
from desktop.actions import presets
from desktop.texts import tr
from engine.errors import Problem
from engine.files import replace_file
from engine.paths import home
from engine.preset import Preset, PresetFile, preset_json

FILE_ROLE = Qt.ItemDataRole.UserRole
ROW_HEIGHT = 42
STAR_WIDTH = 28


class PresetList(QListWidget):
    """Rows that can be dragged out as files.

    `star_pressed` and `pressed_again`, on the current row, hand on a PresetFile.
    """

    star_pressed = Signal(object)
    pressed_again = Signal(object)

    def __init__(self) -> None:
        super().__init__()
        self.setItemDelegate(PresetDelegate(self))
        self.loaded: Path | None = None
        self.dirty: Callable[[], bool] = lambda: False
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setDragEnabled(True)
        self.setMouseTracking(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.setVerticalScrollMode(QListWidget.ScrollMode.ScrollPerPixel)
        self.setAccessibleName(tr("Presets"))

    def mousePressEvent(self, event: Any) -> None:
        """A press on the star stars; a press on the loaded one loads it again."""
        item = self.itemAt(event.position().toPoint())
        on_star = event.position().x() > self.viewport().width() - STAR_WIDTH
        if item is not None and on_star and event.button() == Qt.MouseButton.LeftButton:
            self.star_pressed.emit(item.data(FILE_ROLE))
            return
        before = self.currentItem()
        super().mousePressEvent(event)
        if item is not None and item is before and event.button() == Qt.MouseButton.LeftButton:
            self.pressed_again.emit(item.data(FILE_ROLE))

    def startDrag(self, actions: Qt.DropAction) -> None:
        """Drag the preset out as a file, or as text where no file is taken."""
        if (item := self.currentItem()) is not None and (mime := mime_of(item.data(FILE_ROLE))) is not None:
            drag = QDrag(self)
            drag.setMimeData(mime)
            drag.exec(Qt.DropAction.CopyAction)


def mime_of(file: PresetFile) -> QMimeData | None:
    """A preset as a file that exists and as its text; None if it cannot be read or written."""
    if isinstance(file.content, Problem):
        return None
    path = file.path
    if not path.exists():
        path = home() / "drag" / file.path.name
        replace_file(path, preset_json(file.content).encode())
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    mime.setText(presets.text_of(file))
    return mime


class PresetDelegate(QStyledItemDelegate):
    """Name and tags in two lines, a star at the right."""

    def sizeHint(self, option: QStyleOptionViewItem, index: QModelIndex) -> QSize:  # type: ignore[override]
        """Two lines."""
        return QSize(100, ROW_HEIGHT)

    def paint(self, painter: QPainter, option: Any, index: QModelIndex) -> None:  # type: ignore[override]
        """Draw one row."""
        file: PresetFile = index.data(FILE_ROLE)
        rect: QRect = option.rect.adjusted(3, 1, -3, -1)
        listed = self.parent()
        assert isinstance(listed, PresetList)
        loaded = listed.loaded == file.path
        hovered = bool(option.state & QStyle.StateFlag.State_MouseOver)
        painter.save()
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(Qt.PenStyle.NoPen)
        if loaded or hovered or option.state & QStyle.StateFlag.State_Selected:
            painter.setBrush(theme.color("raised", 1.0 if loaded else 0.6))
            painter.drawRoundedRect(rect, 5, 5)
        if loaded:
            painter.setBrush(theme.color("tuned"))
            painter.drawRoundedRect(QRect(rect.left(), rect.top() + 6, 3, rect.height() - 12), 1.5, 1.5)
        texts = rect.adjusted(11, 3, -STAR_WIDTH, -3)
        content = file.content
        name = content.name if isinstance(content, Preset) else file.path.stem
        under = ", ".join(content.tags) if isinstance(content, Preset) else tr("cannot be read")
        if isinstance(content, Preset) and not file.factory:
            under = " · ".join(part for part in (content.author or tr("mine"), under) if part)
        painter.setPen(theme.color("text"))
        weight = QFont.Weight.DemiBold if loaded else QFont.Weight.Normal
        painter.setFont(theme.font(theme.SIZE, weight))
        if loaded and listed.dirty():
            name += " *"
        top = QRect(texts.left(), texts.top(), texts.width(), texts.height() // 2)
        flags = int(Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignVCenter)
        fit = painter.fontMetrics().elidedText
        painter.drawText(top, flags, fit(name, Qt.TextElideMode.ElideRight, top.width()))
        painter.setFont(theme.font(theme.SMALL))
        painter.setPen(theme.color("danger" if isinstance(content, Problem) else "muted"))
        fit = painter.fontMetrics().elidedText
        bottom = top.translated(0, texts.height() // 2)
        painter.drawText(bottom, flags, fit(under, Qt.TextElideMode.ElideRight, bottom.width()))
        starred = presets.starred(file)
        if starred or hovered:
            ratio = painter.device().devicePixelRatioF()
            picture = icons.pixmap(
                "star_full" if starred else "star", "warning" if starred else "faint", 14, ratio
            )
            painter.drawPixmap(rect.right() - 20, rect.center().y() - 7, picture)
        painter.restore()
