"""Models and packs on this computer."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from desktop import session
from desktop.actions import presets, prompting
from desktop.app import App
from desktop.state import Place
from desktop.texts import tr
from engine import catalog, packs
from engine.catalog import ModelRef
from engine.errors import Problem
from engine.job import STARTER
from engine.paths import packs_dir


def pick(app: App, model: str) -> None:
    """Generate with another base model, if it is on this computer."""

    def found(ref: ModelRef) -> None:
        prompting.set_model(app, ref.id)

    app.background.call(lambda: catalog.find_model(model), found)


def use_place(app: App, place: Place | None) -> None:
    """Run the next jobs at a place, or at the best one: None."""
    app.state.place.value = place
    session.current.place = (place.backend, place.device) if place else None


@dataclass(frozen=True)
class Shelf:
    """The models on this computer, those a hub has, each with the bytes of its weights, and the packs.

    A folder that holds no model now comes without a folder and with 0 bytes.
    """

    here: list[tuple[ModelRef, int]]
    on_hub: list[tuple[ModelRef, int]]
    packs: list[packs.Pack]


def look(folders: Sequence[str]) -> Shelf:
    """What is on this computer and in `folders`, and what could be fetched. Reads the disk, asks no hub."""
    refs = [*catalog.list_models(), *map(_in_folder, folders)]
    sized = [
        (ref, sum(f.stat().st_size for f in catalog.weight_files(ref.folder)) if ref.folder else 0)
        for ref in refs
    ]
    return Shelf(sized, catalog.hub_offers(), packs.list_packs())


def _in_folder(folder: str) -> ModelRef:
    try:
        return catalog.find_model(folder)
    except Problem:
        return ModelRef(folder, None, "folder", None)


def remember_folder(app: App) -> None:
    """Keep the draft's model in the list, if it is a folder."""
    model = app.state.draft.value.model
    if Path(model).is_absolute() and model not in session.current.folders:
        session.current.folders = [*session.current.folders, model]
        app.state.models_changed.emit()


def own(pack: packs.Pack) -> bool:
    """True if the user installed it, so that it can be removed."""
    return pack.folder.parent == packs_dir()


def install_pack(app: App, source: Path) -> None:
    """Install a pack from a folder or zip."""

    def installed(pack: packs.Pack) -> None:
        app.state.models_changed.emit()
        presets.refresh_adapters(app)
        app.tell(tr("Installed the pack {} for {}.").format(pack.manifest.name, pack.manifest.base_model))

    app.background.call(lambda: packs.install(source), installed)


def remove_pack(app: App, name: str) -> None:
    """Remove an installed pack."""

    def removed(nothing: None) -> None:
        app.state.models_changed.emit()
        presets.refresh_adapters(app)
        app.tell(tr("Removed the pack {}.").format(name))

    app.background.call(lambda: packs.remove(name), removed)


def remove_model(app: App, ref: ModelRef) -> None:
    """Delete a model that came from a hub; take a folder off the list, and leave it where it is."""

    def removed(nothing: None) -> None:
        if app.state.draft.value.model == ref.id:
            prompting.set_model(app, STARTER)
        session.current.folders = [folder for folder in session.current.folders if folder != ref.id]
        app.state.models_changed.emit()

    if ref.source == "folder":
        removed(None)
    else:
        app.background.call(lambda: catalog.remove_model(ref), removed)


def drop(app: App, path: Path) -> None:
    """What a file or folder dropped on the window is for: a pack, a preset, or audio to begin from."""
    if path.suffix == ".tunedial":
        presets.import_from(app, str(path))
    elif path.suffix == ".zip" or (path.is_dir() and (path / packs.MANIFEST_FILE).is_file()):
        install_pack(app, path)
    elif path.is_dir() and (path / catalog.CONFIG).is_file():
        pick(app, str(path))
    elif path.is_dir():
        app.report(
            Problem(
                tr("{} is neither a model nor a pack.").format(path.name),
                tr("Drop a folder with a pack.json."),
            )
        )
    else:
        prompting.set_audio_prompt(app, path)
