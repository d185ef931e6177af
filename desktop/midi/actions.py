"""What a user can do about MIDI; `desktop.midi.service` carries it out."""

from collections.abc import Mapping
from dataclasses import replace

from desktop.app import App
from desktop.history import Deed
from desktop.metric_names import name_of
from desktop.midi.ports import Ports
from desktop.texts import tr
from engine.errors import Problem


def look(app: App, ports: Ports) -> None:
    """See which ports there are."""
    midi = app.state.midi

    def found(names: list[str]) -> None:
        midi.value = replace(midi.value, ports=tuple(names), problem="")

    def none(problem: Problem) -> None:
        midi.value = replace(midi.value, ports=(), problem=f"{problem.what} {problem.todo}")

    app.background.call(ports.names, found, none)


def learn(app: App, name: str) -> None:
    """Let the next controller that moves turn the knob of this metric."""
    midi = app.state.midi.value
    if midi.port is None:
        app.tell(tr("Choose a MIDI port first: open the MIDI page."))
        return
    app.state.midi.value = replace(midi, learning=name)
    app.tell(tr("Move a controller for {}.").format(name_of(name)))


def stop_learning(app: App) -> None:
    """Learn nothing after all."""
    app.state.midi.value = replace(app.state.midi.value, learning=None)


def learned(app: App, control: tuple[int, int]) -> None:
    """A controller moved while a knob learns: it is its now, and no other knob's."""
    midi = app.state.midi.value
    if midi.learning is None:
        return
    others = {name: known for name, known in midi.controls.items() if known != control}
    app.state.midi.value = replace(midi, learning=None)
    _assign(app, midi.learning, {**others, midi.learning: control})
    app.tell(tr("Controller {} turns {} now.").format(control[1], name_of(midi.learning)))


def forget(app: App, name: str) -> None:
    """No controller turns this knob any more."""
    controls = app.state.midi.value.controls
    _assign(app, name, {other: control for other, control in controls.items() if other != name})


def choose_port(app: App, port: str | None) -> None:
    """Listen to this port; None: to none."""
    app.state.midi.value = replace(app.state.midi.value, port=port, learning=None)


def _assign(app: App, name: str, controls: dict[str, tuple[int, int]]) -> None:
    """Other controllers from now on, for the sake of the knob of this metric; one entry of the history."""
    before = app.state.midi.value.controls

    def put(these: Mapping[str, tuple[int, int]]) -> None:
        app.state.midi.value = replace(app.state.midi.value, controls=dict(these))

    if controls != before:
        put(controls)
        label = tr("MIDI of {}").format(name_of(name))
        app.history.did(Deed(label, lambda: put(before), lambda: put(controls)))
