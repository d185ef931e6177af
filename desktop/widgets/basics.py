"""Panels, headings, buttons with icons, and labels that elide."""

from collections.abc import Callable
from typing import TypeVar

from PySide6.QtCore import QEvent, QSize, Qt
from PySide6.QtGui import QAction, QPainter, QPaintEvent, QResizeEvent
from PySide6.QtWidgets import (
    QAbstractSpinBox,
    QBoxLayout,
    QFrame,
    QHBoxLayout,
    QLabel,
    QLayout,
    QLineEdit,
    QSizePolicy,
    QToolButton,
    QVBoxLayout,
    QWidget,
)

from desktop import icons, theme
from desktop.texts import tr

L = TypeVar("L", bound=QBoxLayout)


def panel() -> QFrame:
    """A rounded surface."""
    made = QFrame()
    made.setProperty("panel", True)
    return made


def label(text: str, role: str = "") -> QLabel:
    """A text; `role` is heading, muted, small, title or problem, or none."""
    made = QLabel(text)
    if role:
        made.setProperty("role", role)
    return made


def row(*items: QWidget | QLayout | int, gap: int = theme.GAP, margins: int = 0) -> QHBoxLayout:
    """Things beside each other; a number is a stretch."""
    return _filled(QHBoxLayout(), items, gap, margins)


def column(*items: QWidget | QLayout | int, gap: int = theme.GAP, margins: int = 0) -> QVBoxLayout:
    """Things one above the other; a number is a stretch."""
    return _filled(QVBoxLayout(), items, gap, margins)


def _filled(layout: L, items: tuple[QWidget | QLayout | int, ...], gap: int, margins: int) -> L:
    layout.setContentsMargins(margins, margins, margins, margins)
    layout.setSpacing(gap)
    for item in items:
        if isinstance(item, int):
            layout.addStretch(item)
        elif isinstance(item, QLayout):
            layout.addLayout(item)
        else:
            layout.addWidget(item)
    return layout


def restyle(widget: QWidget) -> None:
    """Apply the style sheet again after a property that it looks at changed."""
    widget.style().unpolish(widget)
    widget.style().polish(widget)


class IconButton(QToolButton):
    """A button with an icon, and a text beside it if there is one. `name` is spoken and is the tooltip."""

    def __init__(
        self,
        icon: str,
        name: str,
        run: Callable[[], object] | None = None,
        *,
        text: str = "",
        color: str = "text",
        checkable: bool = False,
        flat: bool = True,
    ) -> None:
        super().__init__()
        self._icon, self._color = icon, color
        self.setAccessibleName(name)
        self.setToolTip(name)
        self.setIconSize(QSize(icons.SIZE, icons.SIZE))
        self.setCheckable(checkable)
        self.setProperty("flat", flat)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        if text:
            self.setText(text)
            self.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        if run is not None:
            self.clicked.connect(lambda: run())
        self.toggled.connect(lambda on: self._draw())
        self._draw()

    def show_icon(self, icon: str, color: str | None = None) -> None:
        """Exchange the icon."""
        self._icon, self._color = icon, color or self._color
        self._draw()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._draw()

    def _draw(self) -> None:
        self.setIcon(icons.icon(self._icon, "tuned" if self.isChecked() else self._color))


class SearchField(QLineEdit):
    """A line that is searched for, with a cross to empty it."""

    def __init__(self, name: str) -> None:
        super().__init__()
        self.setPlaceholderText(name)
        self.setAccessibleName(name)
        self._clear = QAction(self)
        self._clear.setToolTip(tr("Empty the search"))
        self._clear.triggered.connect(self.clear)
        self.addAction(self._clear, QLineEdit.ActionPosition.TrailingPosition)
        self.textChanged.connect(lambda text: self._clear.setVisible(bool(text)))
        self._clear.setVisible(False)
        self._draw()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._draw()

    def _draw(self) -> None:
        self._clear.setIcon(icons.icon("close", "muted"))


def indent(box: QAbstractSpinBox) -> None:
    """Set its number off from the left edge as in other fields: a style sheet's padding does not reach it."""
    box.lineEdit().setTextMargins(5, 0, 0, 0)


class ElidedLabel(QLabel):
    """One line that ends in … where it does not fit; the whole text is then its tooltip."""

    def __init__(
        self, text: str = "", role: str = "", mode: Qt.TextElideMode = Qt.TextElideMode.ElideRight
    ) -> None:
        super().__init__(text)
        self._mode = mode
        self.setMinimumWidth(20)
        self.setSizePolicy(QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred)
        if role:
            self.setProperty("role", role)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw as much as fits."""
        painter = QPainter(self)
        painter.setPen(self.palette().color(self.foregroundRole()))
        line = " ".join(self.text().split())
        elided = self.fontMetrics().elidedText(line, self._mode, self.width())
        painter.drawText(self.rect(), int(self.alignment() | Qt.AlignmentFlag.AlignVCenter), elided)

    def resizeEvent(self, event: QResizeEvent) -> None:
        """Offer the whole text as a tooltip if it does not fit."""
        super().resizeEvent(event)
        self._offer()

    def changeEvent(self, event: QEvent) -> None:
        """Follow the style."""
        super().changeEvent(event)
        self.update()

    def setText(self, text: str) -> None:
        """Show another text."""
        super().setText(text)
        self._offer()

    def _offer(self) -> None:
        fits = self.fontMetrics().horizontalAdvance(self.text()) <= self.width()
        self.setToolTip("" if fits else self.text())
