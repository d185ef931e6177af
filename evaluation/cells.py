"""Tables, figures and values of the report's page, as HTML."""

import base64
from collections.abc import Mapping, Sequence
from html import escape

from evaluation.results import Comparison, Estimate, Interval, Measure

Cell = str | tuple[str, str]  # HTML, or HTML and the class of its cell


def table(head: Sequence[Cell], rows: Sequence[tuple[Sequence[Cell], str]]) -> str:
    """An HTML table; each row is its cells and its class."""

    def cell(tag: str, content: Cell) -> str:
        text, style = (content, "") if isinstance(content, str) else content
        return f"<{tag} class={style}>{text}</{tag}>" if style else f"<{tag}>{text}</{tag}>"

    top = f"<thead><tr>{''.join(cell('th', c) for c in head)}</tr></thead>" if head else ""
    body = "".join(
        f"<tr{f' class={style}' if style else ''}>{''.join(cell('td', c) for c in cells)}</tr>"
        for cells, style in rows
    )
    return f'<div class="wide"><table>{top}<tbody>{body}</tbody></table></div>'


def figure(figures: Mapping[str, bytes], name: str, caption: str) -> str:
    """The SVG called `name` with its caption, or nothing if it was not drawn."""
    if name not in figures:
        return ""
    data = base64.b64encode(figures[name]).decode()
    return (
        f'<figure><img alt="{escape(caption)}" src="data:image/svg+xml;base64,{data}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def estimate(found: Estimate | None, digits: int = 2) -> str:
    """A mean with its interval."""
    if found is None or found.mean is None:
        return "–"
    if found.interval is None:
        return f"{found.mean:.{digits}f} <small>(one clip: no interval)</small>"
    low, high = found.interval
    return f"{found.mean:.{digits}f} <small>[{low:.{digits}f}, {high:.{digits}f}]</small>"


def comparison(found: Comparison | None) -> Cell:
    """A difference with interval, effect size and p; what is sure (p < 0.05 after Holm) is marked."""
    if found is None or found.difference is None:
        return "–"
    interval = (
        f"[{found.interval[0]:+.2f}, {found.interval[1]:+.2f}], " if found.interval else "no interval, "
    )
    effect = "" if found.effect is None else f"d {found.effect:+.2f}, "
    text = f"{found.difference:+.2f} <small>{interval}{effect}p {found.p_holm:.2g}</small>"
    return (text, "sure") if found.p_holm < 0.05 else text


def measure(found: Measure | None) -> str:
    """A measured value of a distribution with its interval."""
    if found is None or found.value is None:
        return "–"
    text = number(found.value)
    if found.interval is None:
        return f"{text} <small>(too few clips for an interval)</small>"
    return f"{text} <small>[{number(found.interval[0])}, {number(found.interval[1])}]</small>"


def ratio(value: float | None, interval: Interval | None) -> Cell:
    """A ratio with its interval."""
    if value is None:
        return "–"
    if interval is None:
        return f"{value:.3f}"
    text = f"{value:.3f} <small>[{interval[0]:.3f}, {interval[1]:.3f}]</small>"
    return text if interval[0] <= 1 <= interval[1] else (text, "sure")


def number(value: float | None) -> str:
    """A number with four significant digits, or a dash."""
    return "–" if value is None else f"{value:.4g}"
