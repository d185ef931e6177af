"""`tunedial train`: pairs, adapters, packs."""

import click

from training.commands.adapters import dpo, oppose, pack, starter
from training.commands.data import data


@click.group(short_help="Train the adapters behind the knobs.")
def train() -> None:
    """Train adapters: from preference pairs to a pack of knobs.

    \b
    tunedial train data selfplay --out pairs      # pairs from the model itself
    tunedial train dpo --data pairs --metric energy --direction positive --out my-pack
    tunedial train pack --data pairs --out my-pack
    tunedial evaluate dose --pack my-pack --cards

    docs/training.md tells the whole way.
    """


for command in (data, dpo, pack, oppose, starter):
    train.add_command(command)
