"""How fast a backend makes music, as a user meets it: loading, the first sound, the whole clip."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from engine.backend import Backend
from engine.cancel import CancelToken
from engine.events import Audio, Cancelled, Done, Event, Failed, Started
from engine.job import GenerationSettings, Job
from engine.take import Take

PROMPT = "classic rock, electric guitar, piano, drums"


@dataclass(frozen=True)
class Timing:
    """Seconds from the call to decoding's start, to the first audio and to the end; seconds of audio made."""

    load_s: float
    first_audio_s: float | None  # None if the backend streamed nothing
    total_s: float
    audio_s: float

    @property
    def seconds_per_audio_second(self) -> float:
        """Below 1 is faster than real time. Counts everything, loading included."""
        return self.total_s / self.audio_s


@dataclass
class Stopwatch:
    """Times one job from its events; make it right before the backend is called."""

    clock: Callable[[], float] = time.perf_counter
    _start: float = field(init=False)
    _load_s: float = 0.0
    _first_audio_s: float | None = None

    def __post_init__(self) -> None:
        self._start = self.clock()

    def see(self, event: Event) -> None:
        """Note when `event` came."""
        elapsed = self.clock() - self._start
        if isinstance(event, Started):
            self._load_s = elapsed
        elif isinstance(event, Audio) and self._first_audio_s is None:
            self._first_audio_s = elapsed

    def timing(self, take: Take) -> Timing:
        """The timing of the job that ended just now in `take`."""
        audio_s = take.base.shape[1] / take.sample_rate
        return Timing(self._load_s, self._first_audio_s, self.clock() - self._start, audio_s)


@dataclass(frozen=True)
class BenchReport:
    """What a bench found. `warm` is the median run, by total time, with the model loaded."""

    model: str
    cold_load_s: float
    warm: Timing


def bench(backend: Backend, model: str, seconds: float, runs: int) -> BenchReport:
    """Generate once to load `model`, then time `runs` jobs of `seconds` of audio.

    The first run's load time counts imports, reading the weights and the text encoder. Raises
    Problem if a job fails.
    """
    cold = _time_job(backend, model, 1.0)
    warm = sorted((_time_job(backend, model, seconds) for _ in range(runs)), key=lambda run: run.total_s)
    return BenchReport(model, cold.load_s, warm[(runs - 1) // 2])


def _time_job(backend: Backend, model: str, seconds: float) -> Timing:
    job = Job(prompt=PROMPT, model=model, settings=GenerationSettings(seconds=seconds))
    watch = Stopwatch()
    for event in backend.run(job, CancelToken()):
        watch.see(event)
        if isinstance(event, Done):
            return watch.timing(event.take)
        if isinstance(event, Failed):
            raise event.problem
        if isinstance(event, Cancelled):
            break
    raise RuntimeError("the backend ended a job that nobody cancelled without a take")
