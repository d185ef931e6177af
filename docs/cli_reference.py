"""Writes docs/cli.md from the commands themselves: `make docs`."""

from collections.abc import Iterator
from pathlib import Path

import click

from engine.cli import COMMANDS, PROGRAM, root

TARGET = Path(__file__).with_name("cli.md")
WIDTH = 100
OTHERS = ("train", "evaluate")  # entry points of this very distribution
HEAD = """# The command line

Written by `make docs` from `--help`; do not edit. Exit codes: 0 done, 1 the work failed, 2 the call was
wrong. Results go to stdout, everything else to stderr; `--json` makes the result one JSON object.
"""


def reference() -> str:
    """The text of docs/cli.md."""
    context = root.make_context(PROGRAM, [], resilient_parsing=True, terminal_width=WIDTH)
    return "\n".join([HEAD, *_sections(context, level=2)])


def _sections(context: click.Context, level: int) -> Iterator[str]:
    command = context.command
    yield f"{'#' * level} {context.command_path}\n\n```text\n{command.get_help(context)}\n```\n"
    if isinstance(command, click.Group):
        names = (*COMMANDS, *OTHERS) if command is root else command.list_commands(context)
        for name in names:
            child = command.get_command(context, name)
            assert child is not None
            below = child.make_context(name, [], parent=context, resilient_parsing=True)
            yield from _sections(below, level + 1)


if __name__ == "__main__":
    TARGET.write_text(reference())
