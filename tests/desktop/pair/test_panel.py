from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QWheelEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desktop import theme
from desktop.actions import listening
from desktop.pair import scene
from desktop.pair.grid import Grid
from desktop.pair.panel import PairPanel
from desktop.pairs import add_audio
from desktop.state import Blind, Span
from engine.events import Audio
from engine.library import open_library
from engine.paths import takes_dir
from engine.preferences import read_preference
from tests.desktop.alone import make_app, make_pair
from tests.engine.takes import write_noise

RATE = 8000
LEFT = Qt.MouseButton.LeftButton


def noise(seconds, channels=1, rate=RATE):
    return np.random.default_rng(0).random((channels, round(seconds * rate)), np.float32) - 0.5


@pytest.fixture
def app(qapp):
    theme.apply(qapp, "dark")
    return make_app()


@pytest.fixture
def panel(app, qtbot):
    made = PairPanel(app)
    qtbot.addWidget(made)
    made.resize(1100, 360)
    made.show()
    QApplication.processEvents()
    return made


@pytest.fixture
def take(app, panel):
    """A written take of 8 s at 120 beats a minute, both clips of noise."""
    folder = write_noise(takes_dir() / "one", knobs={"energy": 1})
    app.state.measured.value = {
        folder / f"{which}.wav": {"tempo": 120.0, "tempo_confidence": 1.0} for which in ("base", "tuned")
    }
    app.state.pair.value = make_pair(noise(8), 0.5 * noise(8), RATE, folder=folder)
    return folder


def drag(widget, start, end, keys=Qt.KeyboardModifier.NoModifier):
    QTest.mousePress(widget, LEFT, keys, QPoint(*start))
    QTest.mouseMove(widget, QPoint(*end))
    send_move(widget, end, keys)
    QTest.mouseRelease(widget, LEFT, keys, QPoint(*end))


def send_move(widget, at, keys):
    from PySide6.QtCore import QEvent
    from PySide6.QtGui import QMouseEvent

    move = QMouseEvent(
        QEvent.Type.MouseMove, QPointF(*at), widget.mapToGlobal(QPointF(*at)), LEFT, LEFT, keys
    )
    QApplication.sendEvent(widget, move)


def x_of(panel, seconds):
    return round(panel.timeline.view.x(seconds, panel.timeline.width()))


def test_a_click_goes_there_and_drops_the_selection(app, panel, take):
    listening.select(app, Span(1, 2))
    QTest.mouseClick(panel.timeline, LEFT, pos=QPoint(x_of(panel, 4.0) + 3, 100))
    assert app.state.playhead.value == pytest.approx(4.0)
    assert app.state.selection.value is None


def test_a_drag_selects_from_beat_to_beat(app, panel, take):
    drag(panel.timeline, (x_of(panel, 2) + 4, 100), (x_of(panel, 6) - 5, 120))
    assert app.state.selection.value == Span(pytest.approx(2), pytest.approx(6))


def test_the_grid_is_that_of_the_clip_that_is_heard(app, panel, take):
    tempo, first_bar = {"base": 120.0, "tuned": 100.0}, {"base": 0.0, "tuned": 0.3}
    app.state.pair.value = replace(app.state.pair.value, tempo=tempo, first_bar=first_bar)
    listening.hear(app, "tuned")
    assert panel.timeline.grid == Grid(100.0, 0.3) and panel.lines.text().startswith("100 BPM")
    listening.hear(app, "base")
    assert panel.timeline.grid == Grid(120.0) and panel.lines.text().startswith("120 BPM")
    app.state.blind.value = Blind("tuned", "base")
    assert panel.timeline.grid == Grid() and not panel.lines.text()


def test_alt_and_the_switch_turn_snapping_off(app, panel, take):
    drag(
        panel.timeline, (x_of(panel, 2) + 4, 100), (x_of(panel, 6) - 5, 120), Qt.KeyboardModifier.AltModifier
    )
    loose = app.state.selection.value
    assert loose.start > 2.01 and loose.end < 5.99
    panel.snap.click()
    listening.select(app, None)
    drag(panel.timeline, (x_of(panel, 3) + 4, 100), (x_of(panel, 6) - 5, 120))
    assert app.state.selection.value.start > 3.01


def test_an_end_of_the_selection_is_dragged_past_the_other(app, panel, take):
    listening.select(app, Span(2, 4))
    drag(panel.timeline, (x_of(panel, 4), 100), (x_of(panel, 1), 100))
    assert app.state.selection.value == Span(pytest.approx(1), pytest.approx(2))


def test_the_bar_in_the_ruler_moves_the_selection(app, panel, take):
    listening.select(app, Span(2, 4))
    drag(panel.timeline, (x_of(panel, 3), 3), (x_of(panel, 5), 3))
    assert app.state.selection.value == Span(pytest.approx(4), pytest.approx(6))


def test_shift_makes_the_selection_longer(app, panel, take):
    listening.select(app, Span(2, 4))
    shift = Qt.KeyboardModifier.ShiftModifier
    drag(panel.timeline, (x_of(panel, 5), 100), (x_of(panel, 6), 100), shift)
    assert app.state.selection.value == Span(pytest.approx(2), pytest.approx(6))


