"""`tunedial presets`: named mixes, kept, checked and shared."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.commands.common import echo_json, json_option
from engine.errors import Problem
from engine.job import STARTER

if TYPE_CHECKING:
    from engine.preset import Preset, PresetFile

replace_option = click.option("--replace", is_flag=True, help="Replace one of that name.")


@click.group(short_help="List, show, check and share presets.")
def presets() -> None:
    """Keep, check and share presets: named mixes in files called NAME.tunedial.

    \b
    tunedial presets list
    tunedial presets show "Late Night Trio"
    tunedial presets import friday.tunedial
    tunedial presets export "Late Night Trio" --text

    Generate with one: tunedial generate "jazz, piano" --preset "Late Night Trio"
    """


@presets.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the presets on this computer."""
    from engine.preset import list_presets

    files = list_presets()
    if as_json:
        echo_json({"presets": [_described(file) for file in files]})
        return
    for file in files:
        if isinstance(file.content, Problem):
            click.echo(f"{file.path.name}: {file.content}")
        else:
            click.echo(f"{file.content.name}  {', '.join(file.content.tags)}".rstrip())
    if not files:
        click.echo("There are no presets yet. Add one: tunedial presets import FILE")


@presets.command()
@click.argument("name")
@json_option
def show(name: str, as_json: bool) -> None:
    """Show the preset NAME, or the one in the file NAME."""
    from engine.preset import find_preset

    preset = find_preset(name)
    if as_json:
        echo_json(preset.model_dump(mode="json", exclude_none=True))
        return
    click.echo(preset.name + (f", by {preset.author}" if preset.author else ""))
    for line in _lines(preset):
        click.echo(f"  {line}")


@presets.command()
@click.argument("name")
@click.option("--model", default=STARTER, show_default=True, help="The base model to check it for.")
@json_option
@click.pass_context
def check(ctx: click.Context, name: str, model: str, as_json: bool) -> None:
    """Check that the preset NAME is valid and would sound here as it was made.

    The exit code is 1 if it would not.
    """
    from engine.preset import find_preset

    preset = find_preset(name)
    found = lacks(preset, model)
    if as_json:
        echo_json({"name": preset.name, "model": model, "problems": found})
    else:
        click.echo("\n".join(found) or f"{preset.name} is valid and has all it needs.")
    if found:
        ctx.exit(1)


@presets.command("import")
@click.argument("source")
@replace_option
def import_(source: str, replace: bool) -> None:
    """Keep the preset SOURCE, a file or a line that begins with 'tunedial:'."""
    from engine.preset import import_preset

    click.echo(f"It is in {import_preset(source, replace)}.")


@presets.command()
@click.argument("name")
@click.argument("path", type=click.Path(path_type=Path), default=".")
@click.option("--text", is_flag=True, help="Print it as one line to paste into a message.")
@replace_option
def export(name: str, path: Path, text: bool, replace: bool) -> None:
    """Write the preset NAME to the file or folder PATH."""
    from engine.preset import export_preset, find_preset, to_text

    preset = find_preset(name)
    click.echo(to_text(preset) if text else f"It is in {export_preset(preset, path, replace)}.")


def lacks(preset: "Preset", model: str) -> list[str]:
    """Why `preset` would not sound with `model` here as it was made; empty if it would."""
    from engine.adapters import WEIGHTS_FILE
    from engine.files import sha256_of
    from engine.packs import list_packs
    from engine.preset import missing

    adapters = {
        key: sha256_of(adapter.folder / WEIGHTS_FILE)
        for pack in reversed(list_packs(model))  # the first pack that has an adapter wins
        for key, adapter in pack.adapters.items()
        if key[0] in preset.mix.knobs
    }
    return missing(preset, model, adapters)


def _described(file: "PresetFile") -> dict[str, object]:

    if isinstance(file.content, Problem):
        told: dict[str, object] = {"problem": str(file.content)}
    else:
        told = {"name": file.content.name, "tags": file.content.tags}
    return {"path": str(file.path), "factory": file.factory, **told}


def _lines(preset: "Preset") -> list[str]:
    mix = preset.mix
    lines = [f"{name} {value:+g}" for name, value in mix.knobs.items()]
    lines.append(f"base weight {mix.base_weight:g}, amount {mix.amount:g}")
    if preset.prompt:
        lines.append(f"prompt: {preset.prompt}")
    if preset.settings:
        lines += [f"{name.replace('_', ' ')} {value}" for name, value in preset.settings if value is not None]
    if preset.tags:
        lines.append(f"tags: {', '.join(preset.tags)}")
    if requires := preset.requires:
        lines.append(f"made for {requires.base_model} with {requires.pack} {requires.pack_version}")
    return lines + preset.notes.splitlines()
