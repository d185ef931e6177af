"""`tunedial bench`: how fast things go here, ours and what other packages time of theirs."""

from dataclasses import asdict
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points

import click

from engine.commands.common import backend_option, echo_json, json_option, note, open_backend
from engine.job import STARTER

ENTRY_POINTS = "tunedial.benches"
GENERATION = "generation"
OURS = ("codec", "decode", "load", "measure", "merge")  # each a command of its name in engine/benches


class Benches(click.Group):
    """The bench of generation, which needs no name, and others, imported when called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Ours, then those of other packages by name."""
        return [GENERATION, *OURS, *sorted(_others())]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the bench called `cmd_name`; None if there is none."""
        if cmd_name == GENERATION:
            return generation
        if cmd_name in OURS:
            return getattr(import_module(f"engine.benches.{cmd_name}"), cmd_name)  # type: ignore[no-any-return]
        loaded = other.load() if (other := _others().get(cmd_name)) else None
        return loaded if isinstance(loaded, click.Command) else None

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """As click does, with generation for the name that is left out."""
        named = bool(args) and args[0] in (*self.list_commands(ctx), *ctx.help_option_names)
        return super().parse_args(ctx, args if named else [GENERATION, *args])

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the benches without importing them, which may be heavy."""
        rows = [(name, f"See {ctx.command_path} {name} --help.") for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def _others() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=ENTRY_POINTS)}


@click.group(cls=Benches, short_help="Time what costs time here.")
def bench() -> None:
    """Time what costs time on this computer.

    \b
    tunedial bench                       # generation with the starter
    tunedial bench MODEL --seconds 30    # with another model
    """


@click.command(GENERATION)
@click.argument("model", default=STARTER)
@click.option(
    "--seconds", type=click.FloatRange(1, 600), default=10, show_default=True, help="Length of a clip."
)
@click.option(
    "--runs", type=click.IntRange(1, 100), default=3, show_default=True, help="The median run counts."
)
@backend_option
@json_option
def generation(model: str, seconds: float, runs: int, backend: str, as_json: bool) -> None:
    """Time how MODEL generates on this computer, with all knobs at 0.

    \b
    tunedial bench
    tunedial bench starter --seconds 30 --runs 5 --json

    The model is loaded first and that is timed apart; the runs then start warm. Below 1 second per
    second of audio is faster than real time.
    """
    from engine.bench import bench as run_bench

    note(f"Loading {model}, then generating {seconds:g} s of audio {runs} times.")
    found = run_bench(open_backend(backend), model, seconds, runs)
    speed = found.warm.seconds_per_audio_second
    if as_json:
        warm = asdict(found.warm)
        content = {
            "model": model,
            "cold_load_s": found.cold_load_s,
            "seconds_per_audio_second": speed,
            **warm,
        }
        echo_json(content)
        return
    first = found.warm.first_audio_s
    click.echo(f"loading                      {found.cold_load_s:6.2f} s")
    click.echo(f"first audio, warm            {first:6.2f} s" if first is not None else "no streamed audio")
    click.echo(f"per second of audio          {speed:6.2f} s ({1 / speed:.1f} times real time)")
