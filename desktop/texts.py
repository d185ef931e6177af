"""The one place through which every text of the window goes, so that it can be translated.

It knows no Qt, since actions speak too: the app hands it the translator when it starts. `make translations`
collects the texts into desktop/translations/tunedial.ts.
"""

from collections.abc import Callable

_translate: Callable[[str], str] | None = None


def use(translate: Callable[[str], str] | None) -> None:
    """From now on, texts are what `translate` makes of them; None: English."""
    global _translate
    _translate = translate


def tr(text: str) -> str:
    """`text` in the user's language; English if there is no translation."""
    return _translate(text) if _translate else text


def mark(text: str) -> str:
    """A text that `tr` translates later, where it is shown."""
    return text
