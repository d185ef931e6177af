"""`tunedial measure`: the metrics of any audio file."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from engine.commands.common import echo_json, json_option, note
from engine.errors import Problem

if TYPE_CHECKING:
    from engine.measure import Measurement


@click.command(short_help="Measure audio files.")
@click.argument(
    "files", metavar="FILE...", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path)
)
@json_option
@click.pass_context
def measure(ctx: click.Context, files: tuple[Path, ...], as_json: bool) -> None:
    """Measure each FILE: seven of the metrics (0 to 1), tempo, key, loudness and duration.

    \b
    tunedial measure take/base.wav take/tuned.wav
    tunedial measure album/*.flac --json

    The metrics are vibenet's, a network distilled to predict Spotify's labels. Confidences are 0 to 1.
    A file that cannot be measured does not stop the others; the exit code is then 1.
    """
    from rich.console import Console
    from rich.progress import track

    from engine.measure import measure_many

    steps = track(
        measure_many(files),
        "Measuring",
        total=len(files),
        console=Console(stderr=True),
        transient=True,
    )
    rows: list[dict[str, object]] = []
    failed = False
    for step in steps:
        file = str(step.path)
        if isinstance(step.result, Problem):
            failed = True
            note(f"Error: {step.result}")
            rows.append({"file": file, "problem": str(step.result)})
            continue
        rows.append({"file": file, **step.result.to_json()})
        if not as_json:
            click.echo("\n".join([file, *_lines(step.result)]))
    if as_json:
        echo_json({"files": rows})
    if failed:
        ctx.exit(1)


def _lines(found: "Measurement") -> Iterator[str]:
    from vibenet import labels

    for label in labels:
        yield f"  {label:18}{_number(getattr(found, label), '.2f')}"
    yield f"  {'tempo':18}{_number(found.tempo, '.1f', ' bpm')}, confidence {found.tempo_confidence:.2f}"
    yield f"  {'key':18}{found.key or '-'}, confidence {found.key_confidence:.2f}"
    yield f"  {'loudness':18}{_number(found.loudness, '.1f', ' LUFS')}"
    yield f"  {'duration':18}{found.duration:.1f} s"


def _number(value: float | None, form: str, unit: str = "") -> str:
    return "-" if value is None else f"{value:{form}}{unit}"
