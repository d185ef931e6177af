"""The root of the command line: finds commands, and turns every failure into one line and an exit code.

Exit codes: 0 done, 1 the work failed, 2 the call was wrong.
"""

import signal
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import EntryPoint, entry_points
from typing import Any, NoReturn

import click

from engine import __version__
from engine.commands.signals import handle_signals
from engine.errors import CallProblem, Problem

PROGRAM = "tunedial"
ENTRY_POINTS = "tunedial.commands"
APP = "app"

COMMANDS = {
    "generate": "engine.commands.generate:generate",
    "replay": "engine.commands.replay:replay",
    "measure": "engine.commands.measure:measure",
    "presets": "engine.commands.presets:presets",
    "packs": "engine.commands.packs:packs",
    "models": "engine.commands.models:models",
    "bench": "engine.commands.bench:bench",
    "doctor": "engine.commands.doctor:doctor",
}


class LazyGroup(click.Group):
    """Commands known by name and imported when called: our own, then those of installed packages."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Our commands in the order of `COMMANDS`, then the entry points by name."""
        return [*COMMANDS, *sorted(set(_plugins()) - {*COMMANDS, APP})]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import the command called `cmd_name`; None if there is none."""
        if target := COMMANDS.get(cmd_name):
            module, attribute = target.split(":")
            return _as_command(getattr(import_module(module), attribute))
        if cmd_name != APP and (plugin := _plugins().get(cmd_name)):
            return _as_command(plugin.load())
        return None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, but an unknown name is answered with the closest of all commands."""
        try:
            return super().resolve_command(ctx, args)
        except click.NoSuchCommand as error:
            raise click.NoSuchCommand(
                error.command_name, possibilities=self.list_commands(ctx), ctx=ctx
            ) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands without importing those of other packages, which may be heavy."""
        rows = []
        for name in self.list_commands(ctx):
            command = self.get_command(ctx, name) if name in COMMANDS else None
            rows.append(
                (name, command.get_short_help_str(90) if command else f"See {PROGRAM} {name} --help.")
            )
        with formatter.section("Commands"):
            formatter.write_dl(rows)


def _plugins() -> dict[str, EntryPoint]:
    return {point.name: point for point in entry_points(group=ENTRY_POINTS)}


def _as_command(loaded: Any) -> click.Command:
    if not isinstance(loaded, click.Command):
        raise TypeError(f"{loaded!r} is not a click command")
    return loaded


@click.group(
    cls=LazyGroup,
    invoke_without_command=True,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
@click.option("--debug", is_flag=True, expose_value=False, help="Show a traceback if something fails.")
@click.version_option(__version__, prog_name=PROGRAM)
@click.pass_context
def root(ctx: click.Context) -> None:
    """Turn the music, not the prompt: MusicGen with thirteen knobs. Without a command, the window opens.

    \b
    tunedial
    tunedial generate "jazz, piano, double bass, drums"
    tunedial generate "classic rock, electric guitar" --seconds 20 --seed 7 --out take
    tunedial measure take/base.wav
    tunedial replay take/base.wav --out again
    tunedial doctor
    """
    if ctx.invoked_subcommand is not None:
        return
    if plugin := _plugins().get(APP):
        ctx.exit(plugin.load()())
    raise CallProblem("The window is not installed.", 'Generate here: tunedial generate "jazz, piano, drums"')


def main(args: Sequence[str] | None = None) -> int:
    """Run `args` (default: the process's arguments) and return the exit code; never raises."""
    words = list(sys.argv[1:] if args is None else args)
    debug = "--debug" in words
    words = [word for word in words if word != "--debug"]
    with _terminate_like_ctrl_c():
        try:
            result = root.main(words, prog_name=PROGRAM, standalone_mode=False)
            return result if isinstance(result, int) else 0
        except click.exceptions.NoArgsIsHelpError as error:
            error.show()
            return error.exit_code
        except SystemExit as stop:
            return stop.code if isinstance(stop.code, int) else 1
        except BaseException as error:
            if debug:
                traceback.print_exc()
            line, code = _explain(error)
            click.echo(" ".join(line.split()), err=True)
            return code


def _explain(error: BaseException) -> tuple[str, int]:
    """The line that tells the user about `error`, and the exit code."""
    if isinstance(error, Problem):
        return f"Error: {error}", error.exit_code
    if isinstance(error, click.UsageError):
        path = error.ctx.command_path if error.ctx else PROGRAM
        message = error.format_message()
        stop = "" if message.endswith((".", "?", ")")) else "."
        return f"Error: {message}{stop} See {path} --help.", error.exit_code
    if isinstance(error, click.ClickException):
        return f"Error: {error.format_message()}", error.exit_code
    if isinstance(error, click.Abort | KeyboardInterrupt):
        return "Stopped.", 1
    if isinstance(error, MemoryError):
        return "Error: There is not enough memory. Close other programs or use a smaller model.", 1
    kind = type(error).__name__
    return f"Error: Something unexpected happened ({kind}: {error}). Add --debug to see where.", 1


@contextmanager
def _terminate_like_ctrl_c() -> Iterator[None]:
    """Let SIGTERM unwind like Ctrl-C, so that whatever is half-written is removed."""

    def interrupt(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    with handle_signals(interrupt, signal.SIGTERM):
        yield