def test_a_double_click_selects_the_bar(app, panel, take):
    QTest.mouseDClick(panel.timeline, LEFT, pos=QPoint(x_of(panel, 3.1), 100))
    assert app.state.selection.value == Span(2.0, 4.0)


def wheel(widget, at, turn, keys=Qt.KeyboardModifier.NoModifier):
    event = QWheelEvent(
        QPointF(*at),
        widget.mapToGlobal(QPointF(*at)),
        QPoint(),
        QPoint(*turn),
        Qt.MouseButton.NoButton,
        keys,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(widget, event)


def test_the_wheel_zooms_at_the_mouse_and_pans_with_shift(app, panel, take):
    timeline, x = panel.timeline, x_of(panel, 4)
    before = timeline.view.seconds(x, timeline.width())
    wheel(timeline, (x, 100), (0, 480))
    assert timeline.view.span == pytest.approx(8 / 1.25**4)
    assert timeline.view.seconds(x, timeline.width()) == pytest.approx(before)
    start = timeline.view.start
    wheel(timeline, (x, 100), (0, -120), Qt.KeyboardModifier.ShiftModifier)
    assert timeline.view.start > start


def test_keys_move_the_playhead_by_lines(app, panel, take):
    panel.timeline.setFocus()
    beat = panel.timeline.grid.next_line(0, 1, panel.timeline.view, panel.timeline.width())
    QTest.keyClick(panel.timeline, Qt.Key.Key_Right)
    QTest.keyClick(panel.timeline, Qt.Key.Key_Right)
    assert app.state.playhead.value == pytest.approx(2 * beat)
    QTest.keyClick(panel.timeline, Qt.Key.Key_Home)
    assert app.state.playhead.value == 0


def test_while_it_plays_the_view_follows(app, panel, take):
    panel.timeline.zoom(4)
    app.state.playing.value = True
    app.state.playhead.value = 7.0
    assert panel.timeline.view.start <= 7.0 < panel.timeline.view.end


def test_a_view_stays_while_its_clip_grows_and_finishes(app, panel):
    whole = noise(4)
    growing = make_pair(np.zeros_like(whole), filled=0, rate=RATE)
    app.state.pair.value = growing
    stop = add_audio(growing, Audio("base", 0, whole[:, :RATE]))
    app.state.pair_grew.emit(growing, "base", 0, stop)
    pictures = panel.analysis.pictures("base")
    assert pictures.pyramid.covered == RATE
    panel.timeline.zoom(4)
    view = panel.timeline.view
    app.state.pair.value = make_pair(whole, rate=RATE)
    assert panel.timeline.view == view
    app.state.pair.value = make_pair(noise(2), rate=RATE, prompt="another")
    assert panel.timeline.view.span == 2


def test_ten_minutes_are_drawn_from_few_samples(app, panel):
    """What one picture of the whole clip touches: a level of the pyramid with some bins for each pixel."""
    rate = 32_000
    app.state.pair.value = make_pair(noise(600, 2, rate), rate=rate)
    pyramid = panel.analysis.pictures("base").pyramid
    assert pyramid.covered == 600 * rate
    peaks = pyramid.peaks(app.state.pair.value.base.audio, 0, 600 * rate, 1000)
    assert (peaks.greatest > 0.45).all()
    assert panel.grab().width() > 0
    panel.timeline.zoom(1000)
    assert panel.grab().width() > 0


def test_a_neutral_pair_has_one_lane(app, panel):
    app.state.pair.value = make_pair(noise(1), rate=RATE)
    assert [lane.which for lane in panel.timeline.lanes()] == ["base"]
    assert not panel.headers["tuned"].isVisible()


def test_spectrograms_are_made_when_they_are_looked_at(app, panel, take):
    spectrogram = panel.analysis.pictures("tuned").spectrogram
    assert not spectrogram.image(0, 8 * RATE, 10).any()
    panel.spectra.click()
    assert spectrogram.image(0, 8 * RATE, 10).any(axis=0).all()


def test_a_blind_comparison_gives_nothing_away(app, panel, take):
    app.state.blind.value = Blind("tuned", "base")
    lanes = panel.timeline.lanes()
    assert [(lane.which, lane.title, lane.veiled) for lane in lanes] == [
        ("tuned", "1", True),
        ("base", "2", True),
    ]
    first = panel.grab(scene_rect(panel)).toImage()
    app.state.blind.value = Blind("base", "tuned")
    app.state.heard.value = "base"
    assert panel.grab(scene_rect(panel)).toImage() == first
    for header in panel.headers.values():
        assert not header.handle.isVisible() and not header.stars.isVisible()
        assert "LUFS" not in header.name._told
    QTest.mouseClick(panel.headers["tuned"].name, LEFT)
    assert app.state.heard.value == "tuned"


def scene_rect(panel):
    """All of the panel, with the first lane heard in both orders."""
    panel._app.state.heard.value = panel._app.state.blind.value.one
    QApplication.processEvents()
    return panel.rect()


def test_each_clip_is_judged_in_a_record_of_its_take(app, panel, take):
    panel.headers["tuned"].stars.picked.emit(4)
    panel.headers["base"].stars.picked.emit(2)
    panel.headers["base"].dislike.click()
    panel.headers["tuned"].like.click()
    kept = read_preference(take)
    assert (kept.stars, kept.liked, kept.base_stars, kept.base_liked) == (4, True, 2, False)
    panel.headers["tuned"].like.click()
    assert read_preference(take).liked is None
    with open_library() as library:
        assert library.get("one").stars == 4


def test_a_judgement_is_undone_in_its_record(app, panel, take):
    panel.headers["tuned"].stars.picked.emit(4)
    panel.headers["base"].dislike.click()
    app.history.undo()
    assert read_preference(take).base_liked is None and not panel.headers["base"].dislike.isChecked()
    app.history.undo()
    assert set(read_preference(take).model_dump(exclude_none=True)) == {"schema", "changed"}
    with open_library() as library:
        assert library.get("one").stars is None
    app.history.redo()
    assert (read_preference(take).stars, app.state.preference.value.stars) == (4, 4)


def test_a_judgement_keeps_what_was_said_before_though_it_is_not_read_yet(app, panel, take):
    panel.headers["tuned"].stars.picked.emit(4)
    app.state.preference.value = None
    listening.judge(app, base_stars=2)
    kept = read_preference(take)
    assert (kept.stars, kept.base_stars) == (4, 2) and app.state.preference.value == kept
    app.history.undo()
    assert (read_preference(take).stars, read_preference(take).base_stars) == (4, None)


def test_a_clip_can_be_judged_in_the_lowest_lanes(app, panel, take):
    panel.resize(600, panel.minimumSizeHint().height())
    QApplication.processEvents()
    for header in panel.headers.values():
        assert header.height() < 62
        for judging in (header.stars, header.like, header.dislike, header.handle, header.name):
            assert judging.isVisible() and judging.parentWidget().rect().contains(judging.geometry())
            assert judging.visibleRegion().boundingRect().size() == judging.size()


def test_a_choice_made_blind_is_kept_and_unveiled(app, panel, take):
    listening.judge(app, stars=3)
    listening.begin_blind(app)
    two = app.state.blind.value.two
    listening.end_blind(app, two)
    assert app.state.blind.value is None
    kept = read_preference(take)
    assert (kept.choice, kept.stars) == (two, 3)
    for choice in ("tie", None):
        listening.begin_blind(app)
        listening.end_blind(app, choice)
        assert read_preference(take).choice == "tie"


def test_handles_stand_on_the_selection_only_when_it_is_wide_enough(app, panel, take):
    assert not any(handle.isVisible() for handle in panel._handles)
    listening.select(app, Span(2, 4))
    right = x_of(panel, 4)
    tops = [rect.top() for rect in scene.lane_rects(2, panel.timeline.width(), panel.timeline.height())]
    assert [handle.y() for handle in panel._handles] == [int(top) + 4 for top in tops]
    assert all(handle.isVisible() and handle.x() < right for handle in panel._handles)
    listening.select(app, Span(2, 2.05))
    assert not any(handle.isVisible() for handle in panel._handles)


def test_nothing_flickers_when_a_take_is_finished_and_written(app, panel, monkeypatch):
    """The new pair's pictures are made in the background; until then the old ones are shown."""
    whole = noise(2)
    app.state.pair.value = make_pair(whole, rate=RATE)
    shown = panel.analysis.pictures("base")
    waiting = []
    monkeypatch.setattr(app.background, "call", lambda work, then: waiting.append((work, then)))
    app.state.pair.value = finished = make_pair(whole.copy(), rate=RATE)
    assert panel.analysis.pictures("base") is shown
    while waiting:
        work, then = waiting.pop(0)
        then(work())
    assert panel.analysis.pictures("base").clip is finished.base
    kept = panel.analysis.pictures("base")
    app.state.pair.value = replace(finished, folder=takes_dir() / "x")
    while waiting:
        work, then = waiting.pop(0)
        then(work())
    assert panel.analysis.pictures("base") is kept


def test_audio_that_comes_while_a_piece_is_taken_in_is_not_forgotten(app, panel, monkeypatch):
    whole, waiting = noise(2), []
    monkeypatch.setattr(app.background, "call", lambda work, then: waiting.append((work, then)))
    growing = make_pair(np.zeros_like(whole), filled=0, rate=RATE)
    app.state.pair.value = growing
    results = [(work(), then) for work, then in waiting]  # there was nothing to take in yet
    waiting.clear()
    stop = add_audio(growing, Audio("base", 0, whole))
    app.state.pair_grew.emit(growing, "base", 0, stop)
    for result, then in results:
        then(result)
    for work, then in waiting:
        then(work())
    assert panel.analysis.pictures("base").pyramid.covered == 2 * RATE
