"""Writing files so that they are complete or absent, and saying why when they cannot be."""

import errno
import hashlib
import os
import secrets
from pathlib import Path

from engine.errors import Problem

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


def write_problem(error: OSError, path: Path) -> Problem:
    """What to tell the user when writing `path` failed with `error`."""
    if error.errno in _FULL:
        return Problem(
            f"The disk is full: {path} was not written.", "Free some space or choose another folder."
        )
    if error.errno in _FORBIDDEN:
        return Problem(f"{path} was not written: the folder is read-only.", "Choose another folder.")
    return Problem(f"{path} was not written: {error.strerror or error}.", "Choose another folder.")


def write_bytes(path: Path, data: bytes) -> None:
    """Write `data` to `path` and onto the disk. Raises OSError."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def part_beside(path: Path) -> Path:
    """A hidden name next to `path` that nothing has, for writing before the rename."""
    return path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")


def replace_file(path: Path, data: bytes) -> None:
    """Put `data` at `path` at once: written beside, then renamed. Makes the folder if it is missing.

    Raises Problem if it cannot be written; what stood there before is then untouched.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = part_beside(path)
        try:
            write_bytes(part, data)
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    except OSError as error:
        raise write_problem(error, path) from error


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
