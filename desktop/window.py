"""The window: the top bar, the drawer, the centre, the status line; it only puts the panels together."""

from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from PySide6.QtCore import QByteArray, QSize, Qt, QTimer, Signal
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QShowEvent
from PySide6.QtWidgets import (
    QApplication,
    QButtonGroup,
    QFrame,
    QMainWindow,
    QSplitter,
    QStackedWidget,
    QWidget,
)

from desktop import places, session, theme
from desktop.actions import generating, models, presets, restoring
from desktop.app import App
from desktop.commands import make_actions, make_menu
from desktop.keeping import Keeper
from desktop.panels.overlay import Overlay, about, keyboard_map
from desktop.panels.status import StatusBar
from desktop.panels.top import TopBar
from desktop.texts import tr
from desktop.widgets.basics import IconButton, column, label, panel, row

MIN_SIZE = QSize(1100, 700)
FIRST_SIZE = QSize(1280, 800)


class Window(QMainWindow):
    """The one window. `ready` is emitted once the services are up."""

    ready = Signal()
    closing = Signal()

    def __init__(self, app: App) -> None:
        super().__init__()
        self._app = app
        self._started = False
        self._asked_to_close = False
        self.services: list[Any] = []
        self.panels: dict[str, QWidget] = {}
        self.setWindowTitle("Tunedial")
        self.setMinimumSize(MIN_SIZE)
        self.resize(FIRST_SIZE)
        self.setAcceptDrops(True)
        self.actions_by_name = make_actions(app, self)
        self.top = TopBar(app, self.actions_by_name, make_menu(self.actions_by_name, self))
        self.status = StatusBar(app)
        self.drawer = QStackedWidget()
        self._tabs: dict[str, IconButton] = {}
        self._split = QSplitter(Qt.Orientation.Horizontal)
        self._split.setHandleWidth(theme.GAP)
        self._split.addWidget(self._drawer_frame())
        self._split.addWidget(self._centre())
        self._split.setStretchFactor(1, 1)
        self._split.setCollapsible(1, False)
        body = row(self._rail(), self._split, gap=4)
        body.setContentsMargins(4, 0, theme.GAP, 0)
        inner = QWidget()
        whole = column(self.top, body, self.status, gap=0)
        whole.setStretch(1, 1)
        inner.setLayout(whole)
        self.setCentralWidget(inner)
        self.overlay = Overlay(inner)
        self._connect()
        self._restore()
        app.state.draft.changed.connect(self._model_may_have_changed)
        app.state.queue.changed.connect(self._queue_may_be_empty)
        app.state.tab_wanted.connect(self.open_tab)
        self._model = app.state.draft.value.model
        models.remember_folder(app)
        self._keeper = Keeper(app, self, self.remember)

    # Made once

    def _rail(self) -> QWidget:
        rail = QWidget()
        group = QButtonGroup(self)
        group.setExclusive(False)
        buttons = []
        for tab in places.TABS:
            action = self.actions_by_name[f"tab_{tab.name}"]
            hint = f"{tr(tab.title)} ({action.shortcut().toString()})"
            button = IconButton(tab.icon, hint, action.trigger, checkable=True)
            button.setFixedSize(36, 36)
            self._tabs[tab.name] = button
            buttons.append(button)
        rail.setLayout(column(*buttons, 1, gap=4))
        rail.setContentsMargins(0, 4, 0, 0)
        return rail

    def _drawer_frame(self) -> QWidget:
        frame = QFrame()
        frame.setProperty("panel", True)
        self._title = label("", "heading")
        frame.setLayout(column(self._title, self.drawer, gap=8))
        frame.setContentsMargins(theme.PAD, 10, theme.PAD, theme.PAD)
        frame.setMinimumWidth(230)
        for _ in places.TABS:
            self.drawer.addWidget(QWidget())
        self._drawer = frame
        return frame

    def _centre(self) -> QWidget:
        centre = QWidget()
        self._centre_layout = column(gap=theme.GAP)
        for name in places.CENTRE:
            made = self._make(places.CENTRE[name]) if name != "pair" else None
            self.panels[name] = made or panel()
            self._centre_layout.addWidget(self.panels[name], 1 if name == "pair" else 0)
        centre.setLayout(self._centre_layout)
        return centre

    def _make(self, target: str) -> QWidget | None:
        """A panel, or None if this build has none for its place."""
        module = target.partition(":")[0]
        try:
            there = find_spec(module) is not None
        except ModuleNotFoundError:
            there = False
        return places.make(target, self._app) if there else None

    def _connect(self) -> None:
        does = {
            "save": self._save,
            "save_as": self._save_as,
            "prompt": lambda: self.panels["prompt"].text.setFocus(),  # type: ignore[attr-defined]
            "theme": self.toggle_theme,
            "keys": lambda: self.overlay.open(keyboard_map()),
            "about": lambda: self.overlay.open(about()),
            "quit": self.close,
            **{f"tab_{tab.name}": partial(self.toggle_tab, tab.name) for tab in places.TABS},
        }
        # After Ctrl+Enter the keys are for listening: Space plays.
        self.actions_by_name["generate"].triggered.connect(self._leave_prompt)
        for name, run in does.items():
            self.actions_by_name[name].triggered.connect(lambda _=False, run=run: run())

    # Start and end

    def _restore(self) -> None:
        now = session.current
        if now.geometry:
            self.restoreGeometry(QByteArray.fromBase64(now.geometry.encode()))
        self._split.setSizes([now.drawer, 10_000])
        self.open_tab(now.tab if now.tab in self._tabs else "")

    def showEvent(self, event: QShowEvent) -> None:
        """Start what is slow once the window is there."""
        super().showEvent(event)
        if not self._started:
            self._started = True
            QTimer.singleShot(0, self._start)

    def _start(self) -> None:
        self._fill_pair()
        presets.refresh_adapters(self._app)
        self.services = [made for target in places.LATER if (made := self._make(target)) is not None]
        self.panels["prompt"].text.setFocus()  # type: ignore[attr-defined]
        self.ready.emit()
        restoring.restore(self._app)

    def _fill_pair(self) -> None:
        """The pair's view comes after the window is up: its library takes a while to load."""
        if made := self._make(places.CENTRE["pair"]):
            self._centre_layout.replaceWidget(self.panels["pair"], made)
            self.panels["pair"].deleteLater()
            self.panels["pair"] = made
            self._centre_layout.setStretchFactor(made, 1)

    def closeEvent(self, event: QCloseEvent) -> None:
        """While a job runs, ask once; then remember everything."""
        if generating.running(self._app) and not self._asked_to_close:
            self._asked_to_close = True
            self._app.tell(
                tr("A job is still running. Close again to stop it."),
                action=tr("Stop and close"),
                run=self._close_now,
            )
            event.ignore()
            return
        self._keeper.close()
        for service in self.services:
            if hasattr(service, "close"):
                service.close()
        self.services.clear()
        self.closing.emit()
        super().closeEvent(event)

    def _close_now(self) -> None:
        self.close()

    def _queue_may_be_empty(self, _: Any) -> None:
        if not generating.running(self._app):
            self._asked_to_close = False

    def remember(self) -> None:
        """Take the window's size and place over into the session."""
        now = session.current
        now.geometry = bytes(self.saveGeometry().toBase64().data()).decode()
        if self._drawer.isVisible():
            now.drawer = self._split.sizes()[0]

    # What the user does

    def open_tab(self, name: str) -> None:
        """Show a page of the drawer; "" closes it. A page is made when it is first shown."""
        for other, button in self._tabs.items():
            button.setChecked(other == name)
        self._drawer.setVisible(bool(name))
        session.current.tab = name
        if not name:
            return
        index = next(i for i, tab in enumerate(places.TABS) if tab.name == name)
        tab = places.TABS[index]
        self._title.setText(tr(tab.title).upper())
        if name not in self.panels:
            self.panels[name] = self._make(tab.panel) or label(tr("Not in this build."), "muted")
            if blank := self.drawer.widget(index):
                self.drawer.removeWidget(blank)
                blank.deleteLater()
            self.drawer.insertWidget(index, self.panels[name])
        self.drawer.setCurrentIndex(index)

    def toggle_tab(self, name: str) -> None:
        """Open a page of the drawer, or close the drawer if it is open."""
        self.open_tab("" if session.current.tab == name else name)

    def toggle_theme(self) -> None:
        """Dark or light."""
        now = session.current
        now.theme = "light" if now.theme == "dark" else "dark"
        application = QApplication.instance()
        assert isinstance(application, QApplication)
        theme.apply(application, "light" if now.theme == "light" else "dark")

    def _leave_prompt(self) -> None:
        if generating.running(self._app):
            self.panels["prompt"].text.clearFocus()  # type: ignore[attr-defined]

    def _save(self) -> None:
        if not presets.save(self._app):
            self._save_as()

    def _save_as(self) -> None:
        self.open_tab("presets")
        self.panels["presets"].begin_save()  # type: ignore[attr-defined]

    def _model_may_have_changed(self, draft: Any) -> None:
        if draft.model != self._model:
            self._model = draft.model
            models.remember_folder(self._app)
            presets.refresh_adapters(self._app)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Take files anywhere."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """A pack, a preset, a model or audio: each goes where it belongs."""
        for url in event.mimeData().urls():
            models.drop(self._app, Path(url.toLocalFile()))
