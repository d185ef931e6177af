"""Running a job in a terminal: progress with time left on stderr, and Ctrl-C that stops it cleanly."""

import os
import secrets
import signal
from dataclasses import asdict, dataclass
from datetime import timedelta
from pathlib import Path

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from engine import events
from engine.backend import Backend
from engine.bench import Stopwatch, Timing
from engine.cancel import CancelToken
from engine.commands.common import echo_json, note
from engine.commands.signals import handle_signals
from engine.errors import CallProblem
from engine.job import Job
from engine.paths import takes_dir
from engine.take import Take, TakeFiles, write_take


@dataclass(frozen=True)
class Finished:
    """A take that was made, where it lies, and how long it took."""

    take: Take
    files: TakeFiles
    timing: Timing


def new_take_folder() -> Path:
    """A folder among the user's takes that nothing has yet."""
    return takes_dir() / secrets.token_hex(6)


def make_take(backend: Backend, job: Job, folder: Path, keep_partial: bool = False) -> Finished:
    """Run `job` and write its take into `folder`, with progress on stderr.

    If the user stops it, says what was kept and exits with 1. Raises Problem if it fails.
    """
    _check_writable(folder)
    watch = Stopwatch()
    end = _run(backend, job, watch)
    if isinstance(end, events.Done):
        timing = watch.timing(end.take)
        return Finished(end.take, write_take(end.take, folder), timing)
    if keep_partial and end.partial is not None:
        files = write_take(end.partial, folder)
        note(f"Stopped. The {_audio_seconds(end.partial):.1f} s that were decoded are in {files.folder}.")
    else:
        note("Stopped. Nothing was written.")
    raise click.exceptions.Exit(1)


def report(finished: Finished, as_json: bool) -> None:
    """Print a finished take: where it lies, its seed and weights, and how fast it was made."""
    files, recipe, timing = finished.files, finished.take.recipe, finished.timing
    speed = timing.seconds_per_audio_second
    if as_json:
        echo_json(
            {
                "base": str(files.base),
                "tuned": str(files.tuned),
                "recipe": str(files.recipe),
                "seconds": timing.audio_s,
                "sample_rate": finished.take.sample_rate,
                "seed": recipe.job.seed,
                "weights": recipe.weights,
                "timing": {**asdict(timing), "seconds_per_audio_second": speed},
            }
        )
        return
    shares = ", ".join(f"{name} {share:.2f}" for name, share in recipe.weights.items())
    click.echo(f"base    {files.base}\ntuned   {files.tuned}\nrecipe  {files.recipe}")
    click.echo(f"seed    {recipe.job.seed}\nweights {shares}")
    if recipe.job.mix.neutral:
        note("All knobs are at 0, so both clips are the same.")
    note(f"{timing.audio_s:.1f} s of audio in {timing.total_s:.1f} s, {timing.load_s:.1f} s of it loading.")


def _check_writable(folder: Path) -> None:
    """Find out before the work, not after it, that its result cannot be kept."""
    place = folder.absolute()
    while not place.exists():
        place = place.parent
    if not place.is_dir() or not os.access(place, os.W_OK):
        raise CallProblem(f"{folder} cannot be written to.", "Choose another folder with --out.")


def _run(backend: Backend, job: Job, watch: Stopwatch) -> events.Done | events.Cancelled:
    """Run `job` to its end while its progress shows. Raises the Problem it fails with."""
    cancel = CancelToken()
    interrupts = (signal.SIGINT, signal.SIGTERM)

    def stop(*_: object) -> None:
        cancel.cancel()
        for number in interrupts:  # a second Ctrl-C does not wait for the step
            signal.signal(number, signal.default_int_handler)

    with handle_signals(stop, *interrupts), _progress() as progress:
        bar = progress.add_task("Starting", total=None, left="")
        for event in backend.run(job, cancel):
            watch.see(event)
            match event:
                case events.Done() | events.Cancelled():
                    return event
                case events.Failed(problem):
                    raise problem
                case _:
                    _show(progress, bar, event)
    raise RuntimeError("the backend ended a job without saying how")


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), TextColumn("{task.fields[left]}"))
    return Progress(*columns, console=Console(stderr=True), transient=True)


def _show(progress: Progress, bar: TaskID, event: events.Event) -> None:
    match event:
        case events.Loading(what):
            progress.update(bar, description=what)
        case events.Started(total=total):
            progress.update(bar, description="Generating", total=total)
        case events.Progress(step, total, eta):
            left = f"{timedelta(seconds=round(eta))} left"
            progress.update(bar, completed=step, total=total, left=left)


def _audio_seconds(take: Take) -> float:
    samples: int = take.base.shape[1]
    return samples / take.sample_rate
