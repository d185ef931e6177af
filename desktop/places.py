"""The places of the window and the panels that stand in them; services have no place.

A panel is a QWidget made with the `App`; a service is a QObject made with it, which may have `close()`.
Both are named here and imported when they are made; those in `LATER` are made once the window is up.
"""

from dataclasses import dataclass
from importlib import import_module
from typing import Any

from desktop.app import App
from desktop.texts import mark

CENTRE = {
    "prompt": "desktop.panels.prompt:PromptPanel",
    "pair": "desktop.pair.panel:PairPanel",
    "transport": "desktop.panels.transport:TransportPanel",
    "knobs": "desktop.panels.knobs:KnobsPanel",
}


@dataclass(frozen=True)
class Tab:
    """A page of the drawer."""

    name: str
    title: str
    icon: str
    panel: str


TABS = (
    Tab("presets", mark("Presets"), "presets", "desktop.panels.presets:PresetsPanel"),
    Tab("library", mark("Library"), "library", "desktop.library.panel:LibraryPanel"),
    Tab("queue", mark("Queue"), "queue", "desktop.panels.queue:QueuePanel"),
    Tab("models", mark("Models"), "models", "desktop.panels.models:ModelsPanel"),
    Tab("midi", mark("MIDI"), "midi", "desktop.midi.panel:MidiPanel"),
)

# In the transport bar: what drags and exports the clips.
HANDLES = "desktop.export.handles:ExportHandles"

LATER = (
    "desktop.player.service:Player",
    "desktop.midi.service:Midi",
)


def make(target: str, app: App) -> Any:
    """The panel or service at "module:Class", made with `app`."""
    module, _, name = target.partition(":")
    return getattr(import_module(module), name)(app)
