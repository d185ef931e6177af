"""The player: watches what the user wants to hear, and keeps the playhead."""

from typing import Any

from PySide6.QtCore import QObject, QTimer, Slot

from desktop.app import App
from desktop.pair.facts import same_take
from desktop.pairs import Pair
from desktop.player.loudness import matching_gains
from desktop.player.metering import Metering
from desktop.player.mixer import Mixer
from desktop.player.mixing import Loop
from desktop.player.outputs import CardOutput, Output, SilentOutput
from desktop.texts import tr
from engine.events import Which

_TICK_MS = 16


class Player(QObject):
    """Plays the pair that is in the view.

    `state.playing`, `heard`, `loop`, `selection`, `level_matched` and `seek` are carried out;
    `state.playhead` and `output` are kept, and `playing` is set to False at the end.
    """

    def __init__(self, app: App, card: CardOutput | None = None) -> None:
        super().__init__()
        self._state = app.state
        Metering(app, self)
        self._card = card or CardOutput(self)
        self._card.available.connect(self._card_available)
        self._silence = SilentOutput(self)
        self._output: Output = self._card
        self._mixer: Mixer | None = None
        self._pair: Pair | None = None
        self._timer = QTimer(self)
        self._timer.setInterval(_TICK_MS)
        self._timer.timeout.connect(self._tick)
        state = self._state
        state.pair.watch(self._show)
        state.playing.changed.connect(self._play)
        state.seek.connect(self._seek)
        state.heard.changed.connect(self._switch)
        for changed in (state.loop.changed, state.selection.changed):
            changed.connect(self._set_loop)
        for changed in (state.loudness.changed, state.level_matched.changed, state.blind.changed):
            changed.connect(self._match)

    def close(self) -> None:
        """Fall silent and let go of the device."""
        self._timer.stop()
        self._silence.close()
        self._card.close()

    def _show(self, pair: Pair | None) -> None:
        before, self._pair = self._pair, pair
        if pair is None:
            self._stop()
            self._state.playing.value = False
            self._mixer = None
            return
        self._card.prepare()
        if self._mixer is not None and before is not None and same_take(before, pair):
            self._mixer.exchange(pair)
            self._set_loop()
        else:
            playing = self._state.playing.value
            self._mixer = Mixer(pair)
            self._mixer.switch(self._state.heard.value)
            self._set_loop()
            self._match()
            if playing:
                self._start()

    def _play(self, playing: bool) -> None:
        if playing:
            self._start()
        else:
            self._stop()

    def _start(self) -> None:
        if (mixer := self._mixer) is None:
            self._state.playing.value = False
            return
        mixer.start(self._first_sample(mixer))
        self._silence.stop()
        self._output = self._card  # which answers with `available`
        self._card.play(mixer)
        self._timer.start()

    def _stop(self) -> None:
        self._timer.stop()
        self._silence.stop()
        self._card.stop()
        if self._mixer is not None:
            self._mixer.stop()

    def _first_sample(self, mixer: Mixer) -> int:
        """The playhead; the beginning of the loop if it lies beyond it, and of all if it is at the end."""
        at = round(self._state.playhead.value * mixer.sample_rate)
        if (loop := mixer.controls.loop) is not None and not loop.start <= at < loop.end:
            at = loop.start
        pair = self._state.pair.value
        if pair is not None and at >= pair.base.samples.shape[1]:
            at = 0
        return at

    def _seek(self, seconds: float) -> None:
        if self._mixer is not None and self._state.playing.value:
            self._mixer.seek(round(seconds * self._mixer.sample_rate))

    def _switch(self, which: Which) -> None:
        if self._mixer is not None:
            self._mixer.switch(which)

    def _set_loop(self, _: Any = None) -> None:
        pair, mixer = self._state.pair.value, self._mixer
        if pair is None or mixer is None:
            return
        span, rate = self._state.selection.value, pair.sample_rate
        if not self._state.loop.value:
            mixer.set_loop(None)
        elif span is None:
            mixer.set_loop(Loop(0, pair.base.samples.shape[1]))
        else:
            start = round(span.start * rate)
            mixer.set_loop(Loop(start, max(start + 1, round(span.end * rate))))

    def _match(self, _: Any = None) -> None:
        """Level matching can be turned off, but not in a blind comparison: the louder clip would win."""
        if self._mixer is None:
            return
        loudness = self._state.loudness.value
        if self._state.level_matched.value or self._state.blind.value is not None:
            self._mixer.set_gains(matching_gains(loudness.get("base"), loudness.get("tuned")))
        else:
            self._mixer.set_gains({"base": 1.0, "tuned": 1.0})

    @Slot(bool)
    def _card_available(self, there: bool) -> None:
        self._state.output.value = "" if there else tr("No sound device: plays without sound")
        self._silence.stop()
        self._output = self._card if there else self._silence
        if not there and self._state.playing.value and self._mixer is not None:
            self._silence.play(self._mixer)

    def _tick(self) -> None:
        if (mixer := self._mixer) is None:
            return
        heard = self._output.heard(mixer)
        self._state.playhead.value = mixer.heard(heard) / mixer.sample_rate
        if mixer.ended_at is not None and heard >= mixer.ended_at:
            self._state.playing.value = False
            self._state.playhead.value = 0.0
