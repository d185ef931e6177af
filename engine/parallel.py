"""Independent work on several cores."""

import signal
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import partial
from multiprocessing import active_children
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_processes(
    work: Callable[[Item], Result],
    items: Iterable[Item],
    workers: int,
    start: Callable[[], object] | None = None,
) -> Iterator[Result]:
    """What `work` gives for each of `items`, in the order of getting done.

    `start` runs once in each process. When the caller stops listening, by Ctrl-C or otherwise, items not yet
    begun are dropped and those under way are given up.
    """
    others = set(active_children())
    with ProcessPoolExecutor(workers, initializer=partial(_begin, start)) as pool:
        try:
            for future in as_completed([pool.submit(work, item) for item in items]):
                yield future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for child in set(active_children()) - others:
                child.terminate()
            raise


def _begin(start: Callable[[], object] | None) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it is the caller's to hear
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # whatever the caller does with it
    if start:
        start()


def one_torch_thread() -> None:
    """A `start` for work in torch."""
    import torch

    torch.set_num_threads(1)
