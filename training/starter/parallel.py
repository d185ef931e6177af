"""Independent work on several cores."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def in_processes(
    work: Callable[[Item], Result],
    items: Iterable[Item],
    workers: int,
    start: Callable[[], None] | None = None,
) -> Iterator[Result]:
    """What `work` gives for each of `items`, in the order of getting done.

    `start` runs once in each process. When the caller stops listening, items not yet begun are dropped.
    """
    with ProcessPoolExecutor(workers, initializer=start) as pool:
        try:
            for future in as_completed([pool.submit(work, item) for item in items]):
                yield future.result()
        finally:
            pool.shutdown(cancel_futures=True)
