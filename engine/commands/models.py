"""`tunedial models`: the base models on this computer."""

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from engine.commands.common import echo_json, json_option, note

if TYPE_CHECKING:
    from engine.catalog import ModelRef

MIB = 2**20


@click.group(short_help="List, get and remove base models.")
def models() -> None:
    """Manage the base models on this computer.

    \b
    tunedial models list
    tunedial models get facebook/musicgen-small
    tunedial models remove facebook/musicgen-small
    """


@models.command("list")
@json_option
def list_(as_json: bool) -> None:
    """List the models that can generate here without a download, and those that score."""
    from engine.catalog import list_models, list_scorers

    found, scorers = ([_described(ref) for ref in refs] for refs in (list_models(), list_scorers()))
    if as_json:
        echo_json({"models": found, "scorers": scorers})
        return
    for model in [*found, *scorers]:
        use = "  scores clips" if model in scorers else ""
        click.echo(f"{model['id']}  {model['mib']} MiB  {model['license'] or 'license unknown'}{use}")
        click.echo(f"    {model['folder']}")


@models.command()
@click.argument("hub_id")
@json_option
def get(hub_id: str, as_json: bool) -> None:
    """Download the model HUB_ID from the Hugging Face hub; its license is shown first."""
    from engine.catalog import find_model, get_model, license_notice

    ref = find_model(hub_id)
    if notice := license_notice(ref):
        note(notice)
    ref = get_model(ref)
    if as_json:
        echo_json(_described(ref))
    else:
        click.echo(f"{ref.id} is in {ref.folder}.")


@models.command()
@click.argument("hub_id")
def remove(hub_id: str) -> None:
    """Delete the model HUB_ID from this computer."""
    from engine.catalog import find_model, remove_model

    remove_model(find_model(hub_id))
    click.echo(f"{hub_id} was removed.")


def _described(ref: "ModelRef") -> dict[str, object]:
    from engine.catalog import weight_files

    size = sum(file.stat().st_size for file in weight_files(ref.folder)) if ref.folder else 0
    return {**asdict(ref), "folder": str(ref.folder), "mib": round(size / MIB)}
