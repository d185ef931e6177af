"""What a row of the library shows beside its words: a small waveform and what the take measures.

Made in the background for the rows that are seen, the one asked for last first, and kept.
"""

from collections import OrderedDict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import soundfile
from numpy.typing import NDArray
from PySide6.QtCore import QObject, Signal

from desktop.app import App
from desktop.library.measurements import read_measured
from desktop.state import Measured
from engine.take import take_files

COLUMNS = 76
_READ = 4096  # samples read of each column; a clip of up to 10 s at 32 kHz is read as a whole
_KEPT = 1000
_WAITING = 60  # more rows than a screen has; who asked before that is no longer seen


@dataclass(frozen=True, eq=False)
class Look:
    """Least and greatest sample of the tuned clip in COLUMNS columns, [2, COLUMNS], and what was measured."""

    peaks: NDArray[np.float32]
    measured: dict[Path, Measured] = field(default_factory=dict)


class Looks(QObject):
    """`came` is emitted with a folder when its look is there."""

    came = Signal(object)

    def __init__(self, app: App, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._app = app
        self._known: OrderedDict[Path, Look] = OrderedDict()
        self._waiting: OrderedDict[Path, None] = OrderedDict()
        self._busy = False
        app.state.measured.changed.connect(self._measured)

    def of(self, folder: Path) -> Look | None:
        """The look of a take, None if it is still to be made."""
        if folder in self._known:
            self._known.move_to_end(folder)
            return self._known[folder]
        self._waiting[folder] = None
        self._waiting.move_to_end(folder)
        while len(self._waiting) > _WAITING:
            self._waiting.popitem(last=False)
        self._next()
        return None

    def _next(self) -> None:
        if self._busy or not self._waiting:
            return
        folder, _ = self._waiting.popitem(last=True)
        self._busy = True
        self._app.background.call(lambda: look_at(folder), lambda look: self._keep(folder, look))

    def _keep(self, folder: Path, look: Look) -> None:
        self._busy = False
        self._known[folder] = look
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)
        self.came.emit(folder)
        self._next()

    def _measured(self, measured: dict[Path, Measured]) -> None:
        """A take that was just measured looks different."""
        for folder in {path.parent for path in measured} & self._known.keys():
            fresh = {path: values for path, values in measured.items() if path.parent == folder}
            look = self._known[folder]
            if not fresh.keys() <= look.measured.keys():
                self._known[folder] = Look(look.peaks, {**look.measured, **fresh})
                self.came.emit(folder)


def look_at(folder: Path) -> Look:
    """Look at a take on disk; one that cannot be read looks like silence."""
    try:
        peaks = _peaks(take_files(folder).tuned)
    except (OSError, soundfile.LibsndfileError):
        peaks = np.zeros((2, COLUMNS), np.float32)
    return Look(peaks, read_measured(folder))


def _peaks(path: Path) -> NDArray[np.float32]:
    peaks = np.zeros((2, COLUMNS), np.float32)
    with soundfile.SoundFile(path) as file:
        edges = np.linspace(0, file.frames, COLUMNS + 1).astype(int)
        for column in range(COLUMNS):
            file.seek(int(edges[column]))
            count = min(_READ, int(edges[column + 1] - edges[column]))
            block = file.read(count, dtype="float32", always_2d=True)
            if block.size:
                peaks[:, column] = block.min(), block.max()
    return peaks
