import mido
import pytest

from desktop import theme
from desktop.actions import mixing
from desktop.midi import actions
from desktop.midi.memory import Memory, memory_file, recall, remember
from desktop.midi.panel import MidiPanel
from desktop.midi.ports import SystemPorts
from desktop.midi.service import Midi
from desktop.state import MidiState
from engine.errors import Problem
from engine.packs import PackAdapter
from engine.paths import home
from tests.desktop.alone import make_app


class Wire:
    """A port that is fed by the test, with messages as they come over a cable."""

    def __init__(self):
        self.parser, self.open, self.broken = mido.Parser(), True, False

    def send(self, *data):
        self.parser.feed(data)

    def iter_pending(self):
        if self.broken:
            raise OSError("unplugged")
        return list(self.parser)

    def close(self):
        self.open = False


class Wires:
    def __init__(self, *names):
        self.wires = {name: Wire() for name in names}

    def names(self):
        return list(self.wires)

    def open(self, name):
        return self.wires[name]


class NoMidi:
    def names(self):
        raise Problem("MIDI is not available on this computer.", "Connect a controller and look again.")

    def open(self, name):
        raise AssertionError("there is no port")


def app_with_adapters():
    """Energy and Valence go both ways, Tempo only up."""
    app = make_app()
    ways = [("energy", "positive"), ("energy", "negative"), ("valence", "positive"), ("valence", "negative")]
    app.state.adapters.value = {
        (name, way): PackAdapter(name, way, home(), None) for name, way in [*ways, ("tempo", "positive")]
    }
    return app


@pytest.fixture
def app(qapp):
    theme.apply(qapp, "dark")
    return app_with_adapters()


@pytest.fixture
def wires():
    return Wires("Faders", "Keys")


@pytest.fixture
def midi(app, wires):
    made = Midi(app, wires)
    made.look()
    actions.choose_port(app, "Faders")
    yield made
    made.close()


def knob(app, name):
    return app.state.draft.value.mix.knobs.get(name, 0.0)


def test_a_controller_is_learned_and_turns_its_knob(app, wires, midi):
    actions.learn(app, "energy")
    wires.wires["Faders"].send(0xB0, 21, 64)
    midi.poll()
    assert app.state.midi.value.controls == {"energy": (0, 21)}
    assert app.state.midi.value.learning is None
    wires.wires["Faders"].send(0xB0, 21, 64, 0xB0, 21, 100, 0x90, 60, 100, 0xB0, 22, 0)
    midi.poll()
    assert knob(app, "energy") == pytest.approx(2.86)
    assert knob(app, "valence") == 0


def test_a_turn_is_one_entry_of_the_history(app, wires, midi):
    app.state.midi.value = app.state.midi.value.__class__(
        ports=("Faders",), port="Faders", controls={"energy": (0, 21)}
    )
    for position in (64, 80, 100, 120):
        wires.wires["Faders"].send(0xB0, 21, position)
        midi.poll()
    assert knob(app, "energy") > 4
    mixing.undo(app)
    assert knob(app, "energy") == 0


def test_a_knob_goes_as_far_as_its_adapters_reach_and_without_any_nowhere(app, wires, midi):
    app.state.midi.value = MidiState(
        ports=("Faders",), port="Faders", controls={"tempo": (0, 21), "views": (0, 22)}
    )
    for position in (64, 20, 100, 10):
        wires.wires["Faders"].send(0xB0, 21, position, 0xB0, 22, position)
        midi.poll()
        assert knob(app, "tempo") == (pytest.approx(2.86) if position == 100 else 0)
        assert knob(app, "views") == 0


def test_a_knob_that_a_preset_moved_is_met_before_it_moves(app, wires, midi):
    actions.learn(app, "energy")
    wires.wires["Faders"].send(0xB0, 21, 0)
    midi.poll()
    mixing.set_knob(app, "energy", 3.0)
    wires.wires["Faders"].send(0xB0, 21, 20)
    midi.poll()
    assert knob(app, "energy") == 3.0


def test_a_controller_belongs_to_one_knob(app, wires, midi):
    for name in ("energy", "valence"):
        actions.learn(app, name)
        wires.wires["Faders"].send(0xB3, 7, 1)
        midi.poll()
    assert app.state.midi.value.controls == {"valence": (3, 7)}
    actions.forget(app, "valence")
    assert app.state.midi.value.controls == {}


