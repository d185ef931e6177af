"""A flag that another thread sets and a decode loop polls."""

import threading


class CancelToken:
    """Set once, from any thread; the work that holds it stops at its next step."""

    def __init__(self) -> None:
        self._event = threading.Event()

    def cancel(self) -> None:
        """Ask the work to stop."""
        self._event.set()

    @property
    def cancelled(self) -> bool:
        """True once someone asked the work to stop."""
        return self._event.is_set()
