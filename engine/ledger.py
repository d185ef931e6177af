"""Results kept by what they were worked out from, so that long work can be stopped and go on."""

import json
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any


class Ledger:
    """Values by key, kept in a folder.

    Each process appends to a file of its own and reads all that are there, so that many jobs may share
    the folder. A line is a key and JSON; the last one of a killed job may be torn and is passed over.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = folder / f"{secrets.token_hex(8)}.txt"
        self.known: dict[str, Any] = {}
        for file in sorted(folder.glob("*.txt")):
            for line in file.read_text().splitlines(keepends=True):
                key, _, value = line.partition(" ")
                if line.endswith("\n") and value:
                    self.known[key] = json.loads(value)

    def add(self, found: Mapping[str, Any]) -> None:
        """Keep `found`, here and on disk."""
        self.known |= found
        self._folder.mkdir(parents=True, exist_ok=True)
        with self._file.open("a") as file:
            file.writelines(f"{key} {json.dumps(value)}\n" for key, value in found.items())
