"""The pages that are written from the code say what the code says."""

import subprocess
import sys

from docs.cli_reference import TARGET


def test_the_command_reference_is_current():
    """In an interpreter of its own: click keeps the help option of a command that a test called before."""
    code = "from docs.cli_reference import reference; print(reference(), end='')"
    made = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert TARGET.read_text() == made, "write it again: make docs"
