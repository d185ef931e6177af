"""The top bar: name, preset with its neighbours, undo and redo, theme and menu."""

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QFont, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QFrame, QMenu, QWidget

from desktop import theme
from desktop.actions import mixing, presets
from desktop.app import App
from desktop.texts import tr
from desktop.widgets.basics import ElidedLabel, IconButton, label, row


class Logo(QWidget):
    """The name and a small knob."""

    def __init__(self) -> None:
        super().__init__()
        self.setFixedSize(112, 28)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Draw both."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        pen = painter.pen()
        pen.setWidthF(3)
        pen.setColor(theme.color("base"))
        painter.setPen(pen)
        painter.drawArc(4, 5, 18, 18, 90 * 16, 135 * 16)
        pen.setColor(theme.color("tuned"))
        painter.setPen(pen)
        painter.drawArc(4, 5, 18, 18, 90 * 16, -100 * 16)
        pen.setWidthF(2)
        pen.setColor(theme.color("text"))
        painter.setPen(pen)
        painter.drawLine(14, 13, 18, 10)
        painter.setFont(theme.font(12.5, QFont.Weight.DemiBold))
        painter.drawText(self.rect().adjusted(30, 0, 0, 0), int(Qt.AlignmentFlag.AlignVCenter), "Tunedial")


class PresetField(QFrame):
    """The loaded preset's name; a press opens the browser."""

    def __init__(self, app: App, browse: QAction) -> None:
        super().__init__()
        self._app, self._browse = app, browse
        self.setFixedWidth(260)
        self.setCursor(Qt.CursorShape.PointingHandCursor)
        self.name = ElidedLabel()
        self.name.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self.setLayout(row(self.name))
        app.state.preset.watch(lambda loaded: self._show())
        app.state.draft.changed.connect(lambda draft: self._show())

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Open the browser."""
        self._browse.trigger()

    def paintEvent(self, event: QPaintEvent) -> None:
        """A sunken field."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setPen(theme.color("line"))
        painter.setBrush(theme.color("inset"))
        painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), theme.RADIUS, theme.RADIUS)

    def _show(self) -> None:
        loaded = self._app.state.preset.value
        name = loaded.preset.name if loaded else tr("No preset")
        self.name.setText(f"{name} *" if presets.dirty(self._app) else name)
        self.setAccessibleName(tr("Preset: {}").format(self.name.text()))


class TopBar(QFrame):
    """Made with the window's actions by name."""

    def __init__(self, app: App, actions: dict[str, QAction], menu: QMenu) -> None:
        super().__init__()
        self._app = app
        self.preset = PresetField(app, actions["tab_presets"])
        self.undo = IconButton("undo", tr("Undo"), lambda: mixing.undo(app))
        self.redo = IconButton("redo", tr("Redo"), lambda: mixing.redo(app))
        self.menu = IconButton("menu", tr("Menu"))
        self.menu.setMenu(menu)
        self.menu.setPopupMode(IconButton.ToolButtonPopupMode.InstantPopup)
        save = IconButton("save", tr("Save the preset (Ctrl+S)"), actions["save"].trigger)
        before = IconButton("left", tr("Previous preset"), lambda: presets.step(app, -1))
        after = IconButton("right", tr("Next preset"), lambda: presets.step(app, 1))
        self.model = label("", "small")
        middle = (before, self.preset, after, save)
        self.setLayout(row(Logo(), 1, *middle, 1, self.model, self.undo, self.redo, self.menu, gap=4))
        self.setContentsMargins(theme.PAD, 6, theme.GAP, 6)
        app.history.changed.connect(self._show_history)
        app.state.draft.watch(
            lambda draft: self.model.setText(tr("Model: {}").format(draft.model.rsplit("/", 1)[-1]))
        )
        self._show_history()

    def _show_history(self) -> None:
        history = self._app.history
        for button, name, what in (
            (self.undo, tr("Undo {}"), history.undo_label),
            (self.redo, tr("Redo {}"), history.redo_label),
        ):
            button.setEnabled(what is not None)
            button.setToolTip(name.format(tr(what)) if what else name.format("").strip())
