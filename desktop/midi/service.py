"""Listens to the chosen port and turns knobs."""

from dataclasses import replace

from PySide6.QtCore import QObject, QTimer

from desktop.about_metrics import reach
from desktop.actions import mixing
from desktop.app import App
from desktop.midi import actions
from desktop.midi.memory import Memory, recall, remember
from desktop.midi.ports import Port, Ports, SystemPorts
from desktop.midi.takeover import Takeover, moved
from desktop.state import MidiState
from desktop.widgets.gesture import Strokes
from engine.errors import Problem

_POLL_MS = 10


class Midi(QObject):
    """Keeps `state.midi.ports`, opens its `port`, and remembers port and controllers."""

    def __init__(self, app: App, ports: Ports | None = None) -> None:
        super().__init__()
        self._app, self._ports = app, ports or SystemPorts()
        self._port: Port | None = None
        self._opened: str | None = None
        self._takeovers: dict[str, Takeover] = {}
        self._strokes: dict[str, Strokes] = {}
        self._remembered = Memory()
        self._timer = QTimer(self)
        self._timer.setInterval(_POLL_MS)
        self._timer.timeout.connect(self.poll)
        app.background.call(recall, self._recalled)

    def close(self) -> None:
        """Let go of the port."""
        self._timer.stop()
        if self._port is not None:
            self._port.close()
        self._port = self._opened = None

    def look(self) -> None:
        """See which ports there are; the chosen one is opened if it has come."""
        actions.look(self._app, self._ports)

    def poll(self) -> None:
        """Do what the messages say that have come in."""
        if self._port is None:
            return
        try:
            messages = list(self._port.iter_pending())
        except OSError:
            self._lost()
            return
        for message in messages:
            if message.type == "control_change":
                self._control((message.channel, message.control), message.value)

    def _recalled(self, memory: Memory) -> None:
        self._remembered = memory
        midi = self._app.state.midi
        midi.value = replace(midi.value, port=memory.port, controls=memory.controls)
        midi.changed.connect(self._changed)
        if memory.port is not None:
            self.look()

    def _changed(self, midi: MidiState) -> None:
        if midi.port != self._opened:
            self._open_chosen()
        memory = Memory(port=midi.port, controls=dict(midi.controls))
        for name in self._remembered.controls.keys() | memory.controls.keys():
            if self._remembered.controls.get(name) != memory.controls.get(name):
                self._takeovers.pop(name, None)
        if memory != self._remembered:
            self._remembered = memory
            self._app.background.call(lambda: remember(memory))

    def _open_chosen(self) -> None:
        midi = self._app.state.midi.value
        if midi.port == self._opened:
            return
        self.close()
        if midi.port is None or midi.port not in midi.ports:
            return
        try:
            self._port = self._ports.open(midi.port)
        except Problem as problem:
            self._app.state.midi.value = replace(midi, problem=f"{problem.what} {problem.todo}")
            return
        self._opened = midi.port
        self._timer.start()

    def _lost(self) -> None:
        self.close()
        self.look()

    def _control(self, control: tuple[int, int], position: int) -> None:
        state = self._app.state
        if state.midi.value.learning is not None:
            actions.learned(self._app, control)
            return
        for name, known in state.midi.value.controls.items():
            if known == control:
                self._turn(name, position)

    def _turn(self, name: str, position: int) -> None:
        knob = self._app.state.draft.value.mix.knobs.get(name, 0.0)
        self._takeovers[name], value = moved(self._takeovers.get(name, Takeover()), position, knob)
        low, high = reach(name, self._app.state.adapters.value)
        if value is not None and low < high:
            value = min(high, max(low, value))
            strokes = self._strokes.setdefault(name, Strokes(self))
            mixing.set_knob(self._app, name, value, strokes.token())
