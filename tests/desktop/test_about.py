"""About names what the app uses, by what the packages say of themselves."""

import re
import tomllib
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pytest
from PySide6.QtWidgets import QLabel

from desktop.licenses import libraries, license_of

SMALLEST = (1100, 700)


def required() -> list[str]:
    """The names in pyproject.toml of what is needed to run."""
    project = tomllib.loads(Path("pyproject.toml").read_text())["project"]
    return [re.match(r"[\w.-]+", line)[0] for line in project["dependencies"]]


def test_about_shows_every_library_with_its_version(window):
    window.actions_by_name["about"].trigger()
    shown = {label.text().replace("_", "-").casefold() for label in window.overlay.findChildren(QLabel)}
    for name in required():
        try:
            assert f"{name} {version(name)}" in shown
        except PackageNotFoundError:
            assert name == "audioop-lts"  # Python had it until 3.13
    page = window.overlay._page
    assert page.width() < SMALLEST[0] and page.height() < SMALLEST[1]


def test_every_library_has_a_license_of_one_line_and_none_is_for_developers():
    for library in libraries():
        assert library.license and "\n" not in library.license, library
    assert not {"pytest", "trl", "mypy"} & {library.name for library in libraries()}


class Says:
    """A package that says this of its license."""

    def __init__(self, **fields):
        self.json = fields


@pytest.mark.parametrize(
    ("said", "license"),
    [
        ({"license_expression": "MIT", "license": "long\ntext"}, "MIT"),
        ({"license": "BSD-3-Clause"}, "BSD-3-Clause"),
        ({"license": "Copyright\n\nAll", "classifier": ["License :: OSI Approved :: ISC"]}, "ISC"),
        ({"license": "Copyright\n\nAll"}, "Copyright"),
        ({}, ""),
    ],
)  # fmt: skip
def test_the_licenses_name_is_wherever_the_package_says_it(said, license):
    assert license_of(Says(**said)) == license
