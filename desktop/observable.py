"""Signals and values that can be watched, without Qt."""

import weakref
from collections.abc import Callable
from types import MethodType
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class Signal:
    """Calls everyone connected, in the order they came. Bound methods are held weakly."""

    def __init__(self) -> None:
        self._receivers: list[Callable[[], Callable[..., Any] | None]] = []

    def connect(self, receiver: Callable[..., Any]) -> None:
        """Call `receiver` at every `emit`, until its object is gone or `disconnect`."""
        if isinstance(receiver, MethodType):
            self._receivers.append(weakref.WeakMethod(receiver))
        else:
            self._receivers.append(lambda: receiver)

    def disconnect(self, receiver: Callable[..., Any]) -> None:
        """Never call `receiver` again; does nothing if it is not connected."""
        self._receivers = [reference for reference in self._receivers if reference() != receiver]

    def emit(self, *values: Any) -> None:
        """Call every receiver with `values`."""
        for reference in tuple(self._receivers):
            receiver = reference()
            if receiver is None:
                self._receivers.remove(reference)
            else:
                receiver(*values)


class Value(Generic[T]):
    """One value; `changed` is emitted with the new one after it was set to something else."""

    def __init__(self, value: T) -> None:
        self._value = value
        self.changed = Signal()

    @property
    def value(self) -> T:
        """What it is now."""
        return self._value

    @value.setter
    def value(self, value: T) -> None:
        if value is not self._value and value != self._value:
            self._value = value
            self.changed.emit(value)

    def watch(self, receiver: Callable[[T], Any]) -> None:
        """Call `receiver` with the value now and whenever it changes."""
        self.changed.connect(receiver)
        receiver(self._value)
