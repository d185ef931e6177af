"""What pydantic says of a file, as a part of one line."""

from pydantic import ValidationError


def first_fault(error: ValidationError) -> str:
    """The first complaint of a validation: "where: what", e.g. "mix.amount: Input should be ..."."""
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"]) or "the file"
    return f"{where}: {first['msg']}"
