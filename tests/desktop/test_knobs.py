"""The knobs, turned as a user turns them."""

import base64
import re
from dataclasses import replace
from typing import get_args

import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QColor, QImage, QWheelEvent
from PySide6.QtWidgets import QApplication, QMessageBox

from desktop import theme
from desktop.about_metrics import SKETCH, VERDICTS
from desktop.actions import mixing
from desktop.midi import actions as midi
from desktop.state import MidiState
from desktop.widgets.knob import DRAG_PIXELS, Knob
from engine.packs import DosePoint, Verdict

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def energy(window, adapters) -> Knob:
    return window.panels["knobs"].knobs["energy"]


def knob_value(app, name="energy"):
    return app.state.draft.value.mix.knobs.get(name, 0.0)


def drag(qtbot, knob: Knob, up: int, modifier=Qt.KeyboardModifier.NoModifier, release=True):
    start = knob.rect().center()
    qtbot.mousePress(knob, LEFT, modifier, start)
    for pixel in range(1, abs(up) + 1):
        qtbot.mouseMove(knob, start - QPoint(0, pixel if up > 0 else -pixel))
    if release:
        qtbot.mouseRelease(knob, LEFT, modifier, start - QPoint(0, up))


def wheel(knob: Knob, notches: int, modifier=Qt.KeyboardModifier.NoModifier):
    center = QPointF(knob.rect().center())
    event = QWheelEvent(
        center, QPointF(knob.mapToGlobal(center.toPoint())), QPoint(), QPoint(0, 120 * notches),
        Qt.MouseButton.NoButton, modifier, Qt.ScrollPhase.NoScrollPhase, False,
    )  # fmt: skip
    QApplication.sendEvent(knob, event)


def test_a_drag_turns_it_by_its_range_in_200_pixels_as_one_entry(app, energy, qtbot):
    drag(qtbot, energy, 40)
    assert knob_value(app) == pytest.approx(40 / DRAG_PIXELS * 10)
    assert energy.current == knob_value(app)
    drag(qtbot, energy, -60)
    assert knob_value(app) == pytest.approx(-1.0)
    mixing.undo(app)
    assert knob_value(app) == pytest.approx(2.0)
    mixing.undo(app)
    assert knob_value(app) == 0
    mixing.redo(app)
    assert energy.current == pytest.approx(2.0)


def test_the_pointer_is_hidden_while_it_is_dragged(energy, qtbot):
    drag(qtbot, energy, 5, release=False)
    assert energy.cursor().shape() == Qt.CursorShape.BlankCursor
    qtbot.mouseRelease(energy, LEFT)
    assert energy.cursor().shape() != Qt.CursorShape.BlankCursor


def test_it_stops_at_its_ends(app, energy, qtbot):
    drag(qtbot, energy, 300)
    assert knob_value(app) == 5
    drag(qtbot, energy, -600)
    assert knob_value(app) == -5


def test_escape_takes_a_drag_back(app, energy, qtbot):
    mixing.set_knob(app, "energy", 1.5)
    drag(qtbot, energy, 50, release=False)
    assert knob_value(app) == pytest.approx(4.0)
    qtbot.keyClick(energy, Qt.Key.Key_Escape)
    assert knob_value(app) == 1.5
    qtbot.mouseMove(energy, QPoint(5, 5))
    assert knob_value(app) == 1.5
    mixing.undo(app)
    assert knob_value(app) == 0


