"""Opens the app: `tunedial` without a command. Nothing slow happens before the window is up."""

import os
import sys
from dataclasses import dataclass, replace
from functools import partial

from PySide6.QtCore import QLocale
from PySide6.QtWidgets import QApplication

from desktop import session, suggestions, theme, translation
from desktop.actions import generating, prompting
from desktop.app import App
from desktop.bridge import Bridge, Measurer
from desktop.history import History
from desktop.state import Place, State
from desktop.warming import keep_warm
from desktop.window import Window
from desktop.worker.hosts import HERE, Hosts
from desktop.worker.process import ProcessBackend, ProcessMeasurer
from engine.backend import Backend
from engine.errors import Problem


@dataclass(eq=False)
class Running:
    """An app that was put together."""

    app: App
    bridge: Bridge
    window: Window


def main() -> int:
    """Open the window; return the exit code when it is closed. Raises Problem without a display."""
    if not has_display():
        raise Problem(
            "There is no display here.", 'Generate in the terminal: tunedial generate "jazz, piano"'
        )
    application = QApplication(sys.argv[:1])
    application.setApplicationName("Tunedial")
    application.setDesktopFileName("tunedial")
    translation.install(application, QLocale())
    hosts, measurer = Hosts({HERE: ProcessBackend()}), ProcessMeasurer()
    running = start(application, hosts, measurer)
    running.app.state.place.watch(hosts.choose)
    running.window.ready.connect(lambda: keep_warm(running.app, running.bridge, hosts))
    running.window.show()
    try:
        return application.exec()
    finally:
        running.bridge.close(partial(_kill, hosts, measurer))
        hosts.close()
        measurer.close()


def _kill(hosts: Hosts, measurer: ProcessMeasurer) -> None:
    hosts.kill()
    measurer.child.kill()


def has_display() -> bool:
    """False on a Linux without a screen, unless Qt was told to do without."""
    if not sys.platform.startswith("linux"):
        return True
    return any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY", "QT_QPA_PLATFORM"))


def start(application: QApplication, backend: Backend, measurer: Measurer | None = None) -> Running:
    """Put the app together from the last session; the window is not shown yet."""
    last = session.load()
    theme.apply(application, "light" if last.theme == "light" else "dark")
    state = State()
    draft = session.draft_of(last)
    state.place.value = Place(*last.place) if last.place else None
    state.loop.value, state.level_matched.value = last.loop, last.level_matched
    state.draft.value = draft if draft.prompt else replace(draft, prompt=suggestions.PROMPTS[0])
    if not draft.seed_locked:
        state.draft.value = replace(state.draft.value, seed=prompting.drawn_seed())
    bridge = Bridge(backend, measurer)
    app = App(state, History(state.draft, state.preset), bridge)
    bridge.job_event.connect(lambda number, event: generating.on_event(app, number, event))
    bridge.problem.connect(app.report)
    return Running(app, bridge, Window(app))
