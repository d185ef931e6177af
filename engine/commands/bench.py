"""`tunedial bench`: how fast a model makes music here."""

from dataclasses import asdict

import click

from engine.commands.common import backend_option, echo_json, json_option, note, open_backend
from engine.job import STARTER


@click.command(short_help="Time generation here.")
@click.argument("model", default=STARTER)
@click.option(
    "--seconds", type=click.FloatRange(1, 600), default=10, show_default=True, help="Length of a clip."
)
@click.option(
    "--runs", type=click.IntRange(1, 100), default=3, show_default=True, help="The median run counts."
)
@backend_option
@json_option
def bench(model: str, seconds: float, runs: int, backend: str, as_json: bool) -> None:
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
