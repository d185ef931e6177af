"""The window: prompt, drawer, keys, theme, what is dropped on it."""

import numpy as np
import pytest
import soundfile
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication

from desktop import session, theme
from desktop.actions import generating, mixing, models, prompting
from desktop.commands import GROUPS
from tests.desktop.conftest import ended

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def prompt(window, settled):
    return window.panels["prompt"]


def test_the_first_start_suggests_a_prompt_and_the_starter(app, prompt):
    assert prompt.text.toPlainText() == "jazz, piano, double bass, drums"
    assert app.state.draft.value.model == "starter"


def test_what_is_typed_is_the_prompt_and_a_run_of_it_one_entry(app, prompt, qtbot):
    prompt.text.clear()
    before = app.state.draft.value.prompt
    prompt._typing.end()
    qtbot.keyClicks(prompt.text, "slow blues")
    assert app.state.draft.value.prompt == "slow blues"
    mixing.undo(app)
    assert app.state.draft.value.prompt == before == prompt.text.toPlainText()
    mixing.redo(app)
    assert prompt.text.toPlainText() == "slow blues"


def test_letters_in_the_prompt_are_not_shortcuts(app, window, prompt, qtbot):
    window.activateWindow()
    prompt.text.setFocus()
    prompt.text.clear()
    qtbot.keyClicks(prompt.text, "a blx d ")
    assert prompt.text.toPlainText() == "a blx d "
    assert not app.state.loop.value and app.state.heard.value == "base"


def test_ctrl_enter_generates(app, window, prompt, backend, qtbot):
    window.activateWindow()
    prompt.text.setFocus()
    qtbot.keyClick(prompt.text, Qt.Key.Key_Return, Qt.KeyboardModifier.ControlModifier)
    qtbot.waitUntil(lambda: ended(app))
    assert len(backend.jobs) == 1
    assert session.recent_prompts() == ["jazz, piano, double bass, drums"]


def test_a_suggested_word_is_added_and_taken_away_and_a_genre_replaced(app, prompt):
    prompt._toggle("trumpet")
    prompt._toggle("techno")
    assert app.state.draft.value.prompt == "techno, piano, double bass, drums, trumpet"
    prompt._toggle("piano")
    assert app.state.draft.value.prompt == "techno, double bass, drums, trumpet"


def test_bars_at_a_tempo_are_the_length(app, prompt):
    prompt._unit_picked(1)
    prompt.bars.setValue(4)
    prompt.tempo.setValue(96)
    assert app.state.draft.value.settings.seconds == 10
    assert prompt.bars.isVisible() and not prompt.seconds.isVisible()
    prompt._unit_picked(0)
    assert app.state.draft.value.bars is None and prompt.seconds.value() == 10


def test_a_typed_seed_is_locked_and_the_dice_draws_another(app, prompt, qtbot):
    prompt.seed.setText("77")
    prompt.seed.editingFinished.emit()
    assert app.state.draft.value.seed == 77 and prompt.lock.isChecked()
    qtbot.mouseClick(prompt.dice, LEFT)
    assert app.state.draft.value.seed != 77
    mixing.undo(app)
    assert prompt.seed.text() == "77"


def test_more_shows_the_sampling(app, prompt, qtbot):
    assert not prompt.sampling["guidance"].isVisible()
    qtbot.mouseClick(prompt.more, LEFT)
    assert {box.text() for box in prompt.sampling.values()} == {"auto"}
    prompt.sampling["guidance"].setValue(5.5)
    prompt.sampling["top_k"].setValue(50)
    settings = app.state.draft.value.settings
    assert (settings.guidance, settings.temperature, settings.top_k) == (5.5, None, 50)
    prompt.sampling["guidance"].setValue(prompt.sampling["guidance"].minimum())
    assert app.state.draft.value.settings.guidance is None


def test_a_dropped_audio_file_is_where_it_begins(app, window, prompt, tmp_path, qtbot):
    file = tmp_path / "riff.wav"
    soundfile.write(file, np.zeros(16000), 8000)
    models.drop(app, file)
    qtbot.waitUntil(lambda: app.state.draft.value.audio_prompt is not None)
    audio = app.state.draft.value.audio_prompt
    assert (audio.path, audio.role, audio.start, audio.end) == (file, "continue", 0, 2)
    assert prompt.audio.isVisible()
    prompt.audio.end.setValue(1.5)
    prompt.audio.role.activated.emit(1)
    audio = app.state.draft.value.audio_prompt
    assert (audio.role, audio.end) == ("melody", 1.5)
    prompting.clear_audio_prompt(app)
    assert not prompt.audio.isVisible()


