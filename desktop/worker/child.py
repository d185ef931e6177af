"""What runs in the child: one request at a time, events back, and a thread that hears "cancel"."""

import os
import queue
import signal
import threading
from collections.abc import Sequence
from importlib import import_module
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from desktop.worker.wire import packed, packed_problem
from engine.backend import Backend
from engine.cancel import CancelToken
from engine.errors import Problem
from engine.events import Failed
from engine.job import Job

NICENESS = 5  # the window comes first


def serve(pipe: Connection, backend: str) -> None:
    """Serve requests until the other end is gone. `backend` is "module:Class", made with the first job.

    ("run", job as JSON, seeds, device or None for the best) is answered with (place of the seed, event),
    ("devices",) with what `engine.device` knows, ("measure", path) with ("measured", fields) or
    ("problem", ...). ("cancel",) stops what runs.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C in the terminal is for the window
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    if hasattr(os, "nice"):
        os.nice(NICENESS)
    requests: queue.SimpleQueue[tuple[Any, ...] | None] = queue.SimpleQueue()
    token = [CancelToken()]
    threading.Thread(target=_listen, args=(pipe, requests, token), daemon=True).start()
    runner: Backend | None = None
    runs_on: str | None = None
    while (request := requests.get()) is not None:
        match request:
            case "run", job, seeds, device:
                if runner is None or device != runs_on:
                    runner = None  # before the next one takes its place in memory
                    runner, runs_on = _made(backend, device), device
                _run(pipe, runner, Job.model_validate_json(job), seeds, token[0])
            case ("devices",):
                pipe.send(_devices())
            case "measure", path:
                pipe.send(_measured(Path(path)))


def _listen(pipe: Connection, requests: "queue.SimpleQueue[Any]", token: list[CancelToken]) -> None:
    while True:
        try:
            request = pipe.recv()
        except (EOFError, OSError):
            os._exit(0)  # the window is gone, and nobody is left to hear of a result
        if request == ("cancel",):
            token[0].cancel()
        else:
            token[0] = CancelToken()
            requests.put(request)


def _made(backend: str, device: str | None) -> Backend:
    module, _, name = backend.partition(":")
    kind = getattr(import_module(module), name)
    made: Backend = kind(device=device) if device else kind()
    return made


def _devices() -> list[tuple[str, str]]:
    from engine.device import devices

    return [(device.id, device.name) for device in devices()]


def _run(pipe: Connection, runner: Backend, job: Job, seeds: Sequence[int], token: CancelToken) -> None:
    try:
        for place, event in runner.run_seeds(job, seeds, token):
            pipe.send((place, packed(event)))
    except BrokenPipeError:
        os._exit(0)
    except Exception as error:
        problem = Problem(f"Generating failed ({type(error).__name__}: {error}).", "Try again.")
        problem.__cause__ = error
        for place in range(len(seeds)):
            pipe.send((place, packed(Failed(problem))))


def _measured(path: Path) -> tuple[str, Any]:
    from engine.labels import measure_file

    try:
        return "measured", measure_file(path)
    except Problem as problem:
        return "problem", packed_problem(problem)
    except Exception as error:
        return "problem", ("Problem", f"{path} could not be measured: {error}.", "Try again.", "")
