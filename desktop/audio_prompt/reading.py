"""Reads the file to begin from in the background, and tells the window how far it is."""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

from PySide6.QtCore import QObject, Signal

from desktop.app import Background
from desktop.audio_prompt.picture import Picture
from engine.errors import Problem

T = TypeVar("T")


class Reading(QObject):
    """The file that is shown: its `picture` once its length is known, or the `problem` in its way.

    `changed` is emitted when there is more to see.
    """

    changed = Signal()

    def __init__(self, background: Background, parent: QObject) -> None:
        super().__init__(parent)
        self._background = background
        self._path: Path | None = None
        self.picture: Picture | None = None
        self.problem: Problem | None = None

    def read(self, path: Path | None) -> None:
        """Read another file, or none; the one that is shown is not read again."""
        if path == self._path:
            return
        self._path, self.picture, self.problem = path, None, None
        self.changed.emit()
        if path is not None:
            self._background.call(
                lambda: Picture(path), self._for(path, self._begin), self._for(path, self._fail)
            )

    def _begin(self, picture: Picture) -> None:
        self.picture = picture
        self.changed.emit()
        self._advance(picture)

    def _advance(self, picture: Picture) -> None:
        def advanced(more: bool) -> None:
            if more:
                self.changed.emit()
                self._advance(picture)

        path = picture.path
        self._background.call(picture.advance, self._for(path, advanced), self._for(path, self._fail))

    def _fail(self, problem: Problem) -> None:
        self.picture, self.problem = None, problem
        self.changed.emit()

    def _for(self, path: Path, then: Callable[[T], None]) -> Callable[[T], None]:
        """`then`, unless another file is shown by the time it is called."""

        def called(result: T) -> None:
            if path == self._path:
                then(result)

        return called
