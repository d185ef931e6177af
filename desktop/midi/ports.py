"""MIDI ports, through mido and rtmidi, which load with the first look at them."""

from collections.abc import Iterable
from typing import Any, Protocol

from desktop.texts import tr
from engine.errors import Problem


class Port(Protocol):
    """An open input."""

    def iter_pending(self) -> Iterable[Any]:
        """The messages that have come in since the last call, as mido's."""

    def close(self) -> None:
        """Let go of it."""


class Ports(Protocol):
    """The inputs of this computer."""

    def names(self) -> list[str]:
        """What can be opened. Raises Problem if this computer has no MIDI."""

    def open(self, name: str) -> Port:
        """An input. Raises Problem if it cannot be opened."""


class SystemPorts:
    """The operating system's."""

    def names(self) -> list[str]:
        """See `Ports`."""
        try:
            import mido

            found: list[str] = list(dict.fromkeys(mido.get_input_names()))
        except (ImportError, OSError) as error:  # rtmidi's errors are OSErrors
            raise Problem(
                tr("MIDI is not available on this computer."), tr("Connect a controller and look again.")
            ) from error
        return found

    def open(self, name: str) -> Port:
        """See `Ports`."""
        try:
            import mido

            port: Port = mido.open_input(name)
        except (ImportError, OSError) as error:
            raise Problem(
                tr("The MIDI port {} cannot be opened.").format(name),
                tr("Check that no other program holds it."),
            ) from error
        return port
