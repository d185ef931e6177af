"""`tunedial packs`: the adapters behind the knobs."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.commands.common import echo_json, json_option
from engine.errors import CallProblem

if TYPE_CHECKING:
    from engine.packs import Pack


@click.group(short_help="List, show, install and remove packs of adapters.")
def packs() -> None:
    """Manage packs: the adapters that the knobs of a base model need.

    \b
    tunedial packs list
    tunedial packs install my-pack.zip
    tunedial packs show my-pack
    tunedial packs remove my-pack
    """


@packs.command("list")
@click.option("--model", help="Only those for this base model.")
@json_option
def list_(model: str | None, as_json: bool) -> None:
    """List the packs on this computer."""
    from engine.packs import list_packs

    found = list_packs(model)
    if as_json:
        echo_json({"packs": [_described(pack) for pack in found]})
        return
    for pack in found:
        head = pack.manifest
        click.echo(f"{head.name} {head.version}  for {head.base_model}  {len(pack.adapters)} adapters")
    if not found:
        click.echo("There are no packs. Install one: tunedial packs install FILE")


@packs.command()
@click.argument("name")
@json_option
def show(name: str, as_json: bool) -> None:
    """Show what the pack NAME holds, and what its adapters do."""
    from engine.packs import list_packs

    found = [pack for pack in list_packs() if pack.manifest.name == name]
    if not found:
        raise CallProblem(f"There is no pack called '{name}'.", "See: tunedial packs list")
    if as_json:
        echo_json(_described(found[0]))
        return
    head = found[0].manifest
    click.echo(f"{head.name} {head.version}  for {head.base_model}")
    for line in (head.description, head.author and f"by {head.author}", head.license):
        if line:
            click.echo(f"  {line}")
    for (metric, direction), adapter in found[0].adapters.items():
        verdict = f"{adapter.card.verdict}: {adapter.card.measured_as}" if adapter.card else "not measured"
        click.echo(f"  {metric:18}{direction:10}{verdict}")


@packs.command()
@click.argument("source", type=click.Path(exists=True, path_type=Path))
def install(source: Path) -> None:
    """Check the pack in the zip or folder SOURCE, and install it."""
    from engine.packs import install as install_pack

    pack = install_pack(source)
    click.echo(f"{pack.manifest.name} {pack.manifest.version} is in {pack.folder}.")


@packs.command()
@click.argument("name")
def remove(name: str) -> None:
    """Remove the installed pack NAME."""
    from engine.packs import remove as remove_pack

    remove_pack(name)
    click.echo(f"{name} was removed.")


def _described(pack: "Pack") -> dict[str, object]:
    return {
        **pack.manifest.model_dump(mode="json", exclude={"schema_number"}),
        "folder": str(pack.folder),
        "adapters": [
            {
                "metric": adapter.metric,
                "direction": adapter.direction,
                "card": adapter.card and adapter.card.model_dump(mode="json"),
            }
            for adapter in pack.adapters.values()
        ],
    }
