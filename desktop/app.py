"""What actions work on: the state, its history, and the way to background work."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from desktop.history import History
from desktop.state import Notice, State
from engine.errors import Problem
from engine.job import Job
from engine.library import Library

T = TypeVar("T")


class Background(Protocol):
    """Work that must not run in the UI thread. Every `then` and `failed` is called in the UI thread.

    Without `failed`, a Problem becomes the notice in the window.
    """

    def submit(self, job: Job, seeds: Mapping[int, int]) -> None:
        """Queue a job with one or several seeds, by the numbers under which their events come to
        `actions.generating.on_event`. They run in one batch.
        """

    def cancel(self, number: int) -> None:
        """Ask a queued or running job to stop, and with it those of its batch."""

    def call(
        self,
        work: Callable[[], T],
        then: Callable[[T], Any] | None = None,
        failed: Callable[[Problem], Any] | None = None,
    ) -> None:
        """Run `work` in the disk thread, one after another."""

    def library(
        self,
        work: Callable[[Library], T],
        then: Callable[[T], Any] | None = None,
        failed: Callable[[Problem], Any] | None = None,
    ) -> None:
        """Run `work` with the user's library, in the same thread and order as `call`."""

    def measure(self, path: Path, then: Callable[[dict[str, Any]], Any]) -> None:
        """Measure an audio file in a process of its own; see `engine.labels.measure_file` for what comes."""

    def ask_hub(self, model: str, then: Callable[[int, str], Any]) -> None:
        """Ask what there is to fetch: `then` gets MB and the license, 0 and "" where the hub does not say."""

    def download(
        self,
        model: str,
        progress: Callable[[int, int], Any],
        then: Callable[[bool], Any],
        failed: Callable[[Problem], Any],
    ) -> None:
        """Fetch a model; `progress` gets MB done and in all, `then` False if it was stopped."""

    def stop_download(self) -> None:
        """Stop what `download` or `ask_hub` began."""


@dataclass(eq=False)
class App:
    """One running app."""

    state: State
    history: History
    background: Background

    def tell(
        self, text: str, details: str = "", action: str = "", run: Callable[[], None] | None = None
    ) -> None:
        """Show one line in the window, with at most one thing to do about it."""
        self.state.notice.value = Notice(text, details, False, action, run)

    def report(self, problem: Problem) -> None:
        """Show what went wrong and what to do, with the cause as details."""
        self.state.notice.value = Notice(f"{problem.what} {problem.todo}", details_of(problem), True)


def details_of(problem: Problem) -> str:
    """The chain of causes of a problem, an empty text if it has none."""
    import traceback

    if isinstance(told := getattr(problem, "details", None), str):
        return told
    if problem.__cause__ is None:
        return ""
    return "".join(traceback.format_exception(problem.__cause__)).strip()
