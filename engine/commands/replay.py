"""`tunedial replay`: make a take again from its recipe."""

from pathlib import Path

import click

from engine.commands.common import backend_option, json_option, note, open_backend, out_option
from engine.recipe import Recipe


@click.command(short_help="Make a take again.")
@click.argument("source", metavar="TAKE", type=click.Path(exists=True, path_type=Path))
@backend_option
@out_option
@json_option
def replay(source: Path, backend: str, out: Path | None, as_json: bool) -> None:
    """Make the take TAKE again: a take's folder, its recipe.json or one of its WAVs.

    \b
    tunedial replay take/base.wav --out again
    tunedial replay take/recipe.json --json

    On the same computer and the same version the samples are identical.
    """
    from engine.commands.jobs import make_take, new_take_folder, report
    from engine.take import read_recipe

    recipe = read_recipe(source)
    if recipe.partial:
        note("The take was stopped before its end; this makes all of it.")
    finished = make_take(open_backend(backend), recipe.job, out or new_take_folder())
    if changed := _changes(recipe, finished.take.recipe):
        note(f"Not the same since the first time: {', '.join(changed)}. The samples may differ.")
    report(finished, as_json)


def _changes(before: Recipe, now: Recipe) -> list[str]:
    """What the samples depend on beside the job and is not as it was."""
    same = {
        "the model's weights": before.model.sha256 == now.model.sha256,
        "the adapters": before.adapters == now.adapters,
        "the audio prompt": before.audio_prompt_sha256 == now.audio_prompt_sha256,
        "the version of Tunedial": before.engine_version == now.engine_version,
        "the version of torch": before.torch_version == now.torch_version,
        "the device": before.device == now.device,
        "the precision": before.precision in (None, now.precision),
        "how the knobs were applied": before.tuned_by in (None, now.tuned_by),
    }
    return [name for name, unchanged in same.items() if not unchanged]
