"""How training looks in a terminal: bars and tables; lines where there is no terminal."""

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from training.pack import Progress as PackProgress
from training.pack import Slot, figures
from training.store import Written

LINE_EVERY_S = 30.0
_SHOWN = {
    "loss": "loss",
    "eval_rewards/accuracies": "accuracy",
    "eval_rewards/margins": "margin",
    "eval_kl": "kl",
}

Tell = Callable[[str, int, int, Mapping[str, float]], None]


@contextmanager
def telling(console: Console, title: str = "") -> Iterator[Tell]:
    """Show what is told as a bar, or as a line every half minute where there is no terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    last: tuple[str, float] = ("", 0.0)
    with Progress(*columns, console=console, transient=True) as bars:
        task = bars.add_task(title, total=None)

        def tell(what: str, done: int, total: int, told: Mapping[str, float]) -> None:
            nonlocal last
            line = " ".join([f"{title} {what}".strip(), *_numbers(told)])
            bars.update(task, description=line, completed=done, total=total)
            due = last[0] != what or time.monotonic() - last[1] > LINE_EVERY_S
            if not console.is_terminal and due:
                last = (what, time.monotonic())
                console.print(f"{line} {done}/{total}", highlight=False)

        yield tell


def _numbers(told: Mapping[str, float]) -> list[str]:
    return [f"{short} {told[name]:.3f}" for name, short in _SHOWN.items() if name in told]


def data_table(written: Written) -> Table:
    """What was written: pairs of each metric by split."""
    table = Table("metric", "train", "test", caption=f"{written.clips} clips")
    for metric, splits in written.pairs.items():
        table.add_row(metric, str(splits["train"]), str(splits["test"]))
    return table


def left_out_lines(written: Written) -> list[str]:
    """What did not become a pair, the most frequent reason first."""
    rows = sorted(written.left_out.items(), key=lambda item: -item[1])
    return [f"{count:>8}  {reason}" for reason, count in rows if count]


def pack_table(states: Mapping[Slot, PackProgress]) -> Table:
    """Every adapter of a pack, and how far it is."""
    table = Table("metric", "direction", "state", "pairs", "best step", "accuracy", "margin", "kl")
    for slot, progress in states.items():
        found = figures(progress.card) if progress.card else {}
        cells = [_cell(found.get(name)) for name in ("pairs", "steps", "accuracy", "margin", "kl")]
        table.add_row(slot.metric, slot.direction, progress.state, *cells)
    return table


def _cell(value: float | None) -> str:
    return "" if value is None else str(value) if isinstance(value, int) else f"{value:.3f}"
