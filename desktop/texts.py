"""The one place through which every text of the window goes, so that it can be translated."""

from PySide6.QtCore import QCoreApplication

CONTEXT = "tunedial"


def tr(text: str) -> str:
    """`text` in the user's language; English if there is no translation."""
    return QCoreApplication.translate(CONTEXT, text)


def mark(text: str) -> str:
    """A text that `tr` translates later, where it is shown."""
    return text
