"""How far long work is, on a terminal or off it."""

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console


def followed(steps: Iterable[Any], kind: type[Any], name: Callable[[Any], str], console: "Console") -> Any:
    """What `steps` end with, while those of `kind` (`done` of `total`) move a bar that bears their `name`.

    Where there is no terminal, a line for every hundred done.
    """
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    told = 0
    with Progress(*columns, console=console, transient=True) as bars:
        task = bars.add_task("")
        for step in steps:
            if not isinstance(step, kind):
                return step
            bars.update(task, description=name(step), completed=step.done, total=step.total)
            if not console.is_terminal and step.done // 100 != told:
                told = step.done // 100
                console.print(f"{name(step)} {step.done}/{step.total}", highlight=False)
    return None
