"""Every command of the window with its key; the actions, the menu and the keyboard map are made of it."""

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QWidget

from desktop.actions import generating, listening, mixing, presets, prompting
from desktop.app import App
from desktop.texts import mark, tr


@dataclass(frozen=True)
class Command:
    """`run` gets the App; None is done by the window, which connects the action itself."""

    name: str
    text: str
    keys: str
    run: Callable[[App], object] | None = None


def _stop_or_leave(app: App) -> None:
    if app.state.blind.value is not None:
        listening.end_blind(app, None)
    else:
        active = [entry for entry in app.state.queue.value if not entry.over]
        if active:
            generating.cancel(app, active[0].number)


def _scout_eight(app: App) -> None:
    generating.scout(app, 8)


def _hear(app: App, first: bool) -> None:
    if blind := app.state.blind.value:
        listening.hear(app, blind.one if first else blind.two)
    else:
        listening.hear(app, "base" if first else "tuned")


GROUPS: tuple[tuple[str, tuple[Command, ...]], ...] = (
    (
        mark("Generate"),
        (
            Command("generate", mark("Generate"), "Ctrl+Return", generating.generate),
            Command("scout", mark("Scout four seeds"), "Ctrl+Shift+Return", generating.scout),
            Command("scout_8", mark("Scout eight seeds"), "Ctrl+Alt+Return", _scout_eight),
            Command("stop", mark("Stop the job"), "Esc", _stop_or_leave),
            Command("dice", mark("Draw a new seed"), "D", prompting.roll_seed),
        ),
    ),
    (
        mark("Listen"),
        (
            Command("play", mark("Play or stop"), "Space", listening.play_or_stop),
            Command("hear_base", mark("Hear the base clip"), "A", lambda app: _hear(app, True)),
            Command("hear_tuned", mark("Hear the tuned clip"), "B", lambda app: _hear(app, False)),
            Command("loop", mark("Loop"), "L", listening.toggle_loop),
            Command("blind", mark("Blind comparison"), "X", listening.begin_blind),
        ),
    ),
    (
        mark("Mix"),
        (
            Command("undo", mark("Undo"), "Ctrl+Z", mixing.undo),
            Command("redo", mark("Redo"), "Ctrl+Shift+Z", mixing.redo),
            Command("slot_a", mark("Mix A"), "Ctrl+Shift+A", lambda app: mixing.pick_slot(app, "A")),
            Command("slot_b", mark("Mix B"), "Ctrl+Shift+B", lambda app: mixing.pick_slot(app, "B")),
            Command("randomise", mark("Move the knobs at random"), "Ctrl+R", mixing.randomise),
            Command("reset", mark("All knobs to 0"), "Ctrl+0", mixing.reset),
        ),
    ),
    (
        mark("Presets"),
        (
            Command("save", mark("Save the preset"), "Ctrl+S"),
            Command("save_as", mark("Save as a new preset"), "Ctrl+Shift+S"),
            Command("before", mark("Previous preset"), "Ctrl+Left", lambda app: presets.step(app, -1)),
            Command("after", mark("Next preset"), "Ctrl+Right", lambda app: presets.step(app, 1)),
        ),
    ),
    (
        mark("Window"),
        (
            Command("tab_presets", mark("Presets"), "Ctrl+1"),
            Command("tab_library", mark("Library"), "Ctrl+2"),
            Command("tab_queue", mark("Queue"), "Ctrl+3"),
            Command("tab_models", mark("Models"), "Ctrl+4"),
            Command("tab_midi", mark("MIDI"), "Ctrl+5"),
            Command("prompt", mark("Write the prompt"), "P"),
            Command("theme", mark("Light or dark"), "Ctrl+T"),
            Command("keys", mark("Keyboard map"), "F1"),
            Command("about", mark("About Tunedial"), ""),
            Command("quit", mark("Quit"), "Ctrl+Q"),
        ),
    ),
)  # fmt: skip


def make_actions(app: App, window: QWidget) -> dict[str, QAction]:
    """An action for every command, by name, added to the window so that its key works."""
    made = {}
    for _, commands in GROUPS:
        for command in commands:
            action = QAction(tr(command.text), window)
            if command.keys:
                action.setShortcut(QKeySequence(command.keys))
            if (run := command.run) is not None:
                action.triggered.connect(lambda _=False, run=run: run(app))
            window.addAction(action)
            made[command.name] = action
    return made


def make_menu(actions: dict[str, QAction], window: QWidget) -> QMenu:
    """The menu: a submenu for each group but the last, which lies open."""
    menu = QMenu(window)
    for title, commands in GROUPS[:-1]:
        below = menu.addMenu(tr(title))
        for command in commands:
            below.addAction(actions[command.name])
    menu.addSeparator()
    for command in GROUPS[-1][1]:
        menu.addAction(actions[command.name])
    return menu
