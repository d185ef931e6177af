"""Where jobs run: the one seam between the front ends and a device, here or far away."""

from collections.abc import Iterator, Sequence
from typing import Protocol

from engine.cancel import CancelToken
from engine.events import Event
from engine.job import Job


class Backend(Protocol):
    """Runs one job at a time and tells its events; see `engine.events`."""

    def run(self, job: Job, cancel: CancelToken) -> Iterator[Event]:
        """Run `job` until it is done, fails or `cancel` is set."""
        ...

    def run_seeds(self, job: Job, seeds: Sequence[int], cancel: CancelToken) -> Iterator[tuple[int, Event]]:
        """Run `job` with each of `seeds` in place of its own, all in one batch.

        Each seed's events are those of a job, and come with the seed's place in `seeds`.
        """
        ...
