"""The waveform of the audio to begin from, driven with mouse and keys in the window."""

from dataclasses import replace

import numpy as np
import pytest
import soundfile
from PySide6.QtCore import QPoint, Qt

from desktop.actions import mixing, prompting

LEFT = Qt.MouseButton.LeftButton
SHIFT = Qt.KeyboardModifier.ShiftModifier


@pytest.fixture
def strip(app, window, settled, tmp_path, qtbot):
    """The strip of a file of ten seconds, all of which is used."""
    soundfile.write(tmp_path / "riff.wav", np.sin(np.arange(80_000) / 9).astype(np.float32), 8000)
    prompting.set_audio_prompt(app, tmp_path / "riff.wav")
    found = window.panels["prompt"].audio.strip
    qtbot.waitUntil(lambda: found.span is not None and found.isVisible())
    return found


def at(strip, seconds):
    """The point of a second."""
    return QPoint(round(seconds / 10 * strip.width()), strip.height() // 2)


def drag(qtbot, strip, *seconds):
    """Press at the first of `seconds` and move on to the others."""
    qtbot.mousePress(strip, LEFT, pos=at(strip, seconds[0]))
    for second in seconds[1:]:
        qtbot.mouseMove(strip, at(strip, second))


def used(app):
    """Start and end of what is used."""
    prompt = app.state.draft.value.audio_prompt
    return prompt.start, prompt.end


def test_a_drag_of_an_end_is_one_entry_and_the_fields_follow(app, window, strip, qtbot):
    drag(qtbot, strip, 0, 1, 2, 3)
    qtbot.mouseRelease(strip, LEFT, pos=at(strip, 3))
    assert used(app) == pytest.approx((3, 10), abs=0.05)
    assert window.panels["prompt"].audio.start.value() == pytest.approx(3, abs=0.05)
    mixing.undo(app)
    assert used(app)[0] == 0


def test_escape_takes_a_drag_back(app, strip, qtbot):
    drag(qtbot, strip, 10, 8, 6)
    assert used(app)[1] == pytest.approx(6, abs=0.05)
    qtbot.keyClick(strip, Qt.Key.Key_Escape)
    assert used(app)[1] == 10


def test_the_arrows_move_it_and_with_shift_its_end(app, strip, qtbot):
    prompting.set_audio_range(app, 2, 4)
    qtbot.keyClick(strip, Qt.Key.Key_Right)
    assert used(app) == pytest.approx((2.1, 4.1))
    qtbot.keyClick(strip, Qt.Key.Key_PageUp, SHIFT)
    assert used(app) == pytest.approx((2.1, 5.1))
    assert "2.10 to 5.10 of 10.00" in strip.accessibleName()


def test_a_double_click_takes_all(app, strip, qtbot):
    prompting.set_audio_range(app, 2, 4)
    qtbot.mouseDClick(strip, LEFT, pos=at(strip, 3))
    assert used(app) == (0, 10)


def test_a_file_that_went_away_says_so_in_its_place(app, window, strip, tmp_path, qtbot):
    prompt = app.state.draft.value.audio_prompt
    gone = prompt.model_copy(update={"path": tmp_path / "gone.wav"})
    app.state.draft.value = replace(app.state.draft.value, audio_prompt=gone)
    qtbot.waitUntil(lambda: "gone.wav" in strip.accessibleName())
    assert strip.span is None
