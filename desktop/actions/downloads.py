"""Fetching a model from a hub: its license first, then progress, and a way to stop."""

from dataclasses import replace

from desktop.app import App
from desktop.state import Download
from desktop.texts import tr
from engine import catalog
from engine.catalog import ModelRef
from engine.errors import CallProblem, Problem


def begin(app: App, model: str) -> None:
    """Show what the license of a hub model says; nothing is fetched yet."""

    def found(ref: ModelRef) -> None:
        if ref.folder is not None:
            app.report(
                CallProblem(tr("{} is on this computer already.").format(ref.id), tr("Use it from the list."))
            )
        else:
            app.state.download.value = Download(ref.id, catalog.license_notice(ref) or "")

    app.background.call(lambda: catalog.find_model(model), found)


def accept(app: App) -> None:
    """Fetch the model whose license is shown."""
    download = app.state.download.value
    if download is None:
        return
    app.state.download.value = replace(download, accepted=True)

    def progress(done: int, total: int) -> None:
        if now := app.state.download.value:
            app.state.download.value = replace(now, done=done, total=total)

    def ended(complete: bool) -> None:
        app.state.download.value = None
        if complete:
            app.state.models_changed.emit()
            app.tell(tr("{} is on this computer now.").format(download.model))
        else:
            app.tell(tr("The download was stopped; the next one goes on from there."))

    def failed(problem: Problem) -> None:
        app.state.download.value = None
        app.report(problem)

    app.background.download(download.model, progress, ended, failed)


def stop(app: App) -> None:
    """Stop the download, or do not begin it."""
    download = app.state.download.value
    if download is not None and download.accepted:
        app.background.stop_download()
    else:
        app.state.download.value = None
