"""Presets: load, keep, rename, delete, share."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from desktop import session
from desktop.app import App
from desktop.draft import Draft
from desktop.state import LoadedPreset
from desktop.texts import tr
from engine import preset as files
from engine.adapters import WEIGHTS_FILE
from engine.errors import Problem
from engine.files import sha256_of
from engine.packs import list_packs
from engine.preset import AdapterNeed, Preset, PresetFile, Requires
from engine.recipe import Direction


def load(app: App, file: PresetFile) -> None:
    """Set what a preset holds: the mix, perhaps prompt and settings. If it lacks something, ask first."""
    if isinstance(file.content, Problem):
        app.report(file.content)
    elif lines := lacks(app, file.content):
        app.state.offered.value = file
        text = tr("{} is not loaded yet. {}").format(file.content.name, lines[0])
        app.tell(text, "\n".join(lines), tr("Load anyway"), lambda: load_anyway(app, file))
    else:
        load_anyway(app, file)


def load_anyway(app: App, file: PresetFile) -> None:
    """Load a preset whatever it lacks. Raises Problem if it cannot be read."""
    preset = _content(file)
    app.state.offered.value = None
    app.state.notice.value = None
    draft = app.state.draft.value.with_mix(lambda mix: preset.mix)
    if preset.prompt:
        draft = replace(draft, prompt=preset.prompt)
    if preset.settings:
        draft = replace(draft, settings=preset.settings, bars=None)
    loaded = LoadedPreset(preset, file.path, file.factory)
    app.history.record(tr("Preset {}").format(preset.name), draft, preset=loaded)


def lacks(app: App, preset: Preset) -> list[str]:
    """What a preset would lack with the model and packs that are there, a line each; quick."""
    needed = {(n.metric, n.direction): n.sha256 for n in preset.requires.adapters} if preset.requires else {}
    there = {key: needed.get(key, "") for key in app.state.adapters.value}  # their sums would take too long
    return files.missing(preset, app.state.draft.value.model, there)


def step(app: App, by: int) -> None:
    """Load or offer the next (1) or previous (-1) preset of the browser's order."""

    def found(all_files: list[PresetFile]) -> None:
        usable = [file for file in all_files if isinstance(file.content, Preset)]
        if not usable:
            return
        now = app.state.offered.value or app.state.preset.value
        paths = [file.path for file in usable]
        at = paths.index(now.path) if now and now.path in paths else (-1 if by > 0 else 0)
        load(app, usable[(at + by) % len(usable)])

    app.background.call(files.list_presets, found)


def dirty(app: App) -> bool:
    """True if the draft is no longer what the preset it came from holds."""
    loaded, draft = app.state.preset.value, app.state.draft.value
    if loaded is None:
        return False
    preset = loaded.preset
    return (
        draft.mix != preset.mix
        or preset.prompt not in (None, draft.prompt.strip())
        or preset.settings not in (None, draft.settings)
    )


def save(app: App) -> bool:
    """Keep in the loaded preset what it holds; False if there is none that is the user's own."""
    loaded, draft = app.state.preset.value, app.state.draft.value
    if loaded is None or loaded.factory:
        return False
    old = loaded.preset
    changes = {
        "mix": draft.mix,
        "prompt": old.prompt and (draft.prompt.strip() or None),
        "settings": old.settings and draft.settings,
    }
    _save(app, lambda: old.model_copy(update={**changes, "requires": _requires(draft)}), replace=True)
    return True


def save_as(
    app: App,
    name: str,
    author: str = "",
    tags: tuple[str, ...] = (),
    notes: str = "",
    *,
    with_prompt: bool = True,
    replace: bool = False,
) -> None:
    """Keep the mix as one of the user's own presets."""
    draft = app.state.draft.value

    def made() -> Preset:
        return Preset(
            name=name,
            author=author,
            tags=tags,
            notes=notes,
            mix=draft.mix,
            prompt=(draft.prompt.strip() or None) if with_prompt else None,
            settings=draft.settings if with_prompt else None,
            requires=_requires(draft),
        )

    _save(app, made, replace)


def starred(file: PresetFile) -> bool:
    """True if the user starred it; stars are the user's own and not in the file, so copies have none."""
    return _star(file) in session.current.stars


def toggle_star(file: PresetFile) -> None:
    """Star a preset or take its star away."""
    stars, its = session.current.stars, _star(file)
    session.current.stars = [star for star in stars if star != its] if its in stars else [*stars, its]


def _move_star(file: PresetFile, name: str) -> None:
    """The preset in `file` is called `name` now; the star of an earlier one of that name goes."""
    others = [star for star in session.current.stars if star not in (file.path.stem, name)]
    session.current.stars = [*others, name] if starred(file) else others


def _star(file: PresetFile) -> str:
    """What the session calls it; one of the user's own may have the name of a factory's."""
    return f"factory/{file.path.stem}" if file.factory else file.path.stem


