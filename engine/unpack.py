"""Files out of a folder or zip from a stranger: names, kinds and sizes are checked before any is read."""

import os
import shutil
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO

from engine.errors import CallProblem, Problem

MAX_BYTES = 2_000_000_000
MAX_MEMBERS = 1000
PICKLED = frozenset({".bin", ".ckpt", ".joblib", ".pickle", ".pkl", ".pt", ".pth"})

_REPAIR = "Ask whoever made it for a repaired one."


@dataclass(frozen=True)
class Member:
    """A regular file in the folder or zip `source`, at `path` below its root."""

    source: Path
    path: PurePosixPath
    size: int
    open: Callable[[], IO[bytes]]


@contextmanager
def members_of(source: Path) -> Iterator[dict[PurePosixPath, Member]]:
    """The files in the folder or zip `source`, by path, open for as long as the context lasts.

    Raises Problem, naming the file and the reason, for what is no plain file below the root (an
    absolute path, `..`, a link, a device), what is pickled or encrypted, what is there twice, and for
    more than MAX_MEMBERS files or MAX_BYTES bytes unpacked; CallProblem if there is no `source`.
    """
    if source.is_dir():
        yield _checked(_in_folder(source), source)
        return
    if not source.is_file():
        raise CallProblem(f"There is no file or folder {source}.", "Check the path.")
    try:
        archive = zipfile.ZipFile(source)
    except (zipfile.BadZipFile, OSError) as error:
        raise Problem(f"{source} is no readable zip file ({error}).", "Get it again.") from error
    with archive:
        yield _checked(_in_zip(archive, source), source)


def read_member(member: Member, limit: int) -> bytes:
    """The bytes of a file that may not be larger than `limit`."""
    if member.size > limit:
        raise _refused(member.source, str(member.path), f"is too large ({member.size} bytes)")
    with _readable(member) as file:
        return file.read()


def copy_member(member: Member, target: Path) -> None:
    """Write a file to `target`, whose folder is made. Raises OSError if it cannot be written."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with _readable(member) as file, target.open("xb") as out:
        shutil.copyfileobj(file, out)


@contextmanager
def _readable(member: Member) -> Iterator[IO[bytes]]:
    try:
        file = member.open()
    except (OSError, zipfile.BadZipFile) as error:
        raise _refused(member.source, str(member.path), f"cannot be read ({error})") from error
    try:
        with file:
            yield file
    except (zipfile.BadZipFile, zlib.error, EOFError) as error:
        raise _refused(member.source, str(member.path), f"is damaged ({error})") from error


def _checked(found: Iterator[Member], source: Path) -> dict[PurePosixPath, Member]:
    members: dict[PurePosixPath, Member] = {}
    size = 0
    for member in found:
        if member.path in members:
            raise _refused(source, str(member.path), "is there twice")
        if member.path.suffix.lower() in PICKLED:
            raise _refused(source, str(member.path), "is pickled, and pickled files can run code")
        members[member.path] = member
        size += member.size
        if len(members) > MAX_MEMBERS:
            raise Problem(f"{source} holds more than {MAX_MEMBERS} files.", _REPAIR)
        if size > MAX_BYTES:
            raise Problem(f"{source} holds more than {MAX_BYTES // 10**9} GB when unpacked.", _REPAIR)
    return members


def _in_folder(source: Path) -> Iterator[Member]:
    def unreadable(error: OSError) -> None:
        raise Problem(
            f"{error.filename} cannot be read: {error.strerror}.", "Check its permissions."
        ) from error

    for folder, folders, files in os.walk(source, onerror=unreadable):
        for name in sorted(folders + files):
            path = Path(folder, name)
            below = PurePosixPath(path.relative_to(source).as_posix())
            mode = path.lstat().st_mode
            if stat.S_ISREG(mode):
                yield Member(source, below, path.stat().st_size, lambda path=path: path.open("rb"))  # type: ignore[misc]
            elif not stat.S_ISDIR(mode):
                raise _refused(source, str(below), "is a link or a device, not a file")


def _in_zip(archive: zipfile.ZipFile, source: Path) -> Iterator[Member]:
    for info in archive.infolist():
        path = PurePosixPath(info.filename)
        if path.is_absolute() or ".." in path.parts or any(c in info.filename for c in "\\:\0"):
            raise _refused(source, info.filename, "would be written outside its folder")
        kind = stat.S_IFMT(info.external_attr >> 16)
        if info.is_dir():
            continue
        if kind not in (0, stat.S_IFREG):
            raise _refused(source, info.filename, "is a link or a device, not a file")
        if info.flag_bits & 1:
            raise _refused(source, info.filename, "is encrypted")
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
            raise _refused(source, info.filename, "is neither stored nor deflated")
        yield Member(source, path, info.file_size, lambda info=info: archive.open(info))  # type: ignore[misc]


def _refused(source: Path, name: str, reason: str) -> Problem:
    return Problem(f"{source} cannot be used: '{name}' {reason}.", _REPAIR)
