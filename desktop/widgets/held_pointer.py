"""The pointer while something is dragged up and down: no edge of the screen stops it."""

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QCursor, QGuiApplication, QMouseEvent

EDGE = 80  # pixels; a fast hand crosses less between two events


class HeldPointer:
    """Tells how far the pointer goes, sets it to the middle of the screen near an edge, and back at the end.

    Events may still come from where it was: those that were on their way, those of a remote desktop, which
    sets it back. Of the two places the nearer one counts.

        height    880   890 → set to 450   895   450   460
        moved      10    10                  5     0    10

    What cannot be set goes as far as it goes: fingers and pens, and Wayland's pointers.
    """

    def __init__(self, press: QMouseEvent) -> None:
        self._began = press.globalPosition().toPoint()
        self._height = press.globalPosition().y()
        self._other: float | None = None  # where it also may be
        of_a_mouse = press.source() == Qt.MouseEventSource.MouseEventNotSynthesized
        self._can_be_set = of_a_mouse and not QGuiApplication.platformName().startswith("wayland")

    def moved(self, event: QMouseEvent) -> float:
        """The pixels it went down since the last event."""
        place = event.globalPosition()
        if self._other is not None and abs(place.y() - self._other) < abs(place.y() - self._height):
            self._height, self._other = self._other, self._height
        went, self._height = place.y() - self._height, place.y()
        self._leave_edge(place.toPoint())
        return went

    def release(self) -> None:
        """Put it back where it was pressed."""
        if self._can_be_set and QCursor.pos() != self._began:
            QCursor.setPos(self._began)

    def _leave_edge(self, place: QPoint) -> None:
        screen = QGuiApplication.screenAt(place)
        if screen is None or not self._can_be_set:
            return
        area = screen.geometry()
        if min(place.y() - area.top(), area.bottom() - place.y()) < EDGE:
            self._other = float(area.center().y())
            QCursor.setPos(place.x(), area.center().y())