def test_what_controllers_turn_is_undone(app, wires, midi):
    for name in ("energy", "valence"):
        actions.learn(app, name)
        wires.wires["Faders"].send(0xB3, 7, 1)
        midi.poll()
    actions.forget(app, "valence")
    actions.forget(app, "tempo")
    undone = []
    while app.history.undo_label:
        mixing.undo(app)
        undone.append(dict(app.state.midi.value.controls))
    assert undone == [{"valence": (3, 7)}, {"energy": (3, 7)}, {}]
    mixing.redo(app)
    assert app.state.midi.value.controls == {"energy": (3, 7)}


def test_a_controller_that_undo_brings_back_must_meet_its_knob_again(app, wires, midi):
    actions.learn(app, "energy")
    wires.wires["Faders"].send(0xB0, 21, 64, 0xB0, 21, 64, 0xB0, 21, 70)
    midi.poll()
    assert knob(app, "energy") == pytest.approx(0.48)
    actions.forget(app, "energy")
    mixing.undo(app)
    wires.wires["Faders"].send(0xB0, 21, 120)  # it was moved while it turned nothing
    midi.poll()
    assert knob(app, "energy") == pytest.approx(0.48)


def test_port_and_controllers_are_remembered(app, wires, midi):
    actions.learn(app, "energy")
    wires.wires["Faders"].send(0xB0, 21, 64)
    midi.poll()
    midi.close()
    later = app_with_adapters()
    again = Midi(later, wires)
    assert later.state.midi.value.port == "Faders"
    assert later.state.midi.value.controls == {"energy": (0, 21)}
    wires.wires["Faders"].send(0xB0, 21, 64, 0xB0, 21, 127)
    again.poll()
    assert knob(later, "energy") == 5
    again.close()


def test_a_port_that_was_chosen_waits_until_it_is_plugged_in(app):
    remember(Memory(port="Faders", controls={"energy": (0, 21)}))
    wires = Wires("Keys")
    midi = Midi(app, wires)
    midi.poll()
    wires.wires["Faders"] = Wire()
    midi.look()
    wires.wires["Faders"].send(0xB0, 21, 64, 0xB0, 21, 127)
    midi.poll()
    assert knob(app, "energy") == 5
    midi.close()


def test_an_unplugged_port_is_let_go(app, wires, midi):
    wire = wires.wires.pop("Faders")
    wire.broken = True
    midi.poll()
    assert not wire.open
    assert app.state.midi.value.ports == ("Keys",)
    assert app.state.midi.value.port == "Faders"


def test_another_port_takes_the_place_of_the_first(app, wires, midi):
    actions.choose_port(app, "Keys")
    assert not wires.wires["Faders"].open
    actions.choose_port(app, None)
    assert not wires.wires["Keys"].open
    actions.learn(app, "energy")
    assert app.state.midi.value.learning is None
    assert "Choose a MIDI port" in app.state.notice.value.text


def test_without_midi_the_page_says_so(app, qtbot):
    midi = Midi(app, NoMidi())
    panel = MidiPanel(app, NoMidi())
    qtbot.addWidget(panel)
    panel.look()
    assert panel.told.text() == "MIDI is not available on this computer. Connect a controller and look again."
    assert not panel.rows["energy"].learn.isEnabled()
    midi.close()


def test_the_systems_ports_are_a_list_or_a_problem():
    try:
        assert isinstance(SystemPorts().names(), list)
    except Problem as problem:
        assert problem.todo
    with pytest.raises(Problem, match="cannot be opened"):
        SystemPorts().open("no such port of this name")


@pytest.mark.parametrize("text", ["", "{}x", '{"schema": 99}', '{"controls": {"energy": [99, 1]}}'])
def test_what_cannot_be_read_is_forgotten(text):
    memory_file().parent.mkdir(parents=True, exist_ok=True)
    memory_file().write_text(text)
    assert recall() == Memory()


def test_a_metric_that_is_no_more_is_forgotten():
    remember(Memory(controls={"energy": (0, 1), "groove": (0, 2)}))
    assert recall().controls == {"energy": (0, 1)}


def test_the_page_chooses_learns_and_forgets(app, wires, midi, qtbot):
    panel = MidiPanel(app, wires)
    qtbot.addWidget(panel)
    assert panel.port.currentText() == "Faders"
    panel.rows["energy"].learn.click()
    assert panel.rows["energy"].control.text() == "Move a controller…"
    wires.wires["Faders"].send(0xB0, 21, 64)
    midi.poll()
    assert panel.rows["energy"].control.text() == "Ch 1 · CC 21"
    panel.rows["energy"].forget.click()
    assert panel.rows["energy"].control.text() == ""
    panel.port.setCurrentIndex(0)
    panel.port.activated.emit(0)
    assert app.state.midi.value.port is None
