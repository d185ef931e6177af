"""Tokens that tell which changes belong to one gesture of the user."""

from PySide6.QtCore import QObject, QTimer

PAUSE_MS = 600


class Strokes(QObject):
    """Wheel turns and key presses: those that follow each other without a pause are one gesture.

    What is held with the mouse is one gesture from `hold` to `end`, however long it pauses.
    """

    def __init__(self, parent: QObject) -> None:
        super().__init__(parent)
        self._token: object | None = None
        self._held = False
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PAUSE_MS)
        self._timer.timeout.connect(self.end)

    def token(self) -> object:
        """The token of the gesture that goes on, or of a new one."""
        if self._token is None:
            self._token = object()
        if not self._held:
            self._timer.start()
        return self._token

    def hold(self) -> None:
        """A gesture begins that goes on until `end`."""
        self.end()
        self._held = True

    def end(self) -> None:
        """What comes next is another gesture."""
        self._timer.stop()
        self._held = False
        self._token = None
