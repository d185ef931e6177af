"""What the last run left behind besides the draft: the preset it came from, and the take in the view."""

from desktop import session
from desktop.actions import takes
from desktop.app import App
from desktop.state import LoadedPreset
from engine.paths import takes_dir
from engine.preset import Preset, PresetFile, list_presets


def restore(app: App) -> None:
    """Bring both back if they are still there, and nothing else has come in their place by then."""
    preset, take = session.current.preset, session.current.take

    def found(file: PresetFile | None) -> None:
        if file is not None and isinstance(file.content, Preset) and app.state.preset.value is None:
            app.state.preset.value = LoadedPreset(file.content, file.path, file.factory)

    if preset is not None:
        app.background.call(
            lambda: next((f for f in list_presets() if (f.path.stem, f.factory) == preset), None), found
        )
    if take:
        takes.open_last(app, takes_dir() / take)
