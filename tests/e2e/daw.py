"""A small window that plays the DAW: it takes dropped files and prints the path of each."""

import sys

from PySide6.QtGui import QDragEnterEvent, QDropEvent
from PySide6.QtWidgets import QApplication, QLabel


class Daw(QLabel):
    """Accepts drops as a DAW's track does: a copy of local files."""

    def __init__(self) -> None:
        super().__init__("Drop here")
        self.setWindowTitle("Daw")
        self.setAcceptDrops(True)

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:  # noqa: N802
        """Say yes to files."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:  # noqa: N802
        """Print where the files are."""
        for url in event.mimeData().urls():
            print(url.toLocalFile(), flush=True)
        event.acceptProposedAction()


def main() -> int:
    """Stand at `x y width height` until killed."""
    application = QApplication(sys.argv[:1])
    window = Daw()
    window.setGeometry(*map(int, sys.argv[1:5]))
    window.show()
    return application.exec()


if __name__ == "__main__":
    sys.exit(main())
