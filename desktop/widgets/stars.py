"""Five stars to pick from with the mouse or the keyboard."""

from PySide6.QtCore import QPointF, QSize, Qt, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from desktop import icons, theme
from desktop.texts import tr

COUNT = 5
STEP = 18


class Stars(QWidget):
    """Emits `picked(0 to 5)`; a click on the last full star takes all away."""

    picked = Signal(int)

    def __init__(self) -> None:
        super().__init__()
        self._stars = 0
        self._hovered = 0
        self.setMouseTracking(True)
        self.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self.setFixedSize(STEP * COUNT, 20)
        self.setToolTip(tr("Rate the tuned clip"))
        self.show_stars(0)

    def sizeHint(self) -> QSize:
        """Five in a row."""
        return QSize(STEP * COUNT, 20)

    def show_stars(self, stars: int) -> None:
        """Show that many full ones."""
        self._stars = stars
        self.setAccessibleName(tr("Stars: {}").format(stars))
        self.update()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        """Show what a click would give."""
        self._hovered = int(event.position().x()) // STEP + 1
        self.update()

    def leaveEvent(self, event: object) -> None:
        """Show what is."""
        self._hovered = 0
        self.update()

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Pick."""
        stars = min(COUNT, int(event.position().x()) // STEP + 1)
        self.picked.emit(0 if stars == self._stars else stars)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Left and right take and give one, a digit picks."""
        by = {Qt.Key.Key_Left: -1, Qt.Key.Key_Right: 1}.get(Qt.Key(event.key()), 0)
        if by:
            self.picked.emit(min(COUNT, max(0, self._stars + by)))
        elif event.text() in {"0", "1", "2", "3", "4", "5"}:
            self.picked.emit(int(event.text()))
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        """Full ones and empty ones."""
        painter = QPainter(self)
        full = self._hovered or self._stars
        for index in range(COUNT):
            on = index < full and self.isEnabled()
            color = "warning" if on else ("faint" if self.isEnabled() else "line")
            picture = icons.pixmap("star_full" if on else "star", color, 16, self.devicePixelRatioF())
            painter.drawPixmap(QPointF(index * STEP + 1, 2), picture)
        if self.hasFocus():
            painter.setPen(theme.color("base"))
            painter.drawRoundedRect(self.rect().adjusted(0, 0, -1, -1), 3, 3)
