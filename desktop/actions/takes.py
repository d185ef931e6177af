"""Takes of the library in the window: open one, use its settings again."""

from dataclasses import replace
from pathlib import Path

from desktop.actions import generating
from desktop.app import App
from desktop.draft import Draft
from desktop.library.measurements import read_measured
from desktop.pairs import Pair, pair_of
from desktop.state import Measured
from desktop.texts import mark
from engine.recipe import Recipe
from engine.take import read_take, take_files

Found = tuple[Pair, dict[Path, Measured]]


def open_take(app: App, folder: Path) -> None:
    """Put a take of the library into the view."""
    app.background.library(lambda library: _read(folder), lambda found: _show(app, found))


def open_last(app: App, folder: Path) -> None:
    """Put the take that was in the view last into it again; one that is gone is not missed."""

    def opened(found: Found) -> None:
        if app.state.pair.value is None:
            _show(app, found)

    app.background.call(lambda: _read(folder), opened, lambda problem: None)


def _read(folder: Path) -> Found:
    return pair_of(read_take(folder), folder), read_measured(folder)


def _show(app: App, found: Found) -> None:
    pair, known = found
    app.state.playing.value = False
    app.state.measured.value = {**app.state.measured.value, **known}
    generating.show(app, pair)
    if pair.folder is not None:
        files = take_files(pair.folder)
        for path in (files.base, files.tuned):
            generating.measure(app, path)


def restore_settings(app: App, recipe: Recipe) -> None:
    """Set everything as it was for a take; its seed is kept for the next job."""
    job = recipe.job
    draft = app.state.draft.value
    app.history.record(
        mark("Restore settings"),
        replace(
            Draft(
                prompt=job.prompt,
                settings=job.settings,
                seed=job.seed,
                seed_locked=True,
                model=job.model,
                audio_prompt=job.audio_prompt,
            ),
            slot_a=job.mix if draft.morph < 1 else draft.slot_a,
            slot_b=job.mix if draft.morph > 0 else draft.slot_b,
            morph=0.0 if draft.morph < 1 else 1.0,
        ),
    )
