"""Where jobs run: the one seam between the front ends and a device, here or far away."""

from collections.abc import Iterator
from typing import Protocol

from engine.cancel import CancelToken
from engine.events import Event
from engine.job import Job


class Backend(Protocol):
    """Runs one job at a time and tells its events; see `engine.events`."""

    def run(self, job: Job, cancel: CancelToken) -> Iterator[Event]:
        """Run `job` until it is done, fails or `cancel` is set."""
        ...
