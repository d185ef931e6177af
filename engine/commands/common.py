"""What several commands share: `--json`, `--backend`, and where messages go."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import click
from pydantic import ValidationError

from engine.errors import CallProblem
from engine.job import Precision

if TYPE_CHECKING:
    from engine.backend import Backend

json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object on stdout.")
backend_option = click.option(
    "--backend", default="local", show_default=True, metavar="NAME", help="Where to run: local."
)
precision_option = click.option(
    "--precision", type=click.Choice(get_args(Precision)), default="auto", show_default=True
)
out_option = click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder for the take.  [default: a new one among your takes]",
)


def echo_json(content: dict[str, Any]) -> None:
    """Print `content` as the one JSON object on stdout."""
    click.echo(json.dumps(content, indent=1, allow_nan=False))


def note(line: str) -> None:
    """Tell the user something beside the result, on stderr."""
    click.echo(line, err=True)


def open_backend(name: str) -> "Backend":
    """The backend called `name`. Raises CallProblem if there is none."""
    if name == "local":
        # Before torch loads: threads that wait for each other by spinning stall every step for many
        # times its length as soon as another program wants a core too.
        os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
        from engine.local import LocalBackend

        return LocalBackend()
    if name.startswith("ssh:"):
        raise CallProblem(
            "This version cannot generate on another computer yet.", "Leave --backend out to generate here."
        )
    raise CallProblem(f"There is no backend called '{name}'.", "Use --backend local.")


def call_problem(error: ValidationError) -> CallProblem:
    """The first complaint of a validation as one line, naming the option that was wrong."""
    first = error.errors()[0]
    *outer, name = first["loc"]
    option = f"--audio-{name}" if "audio_prompt" in outer else f"--{str(name).replace('_', '-')}"
    subject = "The prompt" if name == "prompt" else f"{option} {first['input']}"
    complaint = first["msg"].removeprefix("Value error, ").removeprefix("Input ")
    return CallProblem(f"{subject} cannot be used: {complaint}.", "Add --help to see what each option takes.")
