from pathlib import Path
from urllib.parse import unquote, urlparse

import numpy as np
import pytest
import soundfile
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QDesktopServices, QDrag, QGuiApplication, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QFileDialog

from desktop.actions import listening
from desktop.export import desk, handles
from desktop.export.files import exports_dir
from desktop.export.handles import DragHandle, ExportHandles, selected_part, whole_clip
from desktop.pairs import pair_of
from desktop.state import Blind, Span
from engine.take import write_take
from tests.desktop.alone import make_app
from tests.engine.takes import RATE, make_take

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def app(qapp, tmp_path):
    app = make_app()
    take = make_take({"energy": 2}, seed=7, seconds=2.0, prompt="jazz, piano")
    app.state.pair.value = pair_of(take, write_take(take, tmp_path / "take").folder)
    return app


@pytest.fixture
def dropped(monkeypatch):
    """What a drag would drop: the payload and the actions, at the moment it begins."""
    seen = []

    def take_over(drag, actions):
        seen.append((drag.mimeData().data("text/uri-list").data().decode(), actions, drag.pixmap().width()))
        return Qt.DropAction.CopyAction

    monkeypatch.setattr(QDrag, "exec", take_over)
    return seen


def pull(widget, by=40):
    QTest.mousePress(widget, LEFT, pos=QPoint(5, 5))
    at = QPointF(5 + by, 5)
    move = QMouseEvent(
        QEvent.Type.MouseMove,
        at,
        widget.mapToGlobal(at),
        LEFT,
        LEFT,
        Qt.KeyboardModifier.NoModifier,
    )
    QApplication.sendEvent(widget, move)
    QTest.mouseRelease(widget, LEFT)


def file_of(uri_list):
    (uri,) = uri_list.split()
    return Path(unquote(urlparse(uri).path))


def test_a_drag_offers_a_finished_file_that_is_there(app, qtbot, dropped):
    handle = DragHandle(app, lambda: whole_clip(app, "tuned"), "drag")
    qtbot.addWidget(handle)
    pull(handle)
    ((uris, actions, width),) = dropped
    path = file_of(uris)
    assert path.name == "jazz-piano-seed7-tuned.wav"
    samples, rate = soundfile.read(path, dtype="float32")
    assert rate == RATE and soundfile.info(path).subtype == "PCM_24"
    np.testing.assert_allclose(samples, app.state.pair.value.tuned.audio[0], atol=2**-22)
    assert actions == Qt.DropAction.CopyAction and width > 0


def test_a_drag_of_the_selection_is_the_loop(app, qtbot, dropped):
    listening.select(app, Span(0.5, 1.5))
    handle = DragHandle(app, lambda: selected_part(app, "base"), "drag")
    qtbot.addWidget(handle)
    pull(handle)
    samples, _ = soundfile.read(file_of(dropped[0][0]), dtype="float32")
    expected = app.state.pair.value.base.audio[0, RATE // 2 : RATE * 3 // 2]
    np.testing.assert_allclose(samples, expected, atol=2**-22)


def test_a_press_alone_drags_nothing_and_a_short_way_neither(app, qtbot, dropped):
    handle = DragHandle(app, lambda: whole_clip(app, "tuned"), "drag")
    qtbot.addWidget(handle)
    pull(handle, by=2)
    assert dropped == []


def test_a_file_that_is_written_late_is_dragged_when_it_is_there(app, qtbot, dropped, monkeypatch):
    waiting = []
    monkeypatch.setattr(
        app.background, "call", lambda work, then=None, failed=None: waiting.append((work, then))
    )
    handle = DragHandle(app, lambda: whole_clip(app, "tuned"), "drag")
    qtbot.addWidget(handle)
    QTest.mousePress(handle, LEFT, pos=QPoint(5, 5))
    at = QPointF(60, 5)
    none = Qt.KeyboardModifier.NoModifier
    QApplication.sendEvent(
        handle, QMouseEvent(QEvent.Type.MouseMove, at, handle.mapToGlobal(at), LEFT, LEFT, none)
    )
    assert dropped == []
    ((work, then),) = waiting
    then(work())
    assert file_of(dropped[0][0]).is_file()


def test_nothing_is_offered_blind_or_before_the_take_is_written(app, qtbot, dropped):
    app.state.blind.value = Blind("base", "tuned")
    assert whole_clip(app, "base") is None
    app.state.blind.value = None
    app.state.pair.value = pair_of(make_take({"energy": 1}))
    assert whole_clip(app, "base") is None
    bar = ExportHandles(app)
    qtbot.addWidget(bar)
    assert not bar._clip.isEnabled() and not bar._more.isEnabled()


def test_return_copies_the_file(app, qtbot):
    handle = DragHandle(app, lambda: whole_clip(app, "tuned"), "drag")
    qtbot.addWidget(handle)
    QTest.keyClick(handle, Qt.Key.Key_Return)
    mime = QGuiApplication.clipboard().mimeData()
    (url,) = mime.urls()
    assert Path(url.toLocalFile()).is_file()
    assert app.state.notice.value.text == "Copied jazz-piano-seed7-tuned.wav."


def test_saving_asks_where_and_adds_the_ending(app, qtbot, tmp_path, monkeypatch):
    asked = []

    def choose(parent, title, proposed, pattern):
        asked.append((Path(proposed).name, pattern))
        return str(tmp_path / "mine"), ""

    monkeypatch.setattr(QFileDialog, "getSaveFileName", choose)
    bar = ExportHandles(app)
    qtbot.addWidget(bar)
    handles.save_as(app, lambda: whole_clip(app, "tuned"), "flac", bar)
    assert asked == [("jazz-piano-seed7-tuned.flac", "*.flac")]
    assert soundfile.info(tmp_path / "mine.flac").format == "FLAC"


def test_a_failure_to_write_is_told(app, qtbot, tmp_path, monkeypatch):
    (tmp_path / "home").mkdir(exist_ok=True)
    (tmp_path / "home" / "exports").write_text("in the way")
    handle = DragHandle(app, lambda: whole_clip(app, "tuned"), "drag")
    qtbot.addWidget(handle)
    pull(handle)
    assert app.state.notice.value.problem


def test_a_file_that_nobody_can_select_has_its_folder_opened(app, monkeypatch):
    opened = []
    monkeypatch.setattr(desk, "_selected_in_its_folder", lambda path: False)
    monkeypatch.setattr(QDesktopServices, "openUrl", lambda url: opened.append(Path(url.toLocalFile())))
    handles.show_in_folder(app, lambda: whole_clip(app, "tuned"))
    assert opened == [exports_dir()]
