"""An app without a window, whose background work is done at once, in the thread that asks for it."""

from pathlib import Path

import numpy as np

from desktop.app import App
from desktop.history import History
from desktop.pairs import Clip, Pair
from desktop.state import State
from engine.errors import Problem
from engine.job import GenerationSettings, Job
from engine.library import open_library
from engine.mix import Mix


class AtOnce:
    """Does background work at once. `jobs` and `measured` keep what it was asked for."""

    def __init__(self, app: App | None = None) -> None:
        self.jobs: list[tuple[int, Job]] = []
        self.measured: list[Path] = []
        self.app = app

    def submit(self, job, seeds):
        self.jobs += [(number, job.model_copy(update={"seed": seed})) for number, seed in seeds.items()]

    def cancel(self, number):
        raise AssertionError("nothing runs")

    def call(self, work, then=None, failed=None):
        try:
            result = work()
        except Problem as problem:
            if failed is None:
                self.app.report(problem)
            else:
                failed(problem)
            return
        if then is not None:
            then(result)

    def library(self, work, then=None, failed=None):
        def with_library():
            with open_library() as library:
                library.sync()
                return work(library)

        self.call(with_library, then, failed)

    def measure(self, path, then):
        self.measured.append(path)


def make_app() -> App:
    """An app with a state of its own."""
    state = State()
    background = AtOnce()
    app = App(state, History(state.draft, state.preset), background)
    background.app = app
    return app


def make_pair(base, tuned=None, rate=8000, filled=None, folder=None, prompt="jazz, piano") -> Pair:
    """A pair of float32 [C, N]; neutral without `tuned`; growing if less than all is `filled`."""
    length = base.shape[1]
    first = Clip(np.asarray(base, np.float32), length if filled is None else filled)
    second = first if tuned is None else Clip(np.asarray(tuned, np.float32), first.filled)
    job = Job(
        prompt=prompt,
        mix=Mix(knobs={} if tuned is None else {"energy": 2}),
        settings=GenerationSettings(seconds=max(1.0, length / rate)),
    )
    return Pair(job, rate, first, second, folder)
