"""librosa, imported by one process at a time.

When it is imported for the first time, numba compiles some of its functions and keeps them on disk. Two
processes that do so at one moment can leave files of which every later process dies.
"""

import functools
import importlib
import os
import tempfile
from pathlib import Path
from types import ModuleType

from filelock import FileLock

_COMPILING = ("util.utils", "core.audio", "core.pitch")  # those of its modules that we use


@functools.cache
def lock() -> FileLock:
    """Held by the process that imports; each user has one."""
    user = os.getuid() if hasattr(os, "getuid") else 0
    return FileLock(Path(tempfile.gettempdir()) / f"tunedial-librosa-{user}.lock")


@functools.cache
def librosa() -> ModuleType:
    """librosa with its compiled parts in place; the first call in a process waits for those of others."""
    with lock():
        for part in _COMPILING:
            importlib.import_module(f"librosa.{part}")
    return importlib.import_module("librosa")
