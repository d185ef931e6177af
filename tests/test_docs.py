"""The pages that are written from the code say what the code says."""

from docs.cli_reference import TARGET, reference


def test_the_command_reference_is_current():
    assert TARGET.read_text() == reference(), "write it again: make docs"
