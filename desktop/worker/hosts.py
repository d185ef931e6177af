"""Where jobs can run: a list of backends with their devices. It has one today, this computer."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from desktop.state import Place
from engine.backend import Backend
from engine.cancel import CancelToken
from engine.events import Event
from engine.job import Job

HERE = "here"


class Host(Backend, Protocol):
    """A backend with devices; `device` is the id of the one that the next job runs on, None for the best."""

    device: str | None

    def devices(self) -> list[tuple[str, str]]:
        """The id and the name of what can be computed on, best first."""

    def kill(self) -> None:
        """End at once what runs, from any thread."""

    def close(self) -> None:
        """End."""


class Hosts:
    """The backends by name, as one that hands each job to the chosen place."""

    def __init__(self, backends: Mapping[str, Host]) -> None:
        self._backends = backends
        self._first = self._chosen = next(iter(backends.values()))

    def choose(self, place: Place | None) -> None:
        """Run the next jobs there; without a place, or if its backend is unknown, on the first one's best."""
        found = self._backends.get(place.backend) if place else None
        self._chosen = found or self._first
        self._chosen.device = place.device if place and found else None

    def places(self) -> list[Place]:
        """Every device of every backend, best first."""
        return [
            Place(name, device, told)
            for name, backend in self._backends.items()
            for device, told in backend.devices()
        ]

    def run(self, job: Job, cancel: CancelToken) -> Iterator[Event]:
        """Run `job` at the chosen place."""
        return self._chosen.run(job, cancel)

    def run_seeds(self, job: Job, seeds: Sequence[int], cancel: CancelToken) -> Iterator[tuple[int, Event]]:
        """Run `job` with each of `seeds` at the chosen place."""
        return self._chosen.run_seeds(job, seeds, cancel)

    def kill(self) -> None:
        """End at once what runs anywhere."""
        for backend in self._backends.values():
            backend.kill()

    def close(self) -> None:
        """End all."""
        for backend in self._backends.values():
            backend.close()
