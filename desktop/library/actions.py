"""What a user can do with the takes of the library."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from desktop.actions import listening, takes
from desktop.app import App
from desktop.texts import tr
from engine.library import Entry, Library, Order
from engine.recipe import Recipe
from engine.take import read_recipe


@dataclass(frozen=True)
class Query:
    """What narrows the library and how it is ordered; see `engine.library.Library.search`."""

    text: str = ""
    min_stars: int = 0
    liked: bool | None = None
    metric: str | None = None
    order: Order = "newest"


def search(app: App, query: Query, then: Callable[[list[Entry]], None]) -> None:
    """Find takes."""

    def find(library: Library) -> list[Entry]:
        return library.search(
            query.text,
            min_stars=query.min_stars,
            liked=query.liked,
            metric=query.metric,
            order=query.order,
        )

    app.background.library(find, then)


def restore(app: App, folder: Path) -> None:
    """Set prompt, knobs and everything else as they were for a take."""
    app.background.call(lambda: read_recipe(folder), lambda recipe: takes.restore_settings(app, recipe))


def read_two(app: App, first: Path, second: Path, then: Callable[[tuple[Recipe, Recipe]], None]) -> None:
    """The recipes of two takes."""
    app.background.call(lambda: (read_recipe(first), read_recipe(second)), then)


def rate(app: App, folder: Path, stars: int) -> None:
    """Give a take's tuned clip 0 to 5 stars; what else was said of it stays."""
    listening.judge_take(app, folder, {"stars": stars})


def delete(app: App, entries: Sequence[Entry]) -> None:
    """Move takes to the library's trash; the notice offers to bring them back, and so does the library."""
    names = [entry.name for entry in entries]
    folders = {entry.folder for entry in entries}

    def deleted(_: None) -> None:
        pair = app.state.pair.value
        if pair is not None and pair.folder in folders:
            app.state.playing.value = False
            app.state.pair.value = None
        app.state.library_changed.emit()
        text = tr("Deleted 1 take.") if len(names) == 1 else tr("Deleted {} takes.").format(len(names))
        app.tell(text, action=tr("Undo"), run=lambda: undo_delete(app))

    if names:
        app.background.library(lambda library: library.delete(*names), deleted)


def last_deleted(app: App, then: Callable[[int], None]) -> None:
    """How many takes `undo_delete` would bring back."""
    app.background.library(lambda library: len(library.last_deleted()), then)


def undo_delete(app: App) -> None:
    """Bring back the takes that were deleted last."""

    def back(_: list[Entry]) -> None:
        app.state.library_changed.emit()
        app.tell(tr("Brought back."))

    app.background.library(Library.undo_delete, back)
