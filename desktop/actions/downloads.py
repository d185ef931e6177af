"""Fetching a model from a hub: its size and license first, then progress, and a way to stop."""

from dataclasses import replace

from desktop.app import App
from desktop.state import Download
from desktop.texts import tr
from engine import catalog
from engine.catalog import ModelRef
from engine.errors import CallProblem, Problem


def begin(app: App, model: str) -> None:
    """Show how large a hub model is and what its license says; nothing is fetched yet."""

    def found(ref: ModelRef) -> None:
        now = app.state.download.value
        if ref.folder is not None:
            app.report(
                CallProblem(tr("{} is on this computer already.").format(ref.id), tr("Use it from the list."))
            )
        elif now is not None and now.accepted:
            app.report(
                CallProblem(tr("{} is being downloaded.").format(now.model), tr("Wait for it, or stop it."))
            )
        else:
            app.state.download.value = Download(ref.id, catalog.license_notice(ref) or "")
            app.background.ask_hub(ref.id, lambda size, license: _told(app, ref, size, license))

    app.background.call(lambda: catalog.find_model(model), found)


def _told(app: App, ref: ModelRef, size: int, license: str) -> None:
    download = app.state.download.value
    if download is not None and download.model == ref.id:
        told = (
            tr("{} MB to download").format(size) if size else tr("size unknown, the hub does not tell it now")
        )
        license = ref.license or license or tr("license unknown")
        app.state.download.value = replace(download, facts=f"{told} · {license}")


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
    app.background.stop_download()
    download = app.state.download.value
    if download is not None and not download.accepted:
        app.state.download.value = None
