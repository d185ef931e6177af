"""Which stretch of a clip is seen: zoom and pan as pure functions. Times are seconds."""

from dataclasses import dataclass

CLOSEST_S = 0.002


@dataclass(frozen=True)
class Viewport:
    """`span` seconds from `start` on, of a clip of `length` seconds."""

    start: float
    span: float
    length: float

    @property
    def end(self) -> float:
        """Where the view ends."""
        return self.start + self.span

    def x(self, seconds: float, width: float) -> float:
        """The pixel of a time, in a view `width` pixels wide."""
        return (seconds - self.start) / self.span * width

    def seconds(self, x: float, width: float) -> float:
        """The time at a pixel."""
        return self.start + x / width * self.span


def whole(length: float) -> Viewport:
    """All of a clip."""
    return Viewport(0.0, max(length, CLOSEST_S), max(length, CLOSEST_S))


def placed(view: Viewport, start: float, span: float) -> Viewport:
    """`view` moved to this stretch, as far as the clip and the closest zoom allow."""
    span = min(view.length, max(CLOSEST_S, span))
    return Viewport(min(max(0.0, start), view.length - span), span, view.length)


def zoomed(view: Viewport, factor: float, around: float) -> Viewport:
    """`factor` times as close, with the time `around` staying where it is in the view."""
    span = min(view.length, max(CLOSEST_S, view.span / factor))
    return placed(view, around - (around - view.start) * span / view.span, span)


def panned(view: Viewport, seconds: float) -> Viewport:
    """Moved to later times, or with negative `seconds` to earlier ones."""
    return placed(view, view.start + seconds, view.span)


def lengthened(view: Viewport, length: float) -> Viewport:
    """The same view of a clip that became `length` long; one that showed all shows all."""
    if view.span >= view.length:
        return whole(length)
    return placed(Viewport(view.start, view.span, max(length, CLOSEST_S)), view.start, view.span)


def following(view: Viewport, playhead: float) -> Viewport:
    """Turned like a page if the playhead has run out of the view."""
    if view.start <= playhead < view.end:
        return view
    return placed(view, playhead, view.span)
