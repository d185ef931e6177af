"""What a clip is taken out by: handles to drag into a DAW, and a menu to save, copy and reveal."""

from collections.abc import Callable
from pathlib import Path

from PySide6.QtCore import QEvent, QPoint, QPointF, QSize, Qt
from PySide6.QtGui import QContextMenuEvent, QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QApplication, QFileDialog, QMenu, QSizePolicy, QWidget

from desktop import theme
from desktop.app import App
from desktop.export import desk
from desktop.export.dragging import Finished, drag, finished
from desktop.export.files import LABELS, Excerpt, keep, save
from desktop.pair.facts import facts_shown
from desktop.texts import tr
from desktop.widgets.basics import IconButton, row
from engine.audio import FORMATS, AudioFormat
from engine.events import Which

Choose = Callable[[], Excerpt | None]


def whole_clip(app: App, which: Which) -> Excerpt | None:
    """One clip of the pair in the view; None while none is finished, or in a blind comparison."""
    pair = app.state.pair.value
    if pair is None or pair.folder is None or app.state.blind.value is not None:
        return None
    return Excerpt(pair, which, facts_shown(app.state, which))


def selected_part(app: App, which: Which) -> Excerpt | None:
    """The selection of one clip; None without one."""
    found, span = whole_clip(app, which), app.state.selection.value
    return Excerpt(found.pair, which, found.facts, span) if found and span else None


