from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest
import soundfile
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QDrag, QMouseEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from desktop import theme
from desktop.actions import generating
from desktop.draft import Bars
from desktop.library import looks
from desktop.library.looks import COLUMNS, look_at
from desktop.library.measurements import keep_measured, read_measured
from desktop.library.panel import LibraryPanel
from desktop.pair.facts import facts_of, facts_shown
from desktop.pairs import pair_of
from engine.library import open_library
from engine.paths import takes_dir, trash_dir
from engine.preferences import Preference, read_preference, write_preference
from engine.take import read_take
from tests.desktop.alone import make_app
from tests.engine.takes import RATE, make_take, write_noise

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def app(qapp):
    theme.apply(qapp, "dark")
    return make_app()


def keep(number, **take):
    folder = write_noise(
        takes_dir() / f"t{number}", created=START + timedelta(days=number), seed=number, **take
    )
    return folder


@pytest.fixture
def three():
    rock = keep(1, prompt="classic rock, piano", knobs={"energy": 3})
    jazz = keep(2, prompt="smooth jazz, piano", knobs={"valence": -2, "energy": 1})
    folk = keep(3, prompt="folk")
    write_preference(rock, Preference(stars=5, liked=True))
    write_preference(jazz, Preference(stars=2, liked=False))
    return rock, jazz, folk


@pytest.fixture
def panel(app, qtbot, three):
    made = LibraryPanel(app)
    qtbot.addWidget(made)
    made.resize(300, 700)
    made.show()
    QApplication.processEvents()
    return made


def names(panel):
    return [entry.name for entry in panel.model.entries]


def choose(combo, text):
    combo.setCurrentIndex(combo.findText(text))


def test_every_take_is_there_the_newest_first(panel):
    assert names(panel) == ["t3", "t2", "t1"]
    assert panel.found.text() == "3 takes"


def test_typing_finds(panel, qtbot):
    panel.search.setText("piano ROCK")
    qtbot.waitUntil(lambda: names(panel) == ["t1"])
    panel.search.setText("trumpet")
    qtbot.waitUntil(lambda: names(panel) == [])
    assert panel.found.text() == "No take is like that."


@pytest.mark.parametrize(
    ("combo", "choice", "found"),
    [
        ("rated", "★★★ and more", ["t1"]),
        ("rated", "Disliked", ["t2"]),
        ("knob", "Energy", ["t2", "t1"]),
        ("knob", "Valence", ["t2"]),
    ],
)
def test_filters_and_order(panel, combo, choice, found):
    choose(getattr(panel, combo), choice)
    assert names(panel) == found


@pytest.mark.parametrize(
    ("number", "found"), [(0, ["t3", "t2", "t1"]), (1, ["t1", "t2", "t3"]), (2, ["t1", "t2", "t3"])]
)
def test_the_order_is_chosen(panel, number, found):
    panel.order_menu().actions()[number].trigger()
    assert names(panel) == found
    assert panel.order_menu().actions()[number].isChecked()


