"""The loudness of both clips, measured in the background while they grow."""

from PySide6.QtCore import QObject

from desktop.app import App
from desktop.pair.facts import same_take
from desktop.pairs import Clip, Pair
from desktop.player.loudness import LoudnessMeter
from engine.events import Which

_PIECE_S = 20  # so that other work gets its turn


class _Measuring:
    def __init__(self, clip: Clip, sample_rate: int) -> None:
        self.clip = clip
        self.busy = False
        self._meter = LoudnessMeter(sample_rate, clip.samples.shape[0])
        self._piece = round(_PIECE_S * sample_rate)
        self._done = 0

    def advance(self) -> float | None:
        """Take in the next piece, and return what all so far measures."""
        part = self.clip.audio[:, self._done : self._done + self._piece]
        self._meter.push(part)
        self._done += part.shape[1]
        return self._meter.loudness()

    @property
    def behind(self) -> bool:
        """True if there is more to take in."""
        return self._done < self.clip.filled


class Metering(QObject):
    """Keeps `state.loudness`."""

    def __init__(self, app: App, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._state, self._background = app.state, app.background
        self._pair: Pair | None = None
        self._clips: dict[Which, _Measuring] = {}
        self._state.pair.watch(self._begin)
        self._state.pair_grew.connect(self._grew)

    def _begin(self, pair: Pair | None) -> None:
        before, self._pair, self._clips = self._pair, pair, {}
        if before is None or pair is None or not same_take(before, pair):
            self._state.loudness.value = {}
        if pair is not None:
            self._clips["base"] = _Measuring(pair.base, pair.sample_rate)
            if not pair.neutral:
                self._clips["tuned"] = _Measuring(pair.tuned, pair.sample_rate)
        for which in tuple(self._clips):
            self._advance(which)

    def _grew(self, pair: Pair, which: Which, *_: int) -> None:
        known = self._clips.get(which)
        if known is not None and known.clip is pair.clip(which):
            self._advance(which)

    def _advance(self, which: Which) -> None:
        clip = self._clips[which]
        if not clip.busy and clip.behind:
            clip.busy = True
            self._background.call(clip.advance, lambda loudness: self._advanced(which, clip, loudness))

    def _advanced(self, which: Which, clip: _Measuring, loudness: float | None) -> None:
        clip.busy = False
        if self._clips.get(which) is not clip:
            return
        if loudness is not None and not clip.behind:
            told: dict[Which, float] = {**self._state.loudness.value, which: loudness}
            self._state.loudness.value = told
        self._advance(which)
