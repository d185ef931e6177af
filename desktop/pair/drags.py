"""What a press of the mouse in the timeline begins: selecting, shifting the selection, seeking, panning.

brace    the selection's bar: drag it to shift the selection
ruler    click or drag: the playhead goes there
clips    drag to select; the ends of a selection are dragged, Shift drags the nearer one
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from PySide6.QtCore import Qt

from desktop.actions import listening
from desktop.pair import scene
from desktop.pair.viewport import panned
from desktop.state import Span

if TYPE_CHECKING:
    from desktop.pair.timeline import Timeline

Drag = Callable[[float, bool], None]  # of the mouse's x, and whether it is free of snapping

_EDGE = 5  # pixels around the end of a selection that grab it


def left_drag(timeline: "Timeline", x: float, y: float, keys: Qt.KeyboardModifier) -> Drag:
    """What the left button begins at (x, y)."""
    span = timeline.app.state.selection.value
    if span is not None:
        left, right = ends(timeline, span)
        if abs(x - left) <= _EDGE:
            return _selecting(timeline, lambda _: span.end)
        if abs(x - right) <= _EDGE:
            return _selecting(timeline, lambda _: span.start)
        if y < scene.BRACE + 2 and left < x < right:
            return _shifting(timeline, span, x)
        if keys & Qt.KeyboardModifier.ShiftModifier:
            at = timeline.view.seconds(x, timeline.width())
            other = span.start if abs(at - span.end) < abs(at - span.start) else span.end
            return _selecting(timeline, lambda _: other)
    if scene.BRACE + 2 <= y < scene.RULER:
        return lambda x, free: listening.seek(timeline.app, timeline.snapped(x, free))
    return _selecting(timeline, lambda free: timeline.snapped(x, free))


def panning(timeline: "Timeline", pressed: float) -> Drag:
    """Pull the clips along from the x `pressed`."""
    view = timeline.view

    def drag(x: float, free: bool) -> None:
        timeline.set_view(panned(view, (pressed - x) / timeline.width() * view.span))

    return drag


def ends(timeline: "Timeline", span: Span) -> tuple[float, float]:
    """Where `span` begins and ends, in pixels."""
    start, end = (timeline.view.x(at, timeline.width()) for at in (span.start, span.end))
    return start, end


def cursor_at(timeline: "Timeline", x: float, y: float) -> Qt.CursorShape:
    """Shows what a press at (x, y) would grab."""
    if (span := timeline.app.state.selection.value) is not None:
        left, right = ends(timeline, span)
        if min(abs(x - left), abs(x - right)) <= _EDGE:
            return Qt.CursorShape.SizeHorCursor
        if y < scene.BRACE + 2 and left < x < right:
            return Qt.CursorShape.OpenHandCursor
    return Qt.CursorShape.IBeamCursor if y >= scene.RULER else Qt.CursorShape.ArrowCursor


def _selecting(timeline: "Timeline", anchor: Callable[[bool], float]) -> Drag:
    """Drag one end of a selection; the other is `anchor`, which is told whether to be free of snapping."""

    def drag(x: float, free: bool) -> None:
        listening.select(timeline.app, Span(anchor(free), timeline.snapped(x, free)))

    return drag


def _shifting(timeline: "Timeline", span: Span, pressed: float) -> Drag:
    def drag(x: float, free: bool) -> None:
        view, width = timeline.view, timeline.width()
        start = span.start + (x - pressed) / width * view.span
        if not free and timeline.snap:
            start = timeline.grid.snapped(start, view, width)
        length = span.end - span.start
        start = min(max(0.0, start), view.length - length)
        listening.select(timeline.app, Span(start, start + length))

    return drag
