"""Fetching a model in a child process, so that it can be stopped; the next try goes on from there."""

import multiprocessing
from collections.abc import Callable
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
MB = 1_000_000


def download(model: str, cancel: CancelToken, progress: Callable[[int, int], None]) -> bool:
    """Fetch a hub model; tell MB done and in all (0: not known). False if it was stopped. Raises Problem."""
    context = multiprocessing.get_context("spawn")
    pipe, other = context.Pipe(duplex=False)
    process = context.Process(target=_fetch, args=(other, model), daemon=True)
    process.start()
    other.close()
    folder, total = models_dir() / model.replace("/", "--"), 0
    try:
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
    finally:
        process.kill()
        process.join()
        process.close()
        pipe.close()


def _fetch(pipe: Connection, model: str) -> None:
    try:
        pipe.send(("total", _total(model)))
        catalog.get_model(catalog.find_model(model))
        pipe.send(("done", None))
    except Problem as problem:
        pipe.send(("problem", packed_problem(problem)))
    except Exception as error:
        pipe.send(("problem", ("Problem", f"{model} was not fetched: {error}.", "Try again.", "")))


def _total(model: str) -> int:
    """The bytes there are to fetch; 0 if the hub does not say, and the fetch itself will tell why."""
    try:
        import huggingface_hub

        info: Any = huggingface_hub.HfApi().model_info(model, files_metadata=True, timeout=30)
        files = [f for f in info.siblings or [] if any(fnmatch(f.rfilename, p) for p in catalog.DOWNLOADED)]
        return sum(file.size or 0 for file in files)
    except Exception:
        return 0


def _size(folder: Path) -> int:
    try:
        return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    except OSError:  # a file was renamed while it was counted
        return 0
