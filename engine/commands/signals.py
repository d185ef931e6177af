"""Answering Ctrl-C and SIGTERM for the length of a block."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def handle_signals(handler: Callable[..., object], *signals: signal.Signals) -> Iterator[None]:
    """Have `handler` answer `signals` inside the block; what answered before answers after it.

    Only the main thread may do this.
    """
    before = {number: signal.signal(number, handler) for number in signals}
    try:
        yield
    finally:
        for number, previous in before.items():
            signal.signal(number, previous)
