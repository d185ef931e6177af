"""The loudness of both clips, measured in a thread of its own while they grow."""

from PySide6.QtCore import QObject, Signal, Slot

from desktop.app import App
from desktop.bridge import Lane
from desktop.pairs import Pair
from desktop.player.loudness import LoudnessMeter
from engine.events import Which


class Metering(QObject):
    """Keeps `state.loudness`. A pair that comes in pieces is measured piece by piece, each once."""

    _measured = Signal(object, str, object)

    def __init__(self, app: App, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state = app.state
        self._lane = Lane("loudness")
        self._meters: dict[Which, LoudnessMeter] = {}
        self._pair: Pair | None = None
        self._measured.connect(self._keep)
        self._state.pair.watch(self._begin)
        self._state.pair_grew.connect(self._grow)

    def close(self) -> None:
        """End the thread."""
        self._lane.close()

    def _begin(self, pair: Pair | None) -> None:
        before, self._pair = self._pair, pair
        if pair is None:
            self._state.loudness.value = {}
            return
        if before is None or pair.base.audio.shape != before.base.audio.shape or pair.job != before.job:
            self._state.loudness.value = {}
        channels = pair.base.samples.shape[0]
        self._meters = {which: LoudnessMeter(pair.sample_rate, channels) for which in ("base", "tuned")}
        clips: tuple[Which, ...] = ("base",) if pair.neutral else ("base", "tuned")
        for which in clips:
            if filled := pair.clip(which).filled:
                self._grow(pair, which, 0, filled)

    def _grow(self, pair: Pair, which: Which, start: int, stop: int) -> None:
        if pair is not self._pair:
            return
        samples, meter = pair.clip(which).samples[:, start:stop], self._meters[which]

        def work() -> None:
            meter.push(samples)
            self._measured.emit(pair, which, meter.loudness())

        self._lane.put(work)

    @Slot(object, str, object)
    def _keep(self, pair: Pair, which: Which, loudness: float | None) -> None:
        if pair is not self._pair or loudness is None:
            return
        known = dict(self._state.loudness.value) | {which: loudness}
        self._state.loudness.value = dict.fromkeys(("base", "tuned"), loudness) if pair.neutral else known
