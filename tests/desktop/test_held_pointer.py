"""The pointer of a drag: the screen's edge does not stop it, and it comes back."""

import pytest
from PySide6.QtCore import QEvent, QPointF, Qt
from PySide6.QtGui import QCursor, QGuiApplication, QMouseEvent, QPointingDevice

from desktop.widgets.held_pointer import HeldPointer

LEFT = Qt.MouseButton.LeftButton
BY_MOUSE = Qt.MouseEventSource.MouseEventNotSynthesized
BY_FINGER = Qt.MouseEventSource.MouseEventSynthesizedByQt
X = 300


def at(height: float, source=BY_MOUSE) -> QMouseEvent:
    place, none = QPointF(X, height), Qt.KeyboardModifier.NoModifier
    device = QPointingDevice.primaryPointingDevice()
    return QMouseEvent(QEvent.Type.MouseMove, place, place, place, LEFT, LEFT, none, source, device)


@pytest.fixture
def middle(qapp) -> int:
    return QGuiApplication.primaryScreen().geometry().center().y()


@pytest.fixture
def bottom(qapp) -> int:
    return QGuiApplication.primaryScreen().geometry().bottom()


@pytest.fixture
def went(monkeypatch) -> list[int]:
    """The heights at which the pointer was set."""
    made: list[int] = []

    def set_pos(*place) -> None:
        made.append(place[1] if len(place) == 2 else place[0].y())

    monkeypatch.setattr(QCursor, "setPos", set_pos)
    return made


def test_near_an_edge_it_goes_on_from_the_middle_and_events_on_their_way_count(went, middle, bottom):
    pointer = HeldPointer(at(bottom - 100))
    heights = [bottom - 90, bottom - 20, bottom - 10, middle, middle + 10, middle + 5]
    assert [pointer.moved(at(height)) for height in heights] == [10, 70, 10, 0, 10, -5]
    assert set(went) == {middle}


def test_a_pointer_that_stays_or_is_set_back_goes_on_where_it_is(went, middle, bottom):
    pointer = HeldPointer(at(bottom - 30))
    heights = [bottom - 20, bottom - 10, middle, bottom - 5, bottom]
    assert [pointer.moved(at(height)) for height in heights] == [10, 10, 0, 5, 5]


def test_it_is_put_back_where_it_was_pressed(went, middle, bottom):
    pointer = HeldPointer(at(bottom - 100))
    pointer.moved(at(bottom - 60))
    pointer.release()
    assert went[-1] == bottom - 100


def test_a_finger_is_not_followed_by_the_pointer(went, bottom):
    pointer = HeldPointer(at(bottom - 30, BY_FINGER))
    assert pointer.moved(at(bottom, BY_FINGER)) == 30
    pointer.release()
    assert went == []
