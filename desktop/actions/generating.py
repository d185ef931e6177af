"""Making takes: jobs in, events out, takes into the library."""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path

from pydantic import ValidationError

from desktop import session
from desktop.actions import mixing, prompting
from desktop.app import App
from desktop.library.measurements import keep_measured
from desktop.metric_names import name_of
from desktop.pairs import Pair, add_audio, beginning, growing_pair, pair_of
from desktop.state import Queued
from desktop.texts import mark, tr
from engine.errors import Problem
from engine.events import Audio, Cancelled, Done, Event, Failed, Loading, Progress, Started
from engine.job import Job
from engine.library import Entry, Library
from engine.paths import takes_dir
from engine.preferences import Preference, read_preference
from engine.take import Take, write_take

KEPT = 20  # entries of the queue that are over
SCOUT_SECONDS = 4.0
LOOK_AHEAD_S = 1.0  # a codec hears up to 0.7 s ahead, so the end of a clip is not yet as in a longer one

_numbers = count(1)


def generate(app: App) -> None:
    """Queue a job for the draft; unless the seed is locked, each has a new one."""
    if not app.state.draft.value.seed_locked:
        app.state.draft.value = replace(app.state.draft.value, seed=prompting.drawn_seed())
    if job := _job(app):
        _submit(app, job, [job.seed])


def scout(app: App, seeds: int = 4) -> None:
    """Queue short previews of several seeds, in one batch: each is the beginning of its seed's full take.

    The queue, where they come, is opened.
    """
    job = _job(app)
    if job is None:
        return
    seconds = min(SCOUT_SECONDS + LOOK_AHEAD_S, job.settings.seconds)
    settings = job.settings.model_copy(update={"seconds": seconds})
    preview = job.model_copy(update={"settings": settings})
    _submit(app, preview, [prompting.drawn_seed() for _ in range(seeds)], scout=True)
    app.state.tab_wanted.emit("queue")


def render_in_full(app: App, number: int, seconds: float) -> None:
    """Make the take that a scouted preview is the beginning of."""
    entry = find(app, number)
    settings = entry.job.settings.model_copy(update={"seconds": seconds})
    job = entry.job.model_copy(update={"settings": settings})
    app.history.record(mark("Seed"), replace(app.state.draft.value, seed=job.seed, seed_locked=True))
    _submit(app, job, [job.seed])


def cancel(app: App, number: int) -> None:
    """Stop a job that waits or runs; the previews of a scout stop together."""
    app.background.cancel(number)


def cancel_all(app: App) -> None:
    """Stop every job."""
    for entry in app.state.queue.value:
        if not entry.over:
            app.background.cancel(entry.number)


def retry(app: App, number: int) -> None:
    """Queue a job again that failed or was stopped."""
    entry = find(app, number)
    _submit(app, entry.job, [entry.job.seed], entry.scout)


def clear_finished(app: App) -> None:
    """Forget the entries that are over; their takes stay."""
    app.state.queue.value = tuple(entry for entry in app.state.queue.value if not entry.over)


def find(app: App, number: int) -> Queued:
    """The entry of a job. Raises Problem if it was forgotten."""
    for entry in app.state.queue.value:
        if entry.number == number:
            return entry
    raise Problem(tr("This job is not in the queue any more."), tr("Generate again."))


def running(app: App) -> bool:
    """True while any job waits or runs."""
    return any(not entry.over for entry in app.state.queue.value)


def show(app: App, pair: Pair) -> None:
    """Put a pair into the view, with what was said of it."""
    state = app.state
    state.selection.value = None
    state.blind.value = None
    state.preference.value = None
    state.playhead.value = 0.0
    state.pair.value = pair

    def read(said: Preference | None) -> None:
        if state.pair.value is pair and state.preference.value is None:
            state.preference.value = said

    if (folder := pair.folder) is not None:
        app.background.call(lambda: read_preference(folder), read)


def on_event(app: App, number: int, event: Event) -> None:
    """What an event of a job does to the state."""
    try:
        entry = find(app, number)
    except Problem:
        return
    match event:
        case Loading(what):
            _put(app, entry.became(status="loading", what=what))
        case Started():
            pair = growing_pair(entry.job, event)
            _put(app, entry.became(status="running", what="", total=event.total, pair=pair))
            if not entry.scout and not _listening(app):
                show(app, pair)
        case Progress(step, total, eta):
            _put(app, entry.became(step=step, total=total, eta=eta, speed=_speed(entry, step, total, eta)))
        case Audio():
            if entry.pair is not None:
                start, stop = event.start_sample, add_audio(entry.pair, event)
                app.state.pair_grew.emit(entry.pair, event.which, start, stop)
        case Done(take):
            _finish(app, entry, take, "done")
        case Cancelled(partial):
            if partial is not None and not entry.scout:
                _finish(app, entry, partial, "cancelled")
            else:
                _put(app, entry.became(status="cancelled", eta=None))
                _unshow(app, entry)
        case Failed(problem):
            _put(app, entry.became(status="failed", eta=None, problem=problem))
            _unshow(app, entry)
            app.report(problem)