class DragHandle(QWidget):
    """A grip. A press writes the file, a drag offers it, Return copies it, the context menu has the rest."""

    def __init__(self, app: App, choose: Choose, name: str, text: str = "") -> None:
        super().__init__()
        self._app, self._choose, self._text = app, choose, text
        self._pressed: QPointF | None = None
        self._moved = False
        self._file: Finished | None = None
        self.setAccessibleName(name)
        self.setToolTip(name)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setCursor(Qt.CursorShape.OpenHandCursor)
        self.setAttribute(Qt.WidgetAttribute.WA_Hover)
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        theme.changed.connect(self.update)

    def sizeHint(self) -> QSize:
        """Room for the grip and the text."""
        text = self.fontMetrics().horizontalAdvance(self._text) + 8 if self._text else 0
        return QSize(20 + text, 24)

    def minimumSizeHint(self) -> QSize:
        """It does not shrink."""
        return self.sizeHint()

    def menu(self) -> QMenu:
        """Save as, copy, reveal."""
        return export_menu(self._app, self._choose, self)

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Write the file, so that it is there when it is dropped."""
        if event.button() == Qt.MouseButton.LeftButton and (excerpt := self._choose()):
            self._pressed, self._moved, self._file = event.position(), False, None
            self._app.background.call(lambda: finished(excerpt), self._ready)

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Begin to drag once the mouse has moved and the file is written."""
        if self._pressed is None or self._moved:
            return
        if (event.position() - self._pressed).manhattanLength() >= QApplication.startDragDistance():
            self._moved = True
            self._drag_if_ready()

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """No drag after all."""
        self._pressed = None

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Return copies the file, for those who do not drag."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            copy(self._app, self._choose)
        else:
            super().keyPressEvent(event)

    def contextMenuEvent(self, event: QContextMenuEvent) -> None:
        """Show the menu."""
        self.menu().popup(event.globalPos())

    def changeEvent(self, event: QEvent) -> None:
        """Show whether there is something to take."""
        super().changeEvent(event)
        self.update()

    def paintEvent(self, event: QPaintEvent) -> None:
        """Six dots, as DAWs draw a grip, and the text."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        lit = self.underMouse() or self.hasFocus()
        color = theme.color("faint" if not self.isEnabled() else "text" if lit else "muted")
        if lit and self.isEnabled():
            painter.setPen(Qt.PenStyle.NoPen)
            painter.setBrush(theme.color("raised"))
            painter.drawRoundedRect(self.rect(), theme.RADIUS, theme.RADIUS)
        painter.setPen(Qt.PenStyle.NoPen)
        painter.setBrush(color)
        middle = self.height() / 2
        for x in (8.0, 12.5):
            for y in (middle - 4.5, middle, middle + 4.5):
                painter.drawEllipse(QPointF(x, y), 1.3, 1.3)
        painter.setPen(color)
        painter.drawText(self.rect().adjusted(19, 0, -4, 0), int(Qt.AlignmentFlag.AlignVCenter), self._text)

    def _ready(self, file: Finished) -> None:
        self._file = file
        self._drag_if_ready()

    def _drag_if_ready(self) -> None:
        if self._file is None or self._pressed is None or not self._moved:
            return
        self._pressed = None
        drag(self, self._file)


class ExportHandles(QWidget):
    """In the transport bar: the clip that is heard, its selection, and the menu."""

    def __init__(self, app: App) -> None:
        super().__init__()
        self._app = app
        state = app.state
        self._clip = DragHandle(
            app, self._heard, tr("Drag the clip you hear into a DAW or a folder"), tr("Clip")
        )
        self._part = DragHandle(
            app, self._selected, tr("Drag the selection into a DAW or a folder"), tr("Selection")
        )
        self._more = IconButton("download", tr("Save, copy or reveal"))
        self._more.clicked.connect(self._open_menu)
        self.setLayout(row(self._clip, self._part, self._more, gap=2))
        self.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Preferred)
        for changed in (state.pair.changed, state.selection.changed, state.blind.changed):
            changed.connect(self._offer)
        self._offer()

    def _heard(self) -> Excerpt | None:
        return whole_clip(self._app, self._app.state.heard.value)

    def _selected(self) -> Excerpt | None:
        return selected_part(self._app, self._app.state.heard.value)

    def _offer(self, *_: object) -> None:
        self._clip.setEnabled(self._heard() is not None)
        self._more.setEnabled(self._heard() is not None)
        self._part.setEnabled(self._selected() is not None)

    def _open_menu(self) -> None:
        choose = self._selected if self._selected() is not None else self._heard
        menu = export_menu(self._app, choose, self)
        menu.popup(self._more.mapToGlobal(QPoint(0, self._more.height() + 2)))


def export_menu(app: App, choose: Choose, parent: QWidget) -> QMenu:
    """Save in each format, copy, reveal."""
    menu = QMenu(parent)
    menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    for kind, name in LABELS.items():
        action = menu.addAction(tr("Save as {}…").format(name))
        action.triggered.connect(lambda _=False, kind=kind: save_as(app, choose, kind, parent))
    menu.addSeparator()
    menu.addAction(tr("Copy the file")).triggered.connect(lambda: copy(app, choose))
    menu.addAction(tr("Show in its folder")).triggered.connect(lambda: show_in_folder(app, choose))
    for action in menu.actions():
        action.setEnabled(choose() is not None)
    return menu


def save_as(app: App, choose: Choose, kind: AudioFormat, parent: QWidget) -> None:
    """Ask where to, and write the file there."""
    if (excerpt := choose()) is None:
        return
    ending = FORMATS[kind][0]
    chosen, _ = QFileDialog.getSaveFileName(
        parent, tr("Save the clip"), str(Path.home() / f"{excerpt.stem}{ending}"), f"*{ending}"
    )
    if chosen:
        path = Path(chosen) if Path(chosen).suffix == ending else Path(chosen + ending)
        app.background.call(
            lambda: save(excerpt, path, kind), lambda path: app.tell(tr("Saved {}.").format(path.name))
        )


def copy(app: App, choose: Choose) -> None:
    """Put the finished file on the clipboard."""

    def ready(path: Path) -> None:
        desk.copy_file(path)
        app.tell(tr("Copied {}.").format(path.name))

    if (excerpt := choose()) is not None:
        app.background.call(lambda: keep(excerpt), ready)


def show_in_folder(app: App, choose: Choose) -> None:
    """Show the finished file in the file manager."""
    if (excerpt := choose()) is not None:
        app.background.call(lambda: keep(excerpt), lambda path: desk.reveal(app, path))
