"""Keeping the session: a moment after something it holds was changed, and at the end."""

from collections.abc import Callable

from PySide6.QtCore import QEvent, QObject, QTimer
from PySide6.QtWidgets import QWidget

from desktop import session
from desktop.app import App

DELAY_MS = 2000


class Keeper(QObject):
    """Writes the session in the disk thread; `gather` puts into it what only the window knows."""

    def __init__(self, app: App, window: QWidget, gather: Callable[[], None]) -> None:
        super().__init__(window)
        self._app, self._gather = app, gather
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(DELAY_MS)
        self._timer.timeout.connect(self._write)
        state = app.state
        for changed in (
            session.changed,
            state.draft.changed,
            state.preset.changed,
            state.pair.changed,
            state.loop.changed,
            state.level_matched.changed,
        ):
            changed.connect(self._later)
        window.installEventFilter(self)

    def eventFilter(self, window: QObject, event: QEvent) -> bool:
        """Notice that the window was moved or has another size."""
        if event.type() in (QEvent.Type.Move, QEvent.Type.Resize):
            self._later()
        return False

    def close(self) -> None:
        """Write what there is, and no more from then on."""
        session.changed.disconnect(self._later)
        self._write()

    def _later(self, _: object = None) -> None:
        if not self._timer.isActive():
            self._timer.start()

    def _write(self) -> None:
        self._gather()
        session.remember(self._app.state)
        self._timer.stop()
        text = session.current.model_dump_json(indent=1)
        self._app.background.call(lambda: session.save(text))
