"""Pages that lie over the window and leave with Escape: the keyboard map, and About."""

from collections.abc import Sequence

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QGridLayout, QLabel, QWidget

from desktop import theme
from desktop.commands import GROUPS
from desktop.licenses import libraries
from desktop.texts import mark, tr
from desktop.widgets.basics import ElidedLabel, IconButton, column, label, row
from engine import __version__

LICENSE_WIDTH = 230
MOUSE = (
    (mark("Drag a knob up or down"), mark("turn it; Shift or Ctrl: ten times finer")),
    (mark("Wheel, arrows, PageUp, PageDown"), mark("turn the knob in steps")),
    (mark("Home, End, Delete"), mark("least, most, 0")),
    (mark("Double click"), mark("back to 0")),
    (mark("Type a number"), mark("set the knob to it")),
    (mark("Escape while dragging"), mark("as it was")),
)
LICENSES = (
    ("Tunedial", "GPL-3.0-or-later"),
    ("all-MiniLM-L6-v2's weights", "Apache-2.0"),
    ("Inter, by Rasmus Andersson", "OFL-1.1"),
    ("MusicGen's weights, if you fetch them", "CC-BY-NC-4.0"),
)


class Overlay(QWidget):
    """Darkens the window and shows one page in its middle."""

    def __init__(self, window: QWidget) -> None:
        super().__init__(window)
        self._below = window
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self._page: QWidget | None = None
        window.installEventFilter(self)
        self.hide()

    def open(self, page: QWidget) -> None:
        """Show a page until it is left."""
        self.leave()
        self._page = page
        page.setParent(self)
        close = IconButton("close", tr("Close"), self.leave)
        close.setParent(page)
        self.resize(self._below.size())
        page.adjustSize()
        page.move((self.width() - page.width()) // 2, max(10, (self.height() - page.height()) // 2))
        close.adjustSize()
        close.move(page.width() - close.width() - 8, 8)
        self.raise_()
        self.show()
        page.show()
        self.setFocus()

    def leave(self) -> None:
        """Take the page away."""
        if self._page is not None:
            self._page.deleteLater()
            self._page = None
        self.hide()

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Escape leaves."""
        if event.key() == Qt.Key.Key_Escape:
            self.leave()

    def event(self, event: QEvent) -> bool:
        """Escape is for this page and not for what lies below."""
        if event.type() == QEvent.Type.ShortcutOverride:
            event.accept()
            return True
        return super().event(event)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """A press beside the page leaves."""
        self.leave()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Darken what lies below."""
        shade = theme.color("background")
        shade.setAlphaF(0.75)
        QPainter(self).fillRect(self.rect(), shade)

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Stay as large as the window."""
        if event.type() == QEvent.Type.Resize and self.isVisible():
            self.resize(self._below.size())
        return False


def keyboard_map() -> QWidget:
    """Every key, by group, in two columns; the mouse in a third."""
    page = _page()
    grids = [QGridLayout() for _ in range(3)]
    for index, (group, commands) in enumerate(GROUPS):
        lines = [(c.keys.replace("Return", "Enter"), tr(c.text)) for c in commands if c.keys]
        _fill(grids[0 if index < 2 else 1 if index < 4 else 2], tr(group), lines)
    below = QGridLayout()
    _fill(below, tr("Knobs"), [(tr(gesture), tr(effect)) for gesture, effect in MOUSE])
    title = label(tr("Keyboard and mouse"), "title")
    columns = row(*(column(grid, 1) for grid in grids), gap=40)
    page.setLayout(column(title, columns, below, gap=14, margins=24))
    return page


def about() -> QWidget:
    """Version, what it is, and the licenses of all that it uses."""
    page = _page()
    named = [*LICENSES, *((f"{x.name} {x.version}", x.license) for x in libraries())]
    half = (len(named) + 1) // 2
    text = label(
        tr("Turn the music, not the prompt: MusicGen with thirteen knobs.\nFree software, with no warranty.")
    )
    grids = QGridLayout(), QGridLayout()
    for grid, lines in zip(grids, (named[:half], named[half:]), strict=True):
        _fill(grid, tr("Licenses") if grid is grids[0] else "", lines, LICENSE_WIDTH)
    columns = row(*(column(grid, 1) for grid in grids), gap=40)
    idea = label(
        tr("The metrics and their mix: Torrie et al.,\nMusic Generation with Direct Policy Optimization.")
    )
    idea.setProperty("role", "muted")
    page.setLayout(column(label(f"Tunedial {__version__}", "title"), text, columns, idea, gap=14, margins=24))
    return page


def _page() -> QFrame:
    page = QFrame()
    page.setProperty("panel", True)
    page.mousePressEvent = lambda event: None  # type: ignore[method-assign]
    return page


def _fill(grid: QGridLayout, title: str, lines: Sequence[tuple[str, str]], room: int = 0) -> None:
    """Add a heading and lines of two columns below what is there; the right one elides if it has a `room`."""
    grid.setHorizontalSpacing(18)
    grid.setVerticalSpacing(4)
    at = grid.count()
    heading = label(title.upper(), "heading")
    heading.setContentsMargins(0, 10 if at else 0, 0, 0)
    grid.addWidget(heading, at, 0, 1, 2)
    for below, (left, right) in enumerate(lines, at + 1):
        grid.addWidget(QLabel(left), below, 0)
        grid.addWidget(ElidedLabel(right, "muted") if room else label(right, "muted"), below, 1)
    grid.setColumnMinimumWidth(1, room)
    grid.setColumnStretch(1, 1)
