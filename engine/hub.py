"""Fetching a model's files from a hub, going on in the middle of a file.

huggingface_hub begins a file anew if the process that was fetching it ended, and musicgen-small is one of
2.4 GB. So its `http_get` is given parts that are kept, in a folder named after the revision:

    folder/.fetching-<revision>/config.json              whole
    folder/.fetching-<revision>/model.safetensors.part   goes on at its end

When all are whole they move into `folder`, and parts of other revisions go.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from engine.errors import Problem
from engine.files import sha256_of

PART = ".part"
FETCHING = ".fetching-"


@dataclass(frozen=True)
class HubFile:
    """A file of a repository: its path there, and its bytes and SHA-256 if the hub says them."""

    name: str
    size: int | None
    sha256: str | None


def fetch_files(repo: str, revision: str, files: Sequence[HubFile], folder: Path) -> None:
    """Fetch what is not in `folder` yet; a progress bar for each file on stderr.

    Raises Problem if there is no room or a file arrives damaged, and what huggingface_hub raises.
    """
    staging = folder / f"{FETCHING}{revision}"
    for file in files:
        _check_name(repo, file.name)
    for old in set(folder.glob(f"{FETCHING}*")) - {staging}:
        shutil.rmtree(old)
    staging.mkdir(parents=True, exist_ok=True)
    _check_room(repo, files, staging)
    for file in files:
        target = staging / file.name
        if not target.exists():
            _fetch(repo, revision, file, target)
    for file in files:
        (folder / file.name).parent.mkdir(parents=True, exist_ok=True)
        (staging / file.name).replace(folder / file.name)
    shutil.rmtree(staging)


def _fetch(repo: str, revision: str, file: HubFile, target: Path) -> None:
    from huggingface_hub import hf_hub_url
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import build_hf_headers

    part = target.with_name(target.name + PART)
    part.parent.mkdir(parents=True, exist_ok=True)
    with part.open("ab") as stream:
        http_get(
            hf_hub_url(repo, file.name, revision=revision),
            stream,
            resume_size=stream.tell(),
            headers=build_hf_headers(),
            expected_size=file.size,
            displayed_filename=file.name,
        )
    if file.sha256 not in (None, sha256_of(part)):
        part.unlink()
        raise Problem(f"{file.name} of {repo} arrived damaged.", "Fetch it again.")
    part.replace(target)


def _check_name(repo: str, name: str) -> None:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name:
        raise Problem(
            f"{repo} has a file that would lie outside its folder: {name}.", "Choose another model."
        )


def _check_room(repo: str, files: Sequence[HubFile], staging: Path) -> None:
    here = sum(file.stat().st_size for file in staging.rglob("*") if file.is_file())
    missing = sum(file.size or 0 for file in files) - here
    free = shutil.disk_usage(staging).free
    if missing > free:
        more, room = f"{missing / 1e6:.0f} MB", f"{free / 1e6:.0f} MB"
        raise Problem(
            f"{repo} needs {more} more, and {room} are free at {staging.parent}.",
            "Make room, or set TUNEDIAL_HOME to a larger disk.",
        )
