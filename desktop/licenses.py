"""The libraries that the app requires, with the versions that are here and their licenses."""

import re
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import PackageMetadata, PackageNotFoundError, metadata, requires

SHORT = 60  # what is longer or has several lines is a license's text and not its name


@dataclass(frozen=True)
class Library:
    """One library, as its package calls itself and its license."""

    name: str
    version: str
    license: str


def libraries() -> list[Library]:
    """What Tunedial requires to run and is installed, by name; reads the disk."""
    found = []
    for line in requires("tunedial") or []:
        name = re.match(r"[\w.-]+", line)
        if name is not None and "extra ==" not in line:
            with suppress(PackageNotFoundError):
                about = metadata(name[0])
                found.append(Library(about["Name"], about["Version"], license_of(about)))
    return sorted(found, key=lambda library: library.name.casefold())


def license_of(about: PackageMetadata) -> str:
    """The license's name, wherever the package says it; an empty text if it does not."""
    fields = about.json
    if expression := fields.get("license_expression"):
        return str(expression)
    named = str(fields.get("license", "")).strip()
    if named and len(named) <= SHORT and "\n" not in named:
        return named
    classifiers = [str(text) for text in fields.get("classifier", [])]
    names = [text.rpartition(" :: ")[2] for text in classifiers if text.startswith("License :: ")]
    return ", ".join(names) or named.partition("\n")[0]