def test_a_double_click_opens_a_take_with_what_was_said_and_measured(app, panel, three):
    rock = three[0]
    keep_measured(rock / "tuned.wav", {"tempo": 93.0, "tempo_confidence": 0.9})
    place = panel.list.visualRect(panel.model.index(2)).center()
    QTest.mouseClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    QTest.mouseDClick(panel.list.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert app.state.pair.value.folder == rock
    assert app.state.preference.value.stars == 5
    assert facts_shown(app.state, "tuned").tempo == 93.0
    assert app.background.measured == [rock / "base.wav"]


def test_a_counted_tempo_goes_before_a_measured_one(app, panel, three):
    rock = three[0]
    counted = pair_of(read_take(rock), rock)
    app.state.pair.value = replace(counted, tempo={"tuned": 120.0})
    app.state.measured.value = {rock / "tuned.wav": {"tempo": 60.0, "tempo_confidence": 0.9}}
    assert facts_shown(app.state, "tuned").tempo == 120.0
    assert facts_of(app.state.pair.value, "tuned", {}, Bars(2, 118.0)).tempo == 120.0
    nearly = {rock / "tuned.wav": {"tempo": 119.0, "tempo_confidence": 0.9}}
    assert facts_of(app.state.pair.value, "tuned", nearly, Bars(2, 118.0)).tempo == 120.0


def test_what_the_app_measures_is_kept(app, three):
    kept = []
    app.background.measure = lambda path, then: (kept.append(path), then({"energy": 0.25}))
    generating.measure(app, three[0] / "tuned.wav")
    assert read_measured(three[0]) == {three[0] / "tuned.wav": {"energy": 0.25}}
    generating.measure(app, three[0] / "tuned.wav")
    assert len(kept) == 1


def test_settings_are_restored_and_can_be_undone(app, panel):
    before = app.state.draft.value
    panel.select(1)
    panel.restore_button.click()
    draft = app.state.draft.value
    assert (draft.prompt, draft.seed, draft.seed_locked) == ("smooth jazz, piano", 2, True)
    assert dict(draft.mix.knobs) == {"valence": -2, "energy": 1}
    app.history.undo()
    assert app.state.draft.value == before


def test_two_takes_are_compared(panel):
    panel.select(0, 2)
    assert panel.compare_button.isEnabled() and not panel.open_button.isEnabled()
    panel.compare_button.click()
    assert panel.detail.texts() == [
        ["", "Upper take", "Lower take"],
        ["Prompt", "folk", "classic rock, piano"],
        ["Energy", "–", "+3"],
        ["Seed", "3", "1"],
    ]


def test_measured_is_shown_against_asked(panel, app, three):
    jazz = three[1]
    panel.select(1)
    assert panel.detail.texts() == [["It is measured when it is opened."]]
    app.state.measured.value = {
        jazz / "base.wav": {"energy": 0.5, "valence": 0.5},
        jazz / "tuned.wav": {"energy": 0.25, "valence": 0.25},
    }
    panel.grab()
    panel._show_selected()
    assert panel.detail.texts() == [
        ["Knob", "Asked", "Base", "Tuned", ""],
        ["Energy", "+1", "0.50", "0.25", "✗"],
        ["Valence", "−2", "0.50", "0.25", "✓"],
    ]


def test_listeners_knobs_are_told_by_stand_ins_and_what_cannot_be_told_is_named(panel, app):
    folder = keep(4, knobs={"rating": 2, "tempo": -3})
    app.state.library_changed.emit()
    app.state.measured.value = {
        folder / "base.wav": {"rating": 0.25, "tempo": 100.0},
        folder / "tuned.wav": {"rating": 0.5, "tempo": None},
    }
    panel.select(0)
    assert panel.detail.texts()[1:] == [
        ["≈ Rating", "+2", "0.25", "0.50", "✓"],
        ["Tempo", "−3", "–", "–", "?"],
    ]


def test_deleted_takes_come_back(app, panel, three):
    app.state.pair.value = None
    panel.select(0)
    panel.open()
    panel.select(0, 1)
    QTest.keyClick(panel.list, Qt.Key.Key_Delete)
    assert names(panel) == ["t1"]
    assert app.state.pair.value is None
    assert len(list(trash_dir().iterdir())) == 2
    notice = app.state.notice.value
    assert (notice.text, notice.action) == ("Deleted 2 takes.", "Undo")
    notice.run()
    assert names(panel) == ["t3", "t2", "t1"]
    assert read_preference(three[1]).stars == 2


def test_what_was_deleted_comes_back_long_after_the_notice_is_gone(app, panel, qtbot):
    assert not panel.back_button.isVisible()
    for rows in ((0, 1), (0,)):
        panel.select(*rows)
        panel.delete_button.click()
    app.state.notice.value = None
    again = LibraryPanel(app)
    qtbot.addWidget(again)
    again.show()
    again.back_button.click()
    assert names(again) == ["t1"]
    assert again.back_button.toolTip() == "Bring back the 2 takes that were deleted last"
    again.back_button.click()
    assert names(again) == ["t3", "t2", "t1"]
    assert not again.back_button.isVisible()


def test_stars_are_given_from_the_list(app, panel, three):
    write_preference(three[1], Preference(stars=2, liked=False, choice="tie"))
    panel.select(1)
    panel._rate(4)
    kept = read_preference(three[1])
    assert (kept.stars, kept.liked, kept.choice) == (4, False, "tie")
    assert panel.model.entries[1].stars == 4
    assert [entry.name for entry in panel.selected()] == ["t2"]
    panel._app.history.undo()
    assert read_preference(three[1]).stars == 2


@pytest.fixture
def dropped(monkeypatch):
    """What drags would drop."""
    files = []

    def take_over(drag, actions):
        files.extend(Path(url.toLocalFile()) for url in drag.mimeData().urls())
        return Qt.DropAction.CopyAction

    monkeypatch.setattr(QDrag, "exec", take_over)
    return files


def grab(panel, number):
    """Press a row and pull it."""
    view, at = panel.list.viewport(), panel.list.visualRect(panel.model.index(number)).center()
    QTest.mousePress(view, Qt.MouseButton.LeftButton, pos=at)
    for by in (20, 40, 60):
        moved, left = QPointF(at) + QPointF(by, 0), Qt.MouseButton.LeftButton
        none = Qt.KeyboardModifier.NoModifier
        QApplication.sendEvent(
            view, QMouseEvent(QEvent.Type.MouseMove, moved, view.mapToGlobal(moved), left, left, none)
        )


def test_a_row_is_dragged_out_as_a_finished_file(panel, three, dropped):
    grab(panel, 2)
    (path,) = dropped
    assert path.name == "classic-rock-piano-seed1-tuned.wav"
    samples, _ = soundfile.read(path, dtype="float32")
    np.testing.assert_allclose(samples, read_take(three[0]).tuned[0], atol=2**-22)


def test_a_row_is_dragged_when_its_file_is_written_unless_it_was_let_go(app, panel, dropped, monkeypatch):
    waiting = []
    monkeypatch.setattr(
        app.background, "call", lambda work, then=None, failed=None: waiting.append((work, then))
    )
    for number in (2, 1):
        grab(panel, number)
        assert not dropped and len(waiting) == 1
        if number == 2:
            QTest.mouseRelease(panel.list.viewport(), Qt.MouseButton.LeftButton)
        work, then = waiting.pop()
        then(work())
    assert [path.name for path in dropped] == ["smooth-jazz-piano-seed2-tuned.wav"]


def test_a_new_take_appears_and_the_selection_stays(app, panel):
    panel.select(1)
    keep(4, prompt="new")
    app.state.library_changed.emit()
    assert names(panel) == ["t4", "t3", "t2", "t1"]
    assert [entry.name for entry in panel.selected()] == ["t2"]


def test_an_answer_to_an_older_question_is_dropped(app, panel, monkeypatch):
    waiting = []
    monkeypatch.setattr(
        app.background, "library", lambda work, then=None, failed=None: waiting.append((work, then))
    )
    choose(panel.rated, "Liked")
    choose(panel.rated, "Disliked")
    for work, then in reversed(waiting):
        with open_library() as library:
            then(work(library))
    assert names(panel) == ["t2"]


def test_a_take_that_cannot_be_read_looks_like_silence(tmp_path):
    (tmp_path / "tuned.wav").write_text("no audio")
    assert not look_at(tmp_path).peaks.any()


def test_a_look_shows_the_whole_clip(tmp_path):
    take = make_take(seconds=1.0, knobs={"energy": 1})
    take.tuned[:, RATE // 2 :] *= 0.1
    from engine.take import write_take

    peaks = look_at(write_take(take, tmp_path / "take").folder).peaks
    assert peaks.shape == (2, COLUMNS)
    assert peaks[1, : COLUMNS // 2 - 1].min() > 0.4
    assert 0 < peaks[1, COLUMNS // 2 + 1 :].max() <= 0.05


def test_of_a_thousand_takes_only_those_that_are_seen_are_looked_at(app, qtbot, monkeypatch):
    """Their rows come from the index; recipes and audio are read only for the screen."""
    folder = keep(0, knobs={"energy": 1})
    looked = []
    monkeypatch.setattr(looks, "look_at", lambda folder: (looked.append(folder), look_at(folder))[1])
    with open_library() as library:
        library.sync()
        rows = [
            (f"n{number:04}", (START + timedelta(hours=number)).isoformat(timespec="microseconds"), number)
            for number in range(1000)
        ]
        library._db.executemany(
            "INSERT INTO takes SELECT ?, ?, prompt, model, ?, seconds, knobs, partial, choice, stars, liked,"
            " words FROM takes WHERE name = 't0'",
            [(name, created, seed) for name, created, seed in rows],
        )
        entries = library.search()
    assert len(entries) == 1001
    monkeypatch.setattr("desktop.library.actions.search", lambda app, query, then: then(entries))
    made = LibraryPanel(app)
    qtbot.addWidget(made)
    made.resize(300, 700)
    made.show()
    QApplication.processEvents()
    made.grab()
    seen = made.list.viewport().height() // 64 + 2
    assert 0 < len(set(looked)) <= seen
    made.list.scrollToBottom()
    made.grab()
    assert len(set(looked)) <= 2 * seen + 2
    assert folder in [entry.folder for entry in made.model.entries]
    QTest.mouseMove(made.list.viewport(), QPoint(10, 10))