def test_a_double_click_leads_home(app, energy, qtbot):
    mixing.set_knob(app, "energy", 3)
    qtbot.mouseDClick(energy, LEFT, pos=QPoint(energy.width() // 2, 40))
    assert knob_value(app) == 0


def test_the_wheel_turns_in_steps_finer_with_shift_and_a_run_is_one_entry(app, energy):
    wheel(energy, 2)
    wheel(energy, 1)
    assert knob_value(app) == pytest.approx(0.75)
    wheel(energy, -1, Qt.KeyboardModifier.ShiftModifier)
    assert knob_value(app) == pytest.approx(0.7)
    mixing.undo(app)
    assert knob_value(app) == 0


@pytest.mark.parametrize(
    ("key", "value"),
    [
        (Qt.Key.Key_Up, 0.25),
        (Qt.Key.Key_Down, -0.25),
        (Qt.Key.Key_PageUp, 1.0),
        (Qt.Key.Key_PageDown, -1.0),
        (Qt.Key.Key_Home, -5.0),
        (Qt.Key.Key_End, 5.0),
    ],
)
def test_keys_turn_it(app, energy, qtbot, key, value):
    qtbot.keyClick(energy, key)
    assert knob_value(app) == value


def test_a_number_is_typed_and_limited(app, energy, qtbot):
    energy.setFocus()
    qtbot.keyClicks(energy, "3")
    qtbot.keyClicks(energy._editor, ".25")
    qtbot.keyClick(energy._editor, Qt.Key.Key_Return)
    assert knob_value(app) == 3.25
    qtbot.keyClick(energy, Qt.Key.Key_Return)
    energy._editor.setText("-4,5")
    qtbot.keyClick(energy._editor, Qt.Key.Key_Return)
    assert knob_value(app) == -4.5
    qtbot.keyClick(energy, Qt.Key.Key_Return)
    qtbot.keyClick(energy._editor, Qt.Key.Key_Escape)
    assert energy._editor is None and knob_value(app) == -4.5


def test_a_knob_without_an_adapter_is_disabled_and_says_how_to_get_one(window, app, adapters):
    knob = window.panels["knobs"].knobs["views"]
    assert not knob.isEnabled()
    assert "pack" in knob.tooltip()


def test_a_knob_with_one_adapter_goes_one_way(window, app, adapters, qtbot):
    tempo = window.panels["knobs"].knobs["tempo"]
    qtbot.keyClick(tempo, Qt.Key.Key_Down)
    assert knob_value(app, "tempo") == 0
    qtbot.keyClick(tempo, Qt.Key.Key_End)
    assert knob_value(app, "tempo") == 5


def test_name_and_value_are_spoken(energy, app):
    assert energy.accessibleName() == "Energy 0"
    mixing.set_knob(app, "energy", -2.5)
    assert energy.accessibleName() == "Energy -2.5"


def test_the_tooltip_tells_what_it_does_and_how_well(energy):
    assert "Loud, dense and fast" in energy.tooltip()
    assert "works" in energy.tooltip()


def test_the_tooltip_has_a_sketch_of_the_measured_doses(app, energy):
    assert "<img" not in energy.tooltip()
    doses = [(-5, 0.2), (0, 0.4), (5, 0.8)]
    points = tuple(DosePoint(strength=s, mean=m, interval=(m - 0.1, m + 0.1)) for s, m in doses)
    adapters = dict(app.state.adapters.value)
    raising = adapters["energy", "positive"]
    card = raising.card.model_copy(update={"doses": points})
    app.state.adapters.value = {**adapters, ("energy", "positive"): replace(raising, card=card)}
    (data,) = re.findall(r'src="data:image/png;base64,([^"]+)"', energy.tooltip())
    sketch = QImage.fromData(base64.b64decode(data), "PNG")
    assert (sketch.width(), sketch.height()) == SKETCH

    def height(x: int) -> float:
        """The middle of what is drawn in the colour of the tuned clip in a column."""
        curve, inset = theme.color("tuned"), theme.color("inset")
        near = [y for y in range(sketch.height()) if closer(sketch.pixelColor(x, y), curve, inset)]
        return sum(near) / len(near)

    assert height(sketch.width() - 15) < height(sketch.width() // 2 - 5) < height(15)


def closer(color: QColor, to: QColor, than: QColor) -> bool:
    def away(other: QColor) -> int:
        return sum(abs(a - b) for a, b in zip(color.getRgb(), other.getRgb(), strict=True))

    return away(to) < away(than)


def test_there_are_words_for_every_verdict_of_a_card():
    assert set(VERDICTS) == set(get_args(Verdict))


def test_tab_leads_from_knob_to_knob(window, adapters, energy, qtbot):
    window.activateWindow()
    energy.setFocus()
    qtbot.keyClick(energy, Qt.Key.Key_Tab)
    assert isinstance(QApplication.focusWidget(), Knob)
    assert QApplication.focusWidget() is not energy


@pytest.fixture
def choose(energy):
    """Opens the knob's menu and takes what has this text, if it can be taken."""

    def take(text: str) -> None:
        menu = energy.menu()
        (action,) = (action for action in menu.actions() if action.text() == text)
        action.trigger()
        menu.deleteLater()

    return take


def test_the_menu_sets_to_0_and_takes_a_value(app, energy, choose, qtbot):
    mixing.set_knob(app, "energy", 3)
    choose("Set to 0")
    assert knob_value(app) == 0
    choose("Enter a value…")
    energy._editor.setText("2.5")
    qtbot.keyClick(energy._editor, Qt.Key.Key_Return)
    assert knob_value(app) == 2.5


def test_the_menu_learns_a_controller_and_forgets_it(window, app, energy, choose):
    choose("Learn a MIDI controller")
    assert "Choose a MIDI port" in window.status.text.text()
    app.state.midi.value = MidiState(ports=("Faders",), port="Faders")
    choose("Forget its MIDI controller")
    assert app.state.midi.value.learning is None
    choose("Learn a MIDI controller")
    assert app.state.midi.value.learning == "energy" and energy.mark == "…"
    midi.learned(app, (0, 21))
    assert energy.mark == "CC21"
    choose("Forget its MIDI controller")
    assert app.state.midi.value.controls == {} and energy.mark == ""


def test_the_menu_tells_about_the_metric(window, energy, choose):
    choose("About Energy")
    (box,) = window.findChildren(QMessageBox)
    assert box.isVisible() and not box.isModal()
    assert box.text() == energy.tooltip()
    box.close()


def test_the_bar_shows_the_weights_base_included(window, app, adapters):
    bar = window.panels["knobs"].bar
    mixing.set_knob(app, "energy", 3)
    mixing.set_knob(app, "valence", -2)
    assert [name for name, _ in bar.parts()] == ["base", "energy", "valence"]
    widths = [rect.width() / bar.width() for _, rect in bar.parts()]
    assert widths == pytest.approx([0.5, 0.3, 0.2])
    assert "Base 50%" in bar.accessibleName()


def test_slots_copy_and_morph(window, app, adapters, qtbot):
    panel = window.panels["knobs"]
    mixing.set_knob(app, "energy", 4)
    qtbot.mouseClick(panel.slot_b, LEFT)
    assert knob_value(app) == 0
    mixing.set_knob(app, "energy", -2)
    panel.morph.setValue(50)
    assert knob_value(app) == pytest.approx(1.0)
    assert panel.knobs["energy"].current == pytest.approx(1.0)
    qtbot.mouseClick(panel.slot_a, LEFT)
    qtbot.mouseClick(panel.copy, LEFT)
    assert app.state.draft.value.slot_b == app.state.draft.value.slot_a
    mixing.undo(app)
    assert app.state.draft.value.slot_b.knobs["energy"] == -2


def test_a_drag_of_the_morph_is_one_entry_however_long_it_pauses(window, app, adapters, qtbot):
    panel = window.panels["knobs"]
    panel._strokes._timer.setInterval(1)
    mixing.set_knob(app, "energy", 4)
    panel.morph.setSliderDown(True)
    for place in (20, 60, 80):
        panel.morph.setSliderPosition(place)
        qtbot.wait(20)
    panel.morph.setSliderDown(False)
    assert app.state.draft.value.morph == 0.8
    panel.morph.setSliderPosition(90)
    mixing.undo(app)
    assert app.state.draft.value.morph == 0.8
    mixing.undo(app)
    assert app.state.draft.value.morph == 0


def test_randomise_moves_only_what_can_be_turned_and_reset_takes_all_back(app, adapters):
    mixing.randomise(app)
    turned = set(app.state.draft.value.mix.knobs)
    assert turned and turned <= {"energy", "valence", "acousticness", "danceability", "popularity", "tempo"}
    assert app.state.draft.value.mix.knobs.get("tempo", 0) >= 0
    mixing.reset(app)
    assert app.state.draft.value.mix.neutral
    mixing.undo(app)
    assert set(app.state.draft.value.mix.knobs) == turned
