"""The lines behind the clips, in bars and beats or in seconds, and what snaps to them."""

import math
from collections.abc import Iterator
from dataclasses import dataclass

from desktop.draft import BEATS_PER_BAR
from desktop.pair.viewport import Viewport
from desktop.state import Span

_SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300)
_BEATS = (
    1 / 512,
    1 / 128,
    1 / 32,
    1 / 16,
    1 / 8,
    1 / 4,
    1 / 2,
    1,
    *(BEATS_PER_BAR * 2**power for power in range(9)),
)
_LINE_PIXELS = 14
_LABEL_PIXELS = 64
SNAP_PIXELS = 8


@dataclass(frozen=True)
class Line:
    """A line at `seconds`; a bar, or a whole step of labels, is `strong`. Only some have a label."""

    seconds: float
    label: str
    strong: bool


@dataclass(frozen=True)
class Grid:
    """Bars of beats at `tempo` a minute, one of which begins at `first` seconds; with no tempo, seconds."""

    tempo: float | None = None
    first: float = 0.0

    @property
    def beat(self) -> float:
        """The length of a beat in seconds; 1 without a tempo."""
        return 60 / self.tempo if self.tempo else 1.0

    def lines(self, view: Viewport, width: float) -> Iterator[Line]:
        """The lines in a view `width` pixels wide, from left to right, none too close to the next."""
        step = self._step(view, width, _LINE_PIXELS)
        apart = self._step(view, width, _LABEL_PIXELS, step)
        labelled = max(1, round(apart / step))
        strong = labelled
        if self.tempo:
            strong = max(1, round((BEATS_PER_BAR if view.span > BEATS_PER_BAR * self.beat else 1) / step))
        number = math.ceil((view.start - self.first) / self.beat / step - 1e-9)
        while (seconds := self.first + number * step * self.beat) <= view.end:
            if seconds >= 0:
                label = self._label(number * step, apart) if number % labelled == 0 else ""
                yield Line(seconds, label, number % strong == 0)
            number += 1

    def snapped(self, seconds: float, view: Viewport, width: float) -> float:
        """The line that is drawn nearest to a time, if it is within a few pixels; else the time itself."""
        step = self._step(view, width, _LINE_PIXELS) * self.beat
        nearest = self.first + round((seconds - self.first) / step) * step
        if 0 <= nearest <= view.length and abs(nearest - seconds) / view.span * width <= SNAP_PIXELS:
            return nearest
        return seconds

    def next_line(self, seconds: float, lines: int, view: Viewport, width: float) -> float:
        """The drawn line that is `lines` to the right of a time (negative: to the left), in the clip."""
        step = self._step(view, width, _LINE_PIXELS) * self.beat
        at = (seconds - self.first) / step
        number = math.floor(at + 1e-6) + lines if lines > 0 else math.ceil(at - 1e-6) + lines
        return min(view.length, max(0.0, self.first + number * step))

    def bar_at(self, seconds: float) -> Span | None:
        """The bar that holds a time; None without a tempo."""
        if not self.tempo:
            return None
        length = BEATS_PER_BAR * self.beat
        start = self.first + math.floor((seconds - self.first) / length + 1e-9) * length
        return Span(max(0.0, start), start + length)

    def place(self, seconds: float) -> str:
        """A time as a musician says it: bar.beat.sixteenth, or minutes:seconds.milliseconds."""
        if not self.tempo:
            minutes, rest = divmod(max(0.0, seconds), 60)
            return f"{int(minutes)}:{rest:06.3f}"
        sixteenths = math.floor((seconds - self.first) / self.beat * 4 + 1e-6)
        bar, rest = divmod(sixteenths, 4 * BEATS_PER_BAR)
        return f"{bar + 1}.{rest // 4 + 1}.{rest % 4 + 1}"

    def _step(self, view: Viewport, width: float, pixels: float, of: float = 0.0) -> float:
        """The smallest step, in beats or seconds, that is at least `pixels` wide and a multiple of `of`."""
        steps = _BEATS if self.tempo else _SECONDS
        least = pixels / width * view.span / self.beat
        fitting = (step for step in steps if step >= least and (not of or (step / of) % 1 < 1e-6))
        found: float = next(fitting, steps[-1])
        return found

    def _label(self, beats: float, step: float) -> str:
        if not self.tempo:
            minutes, rest = divmod(round(beats, 6), 60)
            digits = max(0, -math.floor(math.log10(step) + 1e-9)) if step < 1 else 0
            return f"{int(minutes)}:{rest:0{3 + digits if digits else 2}.{digits}f}"
        bar, beat = divmod(beats + 1e-9, BEATS_PER_BAR)
        if beat < 1e-6:
            return f"{int(bar) + 1}"
        whole = int(beat + 1e-6)
        if abs(beat - whole) < 1e-6:
            return f"{int(bar) + 1}.{whole + 1}"
        sixteenth = (beat - whole) * 4
        return f"{int(bar) + 1}.{whole + 1}.{sixteenth + 1:.4g}"
