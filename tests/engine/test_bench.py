"""Timing a backend."""

import json

import pytest

from engine.bench import Stopwatch, bench
from engine.cancel import CancelToken
from engine.cli import main
from engine.errors import Problem
from engine.events import Done
from engine.job import GenerationSettings, Job
from tests.engine.fake import FakeBackend


def test_the_stopwatch_marks_loading_first_audio_and_end():
    ticks = iter(range(100))
    watch = Stopwatch(clock=lambda: float(next(ticks)))
    job = Job(prompt="x", settings=GenerationSettings(seconds=2))
    for event in FakeBackend().run(job, CancelToken()):  # Loading, Started, 4 times Audio and Progress, Done
        watch.see(event)
        if isinstance(event, Done):
            timing = watch.timing(event.take)
    assert (timing.load_s, timing.first_audio_s, timing.total_s, timing.audio_s) == (2, 3, 12, 2)
    assert timing.seconds_per_audio_second == 6


def test_bench_loads_first_and_then_times_each_run():
    backend = FakeBackend()
    report = bench(backend, "starter", seconds=3, runs=5)
    assert [job.settings.seconds for job in backend.jobs] == [1, 3, 3, 3, 3, 3]
    assert report.warm.audio_s == 3


def test_bench_raises_what_a_job_fails_with():
    def fail(step: int) -> None:
        raise Problem("No weights.", "Get them.")

    with pytest.raises(Problem, match="No weights"):
        bench(FakeBackend(on_step=fail), "starter", seconds=3, runs=1)


def test_the_command_gives_its_figures_as_json(monkeypatch, capsys):
    monkeypatch.setattr("engine.commands.bench.open_backend", lambda name: FakeBackend())
    assert main(["bench", "starter", "--seconds", "1", "--runs", "1", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["model"] == "starter"
    figures = ("seconds_per_audio_second", "first_audio_s", "cold_load_s")
    assert all(isinstance(told[key], float) for key in figures)
