"""Names of exported files: prompt, tempo, key, seed, clip, and the stretch if it is not all."""

import re
import unicodedata

from desktop.draft import BEATS_PER_BAR
from desktop.pair.facts import Facts
from desktop.pair.grid import Grid
from desktop.state import Span
from engine.events import Which

_PROMPT_CHARS = 48


def file_stem(prompt: str, seed: int, which: Which, facts: Facts, span: Span | None = None) -> str:
    """The name without its ending, such as "jazz-piano-120bpm-Am-seed7-tuned".

    What nobody knows is left out. A stretch is named by its bars where it begins and ends on bars,
    else by its seconds.
    """
    parts = [_slug(prompt)]
    if facts.tempo:
        parts.append(f"{round(facts.tempo)}bpm")
    if facts.key:
        parts.append(short_key(facts.key))
    parts += [f"seed{seed}", which]
    if span is not None:
        parts.append(_stretch(span, facts))
    return "-".join(part for part in parts if part)


def short_key(key: str) -> str:
    """A key as DAWs write it: "A minor" is Am, "C# major" is C#."""
    tonic, _, mode = key.partition(" ")
    return tonic + ("m" if mode == "minor" else "")


def _slug(prompt: str) -> str:
    """Words of letters and digits with dashes between them, cut after a whole word."""
    plain = unicodedata.normalize("NFKC", prompt).casefold()
    words = re.findall(r"[^\W_]+", plain)
    slug = "-".join(words)
    if len(slug) <= _PROMPT_CHARS:
        return slug
    cut = slug[: _PROMPT_CHARS + 1]
    return cut[: cut.rfind("-")] if "-" in cut else cut[:_PROMPT_CHARS]


def _stretch(span: Span, facts: Facts) -> str:
    bar = BEATS_PER_BAR * Grid(facts.tempo).beat
    first, last = ((at - facts.first_bar) / bar for at in (span.start, span.end))
    if facts.tempo and max(abs(first - round(first)), abs(last - round(last))) < 0.01:
        return (
            f"bars{round(first) + 1}-{round(last)}" if round(last) > round(first) + 1 else f"bar{round(last)}"
        )
    return f"{span.start:.2f}-{span.end:.2f}s"