def test_a_file_that_is_no_audio_is_told(app, window, tmp_path, qtbot):
    (tmp_path / "x.wav").write_text("no")
    models.drop(app, tmp_path / "x.wav")
    qtbot.waitUntil(lambda: app.state.notice.value is not None)
    assert app.state.notice.value.problem and app.state.draft.value.audio_prompt is None


def test_a_folder_that_is_nothing_is_told(app, window, tmp_path):
    models.drop(app, tmp_path)
    assert "neither a model nor a pack" in window.status.text.text()


def test_the_drawer_opens_and_closes(window):
    for name in ("queue", "models", "presets"):
        window.actions_by_name[f"tab_{name}"].trigger()
        assert window._drawer.isVisible() and window.drawer.currentWidget() is window.panels[name]
    window.actions_by_name["tab_presets"].trigger()
    assert not window._drawer.isVisible()


def test_every_key_is_there_once_and_in_the_keyboard_map(window):
    keys = [command.keys for _, commands in GROUPS for command in commands if command.keys]
    assert len(keys) == len(set(keys))
    window.actions_by_name["keys"].trigger()
    assert window.overlay.isVisible()
    from PySide6.QtWidgets import QLabel

    shown = {label.text() for label in window.overlay.findChildren(QLabel)}
    assert {key.replace("Return", "Enter") for key in keys} <= shown


def test_escape_leaves_the_overlay_and_stops_nothing(window, app, gate, qtbot):
    generating.generate(app)
    assert gate.reached.acquire(timeout=60)
    window.activateWindow()
    window.actions_by_name["about"].trigger()
    qtbot.keyClick(window.overlay, Qt.Key.Key_Escape)
    assert not window.overlay.isVisible()
    gate.let_all()
    qtbot.waitUntil(lambda: ended(app))
    assert app.state.queue.value[-1].status == "done"


def test_closing_asks_once_for_the_jobs_of_then_and_again_for_later_ones(window, app, gate, qtbot):
    generating.generate(app)
    assert gate.reached.acquire(timeout=60)
    assert not window.close()
    assert app.state.notice.value.action == "Stop and close"
    gate.let_all()
    qtbot.waitUntil(lambda: ended(app))
    generating.generate(app)
    assert not window.close()
    assert window.close()


def test_it_fits_into_1100_by_700_at_its_smallest(window):
    window.resize(100, 100)
    assert (window.width(), window.height()) == (1100, 700)
    assert window.centralWidget().minimumSizeHint().width() <= 1100
    assert window.centralWidget().minimumSizeHint().height() <= 700


def test_all_that_can_be_unfolded_fits_into_the_smallest_window(window, app, prompt, tmp_path, qtbot):
    file = tmp_path / "riff.wav"
    soundfile.write(file, np.zeros(16000), 8000)
    generating.generate(app)
    qtbot.waitUntil(lambda: ended(app))
    window.resize(1100, 700)
    overview = window.panels["pair"].overview
    assert overview.isVisible()
    qtbot.mouseClick(prompt.more, LEFT)
    models.drop(app, file)
    qtbot.waitUntil(prompt.audio.isVisible)
    qtbot.waitUntil(lambda: not overview.isVisible())
    for theme_once_more in (False, True):
        if theme_once_more:
            window.toggle_theme()
        QApplication.processEvents()
        assert window.centralWidget().minimumSizeHint().height() <= 700
        for header in window.panels["pair"].headers.values():
            for inner in (header.stars, header.like, header.dislike, header.name):
                place = inner.mapTo(header, inner.rect().topLeft())
                assert header.rect().contains(inner.rect().translated(place))
        knobs = window.panels["knobs"]
        assert knobs.amount.geometry().bottom() < knobs.slot_a.geometry().top()
    prompting.clear_audio_prompt(app)
    qtbot.mouseClick(prompt.more, LEFT)
    qtbot.waitUntil(overview.isVisible)


def test_light_and_dark(window, qtbot):
    window.toggle_theme()
    assert theme.current() is theme.LIGHT
    assert QApplication.palette().window().color().name() == theme.LIGHT.background
    window.toggle_theme()
    assert theme.current() is theme.DARK


def test_a_knob_without_an_adapter_is_left_out_of_the_job_and_that_is_told(
    window, app, adapters, backend, qtbot
):
    mixing.set_knob(app, "energy", 2)
    mixing.set_knob(app, "views", 3)
    generating.generate(app)
    qtbot.waitUntil(lambda: ended(app))
    assert dict(backend.jobs[0].mix.knobs) == {"energy": 2}
    assert "View count" in window.status.text.text()
