"""A drag of a clip: the file is written and looked at first, away from the window's thread."""

from dataclasses import dataclass
from pathlib import Path

from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QDrag
from PySide6.QtWidgets import QWidget

from desktop.export import desk
from desktop.export.files import Excerpt, keep
from desktop.export.picture import drag_picture, peaks_of
from desktop.pair.peaks import Peaks
from engine.events import Which


@dataclass(frozen=True, eq=False)
class Finished:
    """A file that is there, and how its clip looks."""

    path: Path
    which: Which
    peaks: Peaks


def finished(excerpt: Excerpt) -> Finished:
    """Write the file if it is not there. Takes its time; raises Problem if it cannot be written."""
    return Finished(keep(excerpt), excerpt.which, peaks_of(excerpt))


def drag(source: QWidget, file: Finished) -> None:
    """Drag a finished file from a widget; returns when it was dropped."""
    made = QDrag(source)
    made.setMimeData(desk.file_mime(file.path))
    made.setPixmap(drag_picture(file.peaks, file.which, file.path.name, source.devicePixelRatioF()))
    made.setHotSpot(QPoint(12, 12))
    made.exec(Qt.DropAction.CopyAction)