def save_take(app: App, take: Take, then: Callable[[Entry], None]) -> None:
    """Write a take into the library's folder and index it."""

    def work(library: Library) -> Entry:
        folder: Path = takes_dir() / secrets.token_hex(6)
        write_take(take, folder)
        return library.add(folder)

    app.background.library(work, then)


def _job(app: App) -> Job | None:
    """The draft's job; knobs without an adapter are left out, and that is told."""
    try:
        job = app.state.draft.value.job()
    except ValidationError as error:
        app.report(prompting.first_problem(error))
        return None
    app.state.notice.value = None
    mix = mixing.effective(job.mix, app.state.adapters.value)
    if left_out := [name_of(name) for name in job.mix.knobs if name not in mix.knobs]:
        app.tell(
            tr("Left out, since no pack for {} has an adapter for it: {}.").format(
                job.model, ", ".join(left_out)
            )
        )
    return job.model_copy(update={"mix": mix})


def _submit(app: App, job: Job, seeds: Sequence[int], scout: bool = False) -> None:
    numbered = {next(_numbers): seed for seed in seeds}
    session.remember_prompt(job.prompt)
    _append(
        app,
        [Queued(n, job.model_copy(update={"seed": seed}), scout=scout) for n, seed in numbered.items()],
    )
    app.background.submit(job, numbered)


def _append(app: App, entries: Sequence[Queued]) -> None:
    queue = app.state.queue.value
    over = [old for old in queue if old.over]
    forgotten = {old.number for old in over[: max(0, len(over) - KEPT)]}
    app.state.queue.value = (*(old for old in queue if old.number not in forgotten), *entries)


def _put(app: App, entry: Queued) -> None:
    queue = app.state.queue.value
    app.state.queue.value = tuple(entry if old.number == entry.number else old for old in queue)


def _speed(entry: Queued, step: int, total: int, eta: float) -> float | None:
    """Seconds of audio a second, by the time that is left for the steps that are left."""
    if eta <= 0 or total <= step:
        return entry.speed
    return entry.job.settings.seconds * (total - step) / total / eta


def _finish(app: App, entry: Queued, take: Take, status: str) -> None:
    pair = beginning(pair_of(take), SCOUT_SECONDS) if entry.scout else pair_of(take)
    _put(app, entry.became(status=status, step=entry.total, eta=None, pair=pair))
    shown = app.state.pair.value is entry.pair
    if shown:
        _replace_shown(app, pair)
    if entry.scout:
        return

    def written(kept: Entry) -> None:
        done = replace(pair, folder=kept.folder)
        if current := next((e for e in app.state.queue.value if e.number == entry.number), None):
            _put(app, current.became(pair=done))
        if app.state.pair.value is pair:
            _replace_shown(app, done)
        elif not shown and status == "done":
            app.tell(tr("A take is finished."), action=tr("Show"), run=lambda: show(app, done))
        app.state.library_changed.emit()
        for path in {kept.folder / "base.wav", kept.folder / "tuned.wav"}:
            measure(app, path)

    save_take(app, take, written)


def measure(app: App, path: Path) -> None:
    """Measure a clip, once."""
    if path in app.state.measured.value:
        return

    def measured(values: dict[str, float | str | None]) -> None:
        app.state.measured.value = {**app.state.measured.value, path: values}
        app.background.call(lambda: keep_measured(path, values))

    app.background.measure(path, measured)


def _listening(app: App) -> bool:
    """True while a clip plays or is compared blind, which a job that begins must not end."""
    return app.state.playing.value or app.state.blind.value is not None


def _replace_shown(app: App, pair: Pair) -> None:
    """Exchange a pair for the same one further on; place, selection and playing stay."""
    app.state.pair.value = pair


def _unshow(app: App, entry: Queued) -> None:
    """Go back from a pair that came to nothing to the last one that is kept."""
    if entry.pair is None or app.state.pair.value is not entry.pair:
        return
    app.state.playing.value = False
    kept = [e.pair for e in app.state.queue.value if e.pair is not None and e.pair.folder is not None]
    if kept:
        show(app, kept[-1])
    else:
        app.state.pair.value = None
