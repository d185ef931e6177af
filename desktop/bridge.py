"""The one bridge from background work to the UI thread: serial lanes, whose results are queued signals."""

import queue
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Protocol, TypeVar

from PySide6.QtCore import QObject, Signal, Slot

from desktop.texts import tr
from desktop.worker.download import ask_hub, download
from engine.backend import Backend
from engine.cancel import CancelToken
from engine.errors import Problem
from engine.events import Cancelled, Done, Event, Failed
from engine.job import Job
from engine.library import Library, open_library

T = TypeVar("T")
ENDS = (Done, Cancelled, Failed)


class Measurer(Protocol):
    """Measures audio files, away from this process."""

    def measure(self, path: Path) -> dict[str, Any]:
        """What `engine.labels.measure_file` gives. Raises Problem."""


class Lane:
    """One thread that does what it is given, in order. It starts with the first and ends with `close`."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._todo: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None

    def put(self, work: Callable[[], None]) -> None:
        """Do `work`, which must not raise, after all that was put before."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
            self._thread.start()
        self._todo.put(work)

    def close(self, timeout: float | None = None) -> None:
        """Wait until all is done, then end the thread."""
        if self._thread is not None:
            self._todo.put(None)
            self._thread.join(timeout)
            self._thread = None

    def _run(self) -> None:
        while (work := self._todo.get()) is not None:
            work()


class Bridge(QObject):
    """Runs jobs, disk work and measuring in three lanes; see `desktop.app.Background`."""

    job_event = Signal(int, object)  # number of the job, Event; exactly one of `ENDS` comes last
    problem = Signal(object)  # a Problem that nobody else handles
    _back = Signal(object)  # a callable for the UI thread

    def __init__(self, backend: Backend, measurer: Measurer | None = None) -> None:
        super().__init__()
        self._backend = backend
        self._measurer = measurer
        self._device, self._disk = Lane("jobs"), Lane("disk")
        self._meter, self._downloads = Lane("measure"), Lane("download")
        self._download_token = CancelToken()
        self._tokens: dict[int, CancelToken] = {}
        self._library: Library | None = None
        self._closing = False
        self._back.connect(self._call_back)

    def submit(self, job: Job, seeds: Mapping[int, int]) -> None:
        """Queue a batch of jobs, one for each number's seed; their events come as `job_event`."""
        token = CancelToken()
        self._tokens |= dict.fromkeys(seeds, token)
        self._device.put(lambda: self._run_jobs(job, seeds, token))

    def prepare(self, work: Callable[[], T], then: Callable[[T], Any]) -> None:
        """Run `work` in the lane of the jobs, such as loading the model before the first one."""
        self._device.put(lambda: None if self._closing else self._do(work, then, None))

    def cancel(self, number: int) -> None:
        """Ask a queued or running job and its batch to stop; their ends still come as events."""
        if token := self._tokens.get(number):
            token.cancel()

    def call(
        self,
        work: Callable[[], T],
        then: Callable[[T], Any] | None = None,
        failed: Callable[[Problem], Any] | None = None,
    ) -> None:
        """Run `work` in the disk thread; then `then` with its result, or `failed`, in the UI thread."""
        self._disk.put(lambda: self._do(work, then, failed))

    def library(
        self,
        work: Callable[[Library], T],
        then: Callable[[T], Any] | None = None,
        failed: Callable[[Problem], Any] | None = None,
    ) -> None:
        """Run `work` with the user's library, which is opened with the first of these."""
        self._disk.put(lambda: self._do(lambda: work(self._opened()), then, failed))

    def measure(self, path: Path, then: Callable[[dict[str, Any]], Any]) -> None:
        """Measure a file; a failure is dropped, since the measurement is an extra."""
        if (measurer := self._measurer) is not None:
            self._meter.put(lambda: self._measure(measurer, path, then))

    def ask_hub(self, model: str, then: Callable[[int, str], Any]) -> None:
        """Ask for a model's MB and license in the lane of downloads; what was asked before is dropped."""
        self.stop_download()
        token = self._download_token = CancelToken()
        self._downloads.put(lambda: self._do(lambda: ask_hub(model, token), lambda told: then(*told), None))

    def download(
        self,
        model: str,
        progress: Callable[[int, int], Any],
        then: Callable[[bool], Any],
        failed: Callable[[Problem], Any],
    ) -> None:
        """Fetch a model in a lane of its own; `progress` gets MB done and in all, `then` False if stopped."""
        token = self._download_token = CancelToken()

        def told(done: int, total: int) -> None:
            self._back.emit(lambda: progress(done, total))

        self._downloads.put(lambda: self._do(lambda: download(model, token, told), then, failed))

    def stop_download(self) -> None:
        """Stop what `download` or `ask_hub` began."""
        self._download_token.cancel()

    def close(self, stop: Callable[[], None] = lambda: None) -> None:
        """Stop all jobs, wait for what is being written, and end the threads.

        `stop` ends at once what the lanes of jobs and measuring may be waiting for.
        """
        self._closing = True
        for token in tuple(self._tokens.values()):
            token.cancel()
        self._download_token.cancel()
        stop()
        self._device.close()
        self._meter.close()
        self._downloads.close()
        self._disk.put(self._close_library)
        self._disk.close()

    def _measure(self, measurer: Measurer, path: Path, then: Callable[[dict[str, Any]], Any]) -> None:
        if not self._closing:
            self._do(lambda: measurer.measure(path), then, lambda problem: None)

    def _run_jobs(self, job: Job, seeds: Mapping[int, int], token: CancelToken) -> None:
        running = list(seeds)
        try:
            end = self._run_batch(job, seeds, running, token)
        except Exception as error:
            end = Failed(unexpected(error))
        for number in tuple(running):
            self._end(number, end)

    def _run_batch(self, job: Job, seeds: Mapping[int, int], running: list[int], token: CancelToken) -> Event:
        """Run a batch; those that end leave `running`. Returns how it ends for those that did not."""
        if token.cancelled:
            return Cancelled(None)
        numbers = list(seeds)
        for place, event in self._backend.run_seeds(job, list(seeds.values()), token):
            if isinstance(event, ENDS):
                running.remove(numbers[place])
                self._end(numbers[place], event)
            else:
                self.job_event.emit(numbers[place], event)
        return Failed(Problem(tr("The job ended without a result."), tr("Try again.")))

    def _end(self, number: int, end: Event) -> None:
        self._tokens.pop(number, None)
        self.job_event.emit(number, end)

    def _do(
        self, work: Callable[[], T], then: Callable[[T], Any] | None, failed: Callable[[Problem], Any] | None
    ) -> None:
        try:
            result = work()
        except Exception as error:
            problem = error if isinstance(error, Problem) else unexpected(error)
            self._back.emit(lambda: failed(problem) if failed else self.problem.emit(problem))
            return
        if then is not None:
            self._back.emit(lambda: then(result))

    @Slot(object)
    def _call_back(self, work: Callable[[], None]) -> None:
        if not self._closing:
            work()

    def _opened(self) -> Library:
        if self._library is None:
            self._library = open_library()
            self._library.sync()
        return self._library

    def _close_library(self) -> None:
        if self._library is not None:
            self._library.close()
            self._library = None


def unexpected(error: Exception) -> Problem:
    """What to tell about an exception that no one foresaw; it stays as the cause, for the details."""
    reason = " ".join(str(error).split()) or "no reason given"
    problem = Problem(
        tr("Something unexpected happened ({}: {}).").format(type(error).__name__, reason), tr("Try again.")
    )
    problem.__cause__ = error
    return problem
