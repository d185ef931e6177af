"""What the commands of training share: the base model, workers, kinds of paths."""

from pathlib import Path

import click

from engine.job import STARTER

FOLDER = click.Path(file_okay=False, path_type=Path)
HERE = click.Path(exists=True, file_okay=False, path_type=Path)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)

model_option = click.option(
    "--model",
    default=STARTER,
    show_default=True,
    metavar="ID",
    help="The base model: starter, folder, hub id.",
)
workers_option = click.option("--workers", type=click.IntRange(1), default=1, show_default=True)
corpus_option = click.option(
    "--corpus", type=HERE, default=Path("corpus"), show_default=True, help="The rendered corpus."
)
starter_run_option = click.option(
    "--run", type=HERE, default=Path("runs/starter"), show_default=True, help="The starter's training."
)
