"""Where the mixer's samples go: the sound card, or nowhere at the pace of one."""

import time
from typing import Protocol

from PySide6.QtCore import QObject, Qt, QThread, QTimer, Signal, Slot

from desktop.player.card import Card
from desktop.player.mixer import Mixer


class Output(Protocol):
    """Pulls from a mixer while it plays."""

    def play(self, mixer: Mixer) -> None:
        """Begin to pull, or go on with another mixer or a new run."""

    def stop(self) -> None:
        """Pull no more, after a fade has come through."""

    def heard(self, mixer: Mixer) -> int:
        """How many frames of the mixer's run have reached the ear."""

    def close(self) -> None:
        """Let go of the device."""


class SilentOutput(QObject):
    """Without a sound card: time passes all the same, so that the playhead runs."""

    _TICK_MS = 20

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._mixer: Mixer | None = None
        self._began = 0.0
        self._timer = QTimer(self)
        self._timer.setInterval(self._TICK_MS)
        self._timer.timeout.connect(self._tick)

    def play(self, mixer: Mixer) -> None:
        """See `Output`."""
        self._mixer = mixer
        self._began = time.monotonic() - mixer.pulled / mixer.sample_rate
        self._timer.start()

    def stop(self) -> None:
        """See `Output`."""
        self._timer.stop()

    def heard(self, mixer: Mixer) -> int:
        """See `Output`."""
        return mixer.pulled

    def close(self) -> None:
        """See `Output`."""
        self.stop()

    def _tick(self) -> None:
        if (mixer := self._mixer) is not None:
            due = int((time.monotonic() - self._began) * mixer.sample_rate) - mixer.pulled
            if due > 0:
                mixer.pull(due)


class CardOutput(QObject):
    """The sound card, served by a thread of its own, so that a busy window does not make it stutter.

    `available` is emitted with True when sound comes out, with False when there is no device for it.
    """

    available = Signal(bool)
    _prepare = Signal()
    _open = Signal(object)
    _halt = Signal()
    _stop_thread = Signal()

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._thread = QThread(self)
        self._thread.setObjectName("sound")
        self._card = Card()
        self._card.moveToThread(self._thread)
        self._prepare.connect(self._card.prepare)
        self._open.connect(self._card.play)
        self._halt.connect(self._card.stop)
        self._stop_thread.connect(self._card.close)
        self._card.available.connect(self._relay)
        self._card.closed.connect(self._thread.quit, Qt.ConnectionType.DirectConnection)

    def prepare(self) -> None:
        """Load what sound needs, so that the first of it comes at once."""
        if not self._thread.isRunning():
            self._thread.start(QThread.Priority.TimeCriticalPriority)
            self._prepare.emit()

    def play(self, mixer: Mixer) -> None:
        """See `Output`."""
        self.prepare()
        self._open.emit(mixer)

    def stop(self) -> None:
        """See `Output`."""
        self._halt.emit()

    def heard(self, mixer: Mixer) -> int:
        """See `Output`."""
        return self._card.heard(mixer)

    def close(self) -> None:
        """See `Output`."""
        if self._thread.isRunning():
            self._stop_thread.emit()
            self._thread.wait()

    @Slot(bool)
    def _relay(self, there: bool) -> None:
        self.available.emit(there)
