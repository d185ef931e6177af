"""A backend without a model: seeded noise in a few steps, with hooks to fail or to be stopped."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.cancel import CancelToken
from engine.errors import Problem
from engine.events import Audio, Cancelled, Done, Event, Failed, Loading, Progress, Started
from engine.job import Job
from engine.mix import weights
from engine.recipe import ModelRecord, Recipe
from engine.take import Take

STEPS = 4
SAMPLE_RATE = 8000


class OneByOne:
    """Runs the jobs of a batch one after another."""

    def run(self, job: Job, cancel: CancelToken) -> Iterator[Event]:
        raise NotImplementedError

    def run_seeds(self, job: Job, seeds: Sequence[int], cancel: CancelToken) -> Iterator[tuple[int, Event]]:
        for place, seed in enumerate(seeds):
            for event in self.run(job.model_copy(update={"seed": seed}), cancel):
                yield place, event


@dataclass
class FakeBackend(OneByOne):
    """`on_step(step)` runs before each step; a Problem it raises fails the job."""

    on_step: Callable[[int], None] = lambda step: None
    model_sha256: str = "ab" * 32
    jobs: list[Job] = field(default_factory=list)

    def run(self, job: Job, cancel: CancelToken) -> Iterator[Event]:
        self.jobs.append(job)
        samples = round(job.settings.seconds * SAMPLE_RATE)
        yield Loading("Loading the fake")
        yield Started(STEPS, samples, SAMPLE_RATE, 1)
        take = self._take(job, samples)
        for step in range(1, STEPS + 1):
            try:
                self.on_step(step)
            except Problem as problem:
                yield Failed(problem)
                return
            done = samples * (step - 1) // STEPS
            if cancel.cancelled:
                yield Cancelled(self._take(job, done) if done else None)
                return
            yield Audio("base", done, take.base[:, done : samples * step // STEPS])
            yield Progress(step, STEPS, float(STEPS - step))
        yield Done(take)

    def _take(self, job: Job, samples: int) -> Take:
        recipe = Recipe(
            job=job,
            model=ModelRecord(id=job.model, source="bundled", license=None, sha256=self.model_sha256),
            weights=weights(job.mix),
            torch_version="0",
            device="cpu",
            sample_rate=SAMPLE_RATE,
            partial=samples < round(job.settings.seconds * SAMPLE_RATE),
        )
        base = _noise(job.seed, samples)
        tuned = base if job.mix.neutral else base * np.float32(0.5)
        return Take(base, tuned, SAMPLE_RATE, recipe)


def _noise(seed: int, samples: int) -> NDArray[np.float32]:
    generator = np.random.Generator(np.random.Philox(seed))
    return generator.uniform(-0.5, 0.5, (1, samples)).astype(np.float32)
