"""Where things lie: what the user's app writes, and what ships with it."""

import os
from pathlib import Path

import platformdirs

HOME_VARIABLE = "TUNEDIAL_HOME"


def home() -> Path:
    """The folder of everything the app writes; the variable TUNEDIAL_HOME moves it."""
    moved = os.environ.get(HOME_VARIABLE)
    if moved:
        return Path(moved).expanduser().absolute()
    return platformdirs.user_data_path("tunedial", appauthor=False)


def takes_dir() -> Path:
    """The take folders that the library indexes."""
    return home() / "takes"


def trash_dir() -> Path:
    """Take folders that were deleted and can still be brought back."""
    return home() / "trash"


def presets_dir() -> Path:
    """The user's own presets."""
    return home() / "presets"


def packs_dir() -> Path:
    """Installed packs of adapters."""
    return home() / "packs"


def models_dir() -> Path:
    """Models fetched from a hub."""
    return home() / "models"


def library_file() -> Path:
    """The SQLite index over the takes."""
    return home() / "library.sqlite"


def resources() -> Path:
    """What ships with the app: the starter, its pack, factory presets, icons."""
    return Path(__file__).resolve().parent.parent / "resources"
