"""What the window expects of the libraries below it."""

import sys

from PySide6.QtCore import QObject


def test_calls_into_qt_lose_no_references():
    """PySide6 6.12.0 drops one reference to None with each void call, until Python 3.11 dies."""
    thing = QObject()
    before = sys.getrefcount(None)
    for _ in range(1000):
        thing.setObjectName("x")
    assert sys.getrefcount(None) > before - 500
