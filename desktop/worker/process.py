"""The backend and the measurer that the window uses: both send their work to a child process."""

import contextlib
import multiprocessing
import threading
from collections.abc import Generator, Iterator, Sequence
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from desktop.worker.child import serve
from desktop.worker.wire import unpacked, unpacked_problem
from engine.cancel import CancelToken
from engine.errors import Problem
from engine.events import Cancelled, Done, Event, Failed
from engine.job import Job

POLL_S = 0.03
END_S = 2.0
LOCAL = "engine.local:LocalBackend"


class Child:
    """A child process and the pipe to it; started when first needed, and again if it died."""

    def __init__(self, backend: str = LOCAL) -> None:
        self._backend = backend
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None

    def pipe(self) -> Connection:
        """The pipe to a child that lives."""
        if self._pipe is None or self._process is None or not self._process.is_alive():
            self.end()
            context = multiprocessing.get_context("spawn")
            self._pipe, other = context.Pipe()
            self._process = context.Process(target=serve, args=(other, self._backend), daemon=True)
            self._process.start()
            other.close()
        return self._pipe

    def kill(self) -> None:
        """End the child at once, from any thread; whoever waits for it hears that it is gone."""
        if (process := self._process) is not None:
            process.kill()

    def end(self) -> int | None:
        """End the child, and return its exit code: None if there was none, negative if a signal ended it."""
        process, pipe, self._process, self._pipe = self._process, self._pipe, None, None
        if pipe is not None:
            pipe.close()
        if process is None:
            return None
        process.join(END_S)
        if process.is_alive():
            process.kill()
            process.join()
        code = process.exitcode
        process.close()
        return code

    @property
    def pid(self) -> int | None:
        """The child's process id, None if there is none."""
        return self._process.pid if self._process else None


class ProcessBackend:
    """Runs jobs in a child, which keeps the model between them. If the child dies the job fails, and the next
    job has a new one. `device` is where the next job runs, None for the best; see `engine.device`.
    """

    def __init__(self, backend: str = LOCAL) -> None:
        self.child = Child(backend)
        self.device: str | None = None
        self._lane = threading.Lock()

    def run(self, job: Job, cancel: CancelToken) -> Iterator[Event]:
        """Run `job` there; the last event is Done, Cancelled or Failed, and nothing is raised."""
        with contextlib.closing(self.run_seeds(job, [job.seed], cancel)) as told:
            for _, event in told:
                yield event

    def run_seeds(
        self, job: Job, seeds: Sequence[int], cancel: CancelToken
    ) -> Generator[tuple[int, Event], None, None]:
        """Run `job` there with each of `seeds`, in one batch; nothing is raised."""
        running = set(range(len(seeds)))
        with self._lane:
            try:
                pipe = self.child.pipe()
                pipe.send(("run", job.model_dump_json(), list(seeds), self.device))
                yield from _events(pipe, running, cancel)
            except (EOFError, OSError) as error:
                death = _death(self.child.end(), error)
                yield from ((place, Failed(death)) for place in sorted(running))

    def devices(self) -> list[tuple[str, str]]:
        """The id and the name of what can be computed on, best first; nothing if the child dies of asking."""
        with self._lane:
            try:
                pipe = self.child.pipe()
                pipe.send(("devices",))
                found: list[tuple[str, str]] = pipe.recv()
                return found
            except (EOFError, OSError):
                self.child.end()
                return []

    def kill(self) -> None:
        """End the child at once, from any thread; a job that runs fails."""
        self.child.kill()

    def close(self) -> None:
        """End the child."""
        with self._lane:
            self.child.end()


class ProcessMeasurer:
    """Measures in a child of its own, so that a job need not wait for it."""

    def __init__(self) -> None:
        self.child = Child()

    def measure(self, path: Path) -> dict[str, Any]:
        """What `engine.labels.measure_file` gives. Raises Problem."""
        try:
            pipe = self.child.pipe()
            pipe.send(("measure", str(path)))
            kind, content = pipe.recv()
        except (EOFError, OSError) as error:
            raise _death(self.child.end(), error) from error
        if kind == "problem":
            raise unpacked_problem(content)
        fields: dict[str, Any] = content
        return fields

    def close(self) -> None:
        """End the child."""
        self.child.end()


def _events(pipe: Connection, running: set[int], cancel: CancelToken) -> Iterator[tuple[int, Event]]:
    """The events of the jobs that were sent; those that ended leave `running`.

    Passes a cancel on; left early, it stops the jobs.
    """
    told = False
    try:
        while running:
            if cancel.cancelled and not told:
                pipe.send(("cancel",))
                told = True
            if pipe.poll(POLL_S):
                yield _received(pipe, running)
    finally:
        if running:
            with contextlib.suppress(EOFError, OSError):
                pipe.send(("cancel",))
                while running:
                    _received(pipe, running)


def _received(pipe: Connection, running: set[int]) -> tuple[int, Event]:
    place, sent = pipe.recv()
    event = unpacked(sent)
    if isinstance(event, Done | Cancelled | Failed):
        running.discard(place)
    return place, event


def _death(code: int | None, error: Exception) -> Problem:
    problem = Problem(
        f"The engine stopped unexpectedly (exit code {code}).",
        "If memory was short, close other programs or make the clip shorter; then try again.",
    )
    problem.__cause__ = error
    return problem
