"""How a stretch of a file changes when it is dragged; all in seconds."""

from collections.abc import Callable

from desktop.state import Span

LEAST_S = 0.1
GRAIN = 2  # decimals that the number fields show

Change = Callable[[float], Span]


def between(fixed: float, at: float, length: float) -> Span:
    """From `fixed` to `at`, whichever is first; at least `LEAST_S` long and inside the file."""
    at = _inside(at, length)
    least = min(LEAST_S, length)
    if abs(at - fixed) >= least:
        return Span(min(fixed, at), max(fixed, at))
    start = _inside(fixed if at >= fixed else fixed - least, length - least)
    return Span(start, start + least)


def shifted(span: Span, by: float, length: float) -> Span:
    """As long as it was, elsewhere in the file."""
    start = _inside(span.start + by, length - (span.end - span.start))
    return Span(start, start + span.end - span.start)


def grabbed(span: Span, at: float, edge: float, length: float) -> Change:
    """What moving to a place does after a press at `at`; an end is grabbed within `edge` of it.

    Inside, the stretch moves; one that is all of the file cannot, so there another begins. Outside, the
    nearer end comes.
    """
    to_start, to_end = abs(at - span.start), abs(at - span.end)
    inside = span.start < at < span.end
    if inside and min(to_start, to_end) > edge:
        if span.end - span.start < length:
            return lambda now: shifted(span, now - at, length)
        return lambda now: between(at, now, length)
    fixed = span.end if to_start < to_end else span.start
    return lambda now: between(fixed, now, length)


def _inside(at: float, length: float) -> float:
    """The nearest place in the file, as the number fields show it; its very end stays exact."""
    return min(max(0.0, round(at, GRAIN)), length)