def rename(app: App, file: PresetFile, name: str) -> None:
    """Give one of the user's own another name; it keeps its star."""

    def work() -> LoadedPreset:
        preset = Preset.model_validate(_content(file).model_copy(update={"name": name}).model_dump())
        path = files.save_preset(preset)
        file.path.unlink()
        return LoadedPreset(preset, path, False)

    def renamed(new: LoadedPreset) -> None:
        app.history.amend(lambda kept: new if kept.path == file.path else kept)
        _move_star(file, new.preset.name)
        app.state.presets_changed.emit()

    app.background.call(_told(work), renamed)


def duplicate(app: App, file: PresetFile) -> None:
    """Keep a copy, with a number after its name, among the user's own."""

    def work() -> Path:
        preset = _content(file)
        taken = {other.path.stem.casefold() for other in files.list_presets() if not other.factory}
        number = next(n for n in range(2, 10_000) if f"{preset.name} {n}".casefold() not in taken)
        return files.save_preset(preset.model_copy(update={"name": f"{preset.name} {number}"}))

    _then_changed(app, work)


def delete(app: App, file: PresetFile, to_trash: Callable[[Path], bool]) -> None:
    """Move one of the user's own to the system's trash."""

    def work() -> Path:
        if not to_trash(file.path):
            raise Problem(
                tr("{} could not be moved to the trash.").format(file.path), tr("Delete it by hand.")
            )
        return file.path

    app.history.amend(lambda kept: replace(kept, path=None) if kept.path == file.path else kept)
    _then_changed(app, work)


def import_from(app: App, source: str, replace: bool = False) -> None:
    """Keep a preset from a file or from its text; asks before it replaces one of that name."""

    def failed(problem: Problem) -> None:
        app.report(problem)
        if "already there" in problem.what:
            app.tell(problem.what, "", tr("Replace it"), lambda: import_from(app, source, True))

    def imported(path: Path) -> None:
        app.state.presets_changed.emit()
        app.tell(tr("Imported {}.").format(path.stem))

    app.background.call(_told(lambda: files.import_preset(source, replace)), imported, failed)


def export_to(app: App, file: PresetFile, path: Path) -> None:
    """Write a preset to a file; the user has said that it may be replaced."""
    work = _told(lambda: files.export_preset(_content(file), path, True))
    app.background.call(work, lambda written: app.tell(tr("Written to {}.").format(written)))


def text_of(file: PresetFile) -> str:
    """A preset as one line to paste into a chat."""
    return files.to_text(_content(file))


def refresh_adapters(app: App) -> None:
    """Look which adapters there are for the draft's model."""
    model = app.state.draft.value.model

    def found(packs: list[Any]) -> None:
        if model == app.state.draft.value.model:
            adapters = [pack.adapters for pack in reversed(packs)]  # the first pack that has one wins
            app.state.adapters.value = {key: value for pack in adapters for key, value in pack.items()}

    app.background.call(lambda: list_packs(model), found)


def _save(app: App, made: Callable[[], Preset], replace: bool) -> None:
    """Write what `made` makes; from then on it is the preset of the draft."""
    before = app.state.preset.value

    def work() -> LoadedPreset:
        preset = made()
        return LoadedPreset(preset, files.save_preset(preset, replace), False)

    def saved(new: LoadedPreset) -> None:
        if app.state.preset.value is before:
            app.history.adopt(new)
        app.history.amend(lambda kept: new if kept.path == new.path else kept)
        app.state.presets_changed.emit()
        app.tell(tr("Saved {}.").format(new.preset.name))

    app.background.call(_told(work), saved)


def _requires(draft: Draft) -> Requires | None:
    """What the mix needs: the model, the pack and the sums of its adapters; None without any."""
    packs = list_packs(draft.model)
    needs, pack = [], None
    for name, value in draft.mix.knobs.items():
        direction: Direction = "positive" if value > 0 else "negative"
        for candidate in packs:
            if adapter := candidate.adapters.get((name, direction)):
                pack = pack or candidate
                weights = adapter.folder / WEIGHTS_FILE
                needs.append(AdapterNeed(metric=name, direction=direction, sha256=sha256_of(weights)))
                break
    if pack is None:
        return None
    return Requires(
        base_model=draft.model,
        pack=pack.manifest.name,
        pack_version=pack.manifest.version,
        adapters=tuple(needs),
    )


def _content(file: PresetFile) -> Preset:
    if isinstance(file.content, Problem):
        raise file.content
    return file.content


def _told(work: Callable[[], Any]) -> Callable[[], Any]:
    """`work`, with a complaint of pydantic turned into a Problem."""
    from pydantic import ValidationError

    from engine.validation import first_fault

    def told() -> Any:
        try:
            return work()
        except ValidationError as error:
            raise Problem(
                tr("The preset cannot be kept: {}.").format(first_fault(error)), tr("Change it.")
            ) from error

    return told


def _then_changed(app: App, work: Callable[[], Path]) -> None:
    app.background.call(_told(work), lambda path: app.state.presets_changed.emit())
