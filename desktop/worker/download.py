"""Asking a hub about a model, and fetching it: in a child process that can be stopped; the next goes on."""

import contextlib
import multiprocessing
from collections.abc import Callable, Iterator
from fnmatch import fnmatch
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from desktop.worker.wire import packed_problem, unpacked_problem
from engine import catalog
from engine.cancel import CancelToken
from engine.errors import Problem
from engine.paths import models_dir

POLL_S = 0.25
TIMEOUT_S = 10
MB = 1_000_000


def ask_hub(model: str, cancel: CancelToken) -> tuple[int, str]:
    """MB there are to fetch and the license; 0 and "" where the hub does not say or cannot be reached."""
    with _child(_ask, model) as pipe, contextlib.suppress(EOFError):
        while not cancel.cancelled:
            if pipe.poll(POLL_S):
                size, license = pipe.recv()
                return size // MB, license
    return 0, ""


def download(model: str, cancel: CancelToken, progress: Callable[[int, int], None]) -> bool:
    """Fetch a hub model; tell MB done and in all (0: not known). False if it was stopped. Raises Problem."""
    folder, total = models_dir() / model.replace("/", "--"), 0
    try:
        with _child(_fetch, model) as pipe:
            while not cancel.cancelled:
                if pipe.poll(POLL_S):
                    match pipe.recv():
                        case "total", size:
                            total = size
                        case "problem", told:
                            raise unpacked_problem(told)
                        case _:
                            return True
                progress(_size(folder) // MB, total // MB)
            return False
    except EOFError as error:
        raise Problem(
            f"The download of {model} broke off.", "Try again; what was fetched is kept."
        ) from error


@contextlib.contextmanager
def _child(work: Callable[[Connection, str], None], model: str) -> Iterator[Connection]:
    """The pipe from a process that does `work`, which ends when it is left."""
    context = multiprocessing.get_context("spawn")
    pipe, other = context.Pipe(duplex=False)
    process = context.Process(target=work, args=(other, model), daemon=True)
    process.start()
    other.close()
    try:
        yield pipe
    finally:
        process.kill()
        process.join()
        process.close()
        pipe.close()


def _ask(pipe: Connection, model: str) -> None:
    pipe.send(_offer(model))


def _fetch(pipe: Connection, model: str) -> None:
    try:
        pipe.send(("total", _offer(model)[0]))
        catalog.get_model(catalog.find_model(model))
        pipe.send(("done", None))
    except Problem as problem:
        pipe.send(("problem", packed_problem(problem)))
    except Exception as error:
        pipe.send(("problem", ("Problem", f"{model} was not fetched: {error}.", "Try again.", "")))


def _offer(model: str) -> tuple[int, str]:
    """The bytes there are to fetch and the license; 0 and "" if the hub does not say: the fetch tells why."""
    try:
        import huggingface_hub

        info: Any = huggingface_hub.HfApi().model_info(model, files_metadata=True, timeout=TIMEOUT_S)
        files = [f for f in info.siblings or [] if any(fnmatch(f.rfilename, p) for p in catalog.DOWNLOADED)]
        stated = info.card_data.get("license") if info.card_data else None
        return sum(file.size or 0 for file in files), str(stated or "")
    except Exception:
        return 0, ""


def _size(folder: Path) -> int:
    try:
        return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    except OSError:  # a file was renamed while it was counted
        return 0
