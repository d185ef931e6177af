"""The pictures of both clips, made in the background while the clips grow."""

from PySide6.QtCore import QObject, Signal

from desktop.app import App
from desktop.pair.facts import same_take
from desktop.pair.peaks import Pyramid
from desktop.pair.spectrogram import Spectrogram
from desktop.pairs import Pair
from engine.events import Which

_PIECE_S = 20  # so that a long file appears from left to right, and other work gets its turn


class Pictures:
    """The peaks of one clip, and its spectrogram once someone looked at it."""

    def __init__(self, pair: Pair, which: Which) -> None:
        self.clip = pair.clip(which)
        self.pyramid = Pyramid(self.clip.samples.shape[0])
        self.spectrogram = Spectrogram(pair.sample_rate)
        self.busy = False
        self.complete = False
        self._piece = round(_PIECE_S * pair.sample_rate)
        self._drawn = self._transformed = 0

    def advance(self, spectra: bool) -> bool:
        """Take in the next piece; False if there is nothing new. Only one thread at a time does this."""
        audio = self.clip.audio
        if self._drawn < audio.shape[1]:
            part = audio[:, self._drawn : self._drawn + self._piece]
            self.pyramid.push(part)
            self._drawn += part.shape[1]
            return True
        if spectra and self._transformed < audio.shape[1]:
            part = audio[:, self._transformed : self._transformed + self._piece]
            self.spectrogram.push(part)
            self._transformed += part.shape[1]
            return True
        return False

    def behind(self, spectra: bool) -> bool:
        """True if there is a new piece, which may have come while the last one was taken in."""
        done = min(self._drawn, self._transformed) if spectra else self._drawn
        return done < self.clip.filled


class Analysis(QObject):
    """Keeps the pictures of the pair in the view. `changed` is emitted when there is more to see."""

    changed = Signal()

    def __init__(self, app: App, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self._background = app.background
        self._pictures: dict[Which, Pictures] = {}
        self._coming: dict[Which, Pictures] = {}  # those of the same take further on, shown when complete
        self._pair: Pair | None = None
        self._spectra = False
        app.state.pair.watch(self._begin)
        app.state.pair_grew.connect(self._grew)

    def pictures(self, which: Which) -> Pictures | None:
        """What is known of a clip; None if no pair is in the view."""
        return self._pictures.get(which)

    def want_spectra(self, wanted: bool) -> None:
        """Make spectrograms too, of what is there and of what comes."""
        self._spectra = wanted
        self._catch_up()

    def _begin(self, pair: Pair | None) -> None:
        before, self._pair, self._coming = self._pair, pair, {}
        fresh = {} if pair is None else self._made(pair)
        if before is not None and pair is not None and same_take(before, pair):
            self._coming = fresh
        else:
            self._pictures = fresh
        self.changed.emit()
        self._catch_up()

    def _made(self, pair: Pair) -> dict[Which, Pictures]:
        known = {id(pictures.clip): pictures for pictures in self._pictures.values()}
        base = known.get(id(pair.base)) or Pictures(pair, "base")
        return {
            "base": base,
            "tuned": base if pair.neutral else known.get(id(pair.tuned)) or Pictures(pair, "tuned"),
        }

    def _grew(self, pair: Pair, which: Which, *_: int) -> None:
        known = self._pictures.get(which)
        if known is not None and known.clip is pair.clip(which):
            self._advance(known)

    def _catch_up(self) -> None:
        for pictures in (*self._pictures.values(), *self._coming.values()):
            self._advance(pictures)

    def _advance(self, pictures: Pictures) -> None:
        wanted = (*self._pictures.values(), *self._coming.values())
        if pictures.busy or not any(pictures is one for one in wanted):
            return
        pictures.busy = True
        spectra = self._spectra
        self._background.call(
            lambda: pictures.advance(spectra), lambda more: self._advanced(pictures, spectra, more)
        )

    def _advanced(self, pictures: Pictures, spectra: bool, more: bool) -> None:
        pictures.busy = False
        pictures.complete = not more
        if self._coming and all(coming.complete for coming in self._coming.values()):
            self._pictures, self._coming = self._coming, {}
            self.changed.emit()
        if more:
            self.changed.emit()
        if more or spectra != self._spectra or pictures.behind(self._spectra):
            self._advance(pictures)
