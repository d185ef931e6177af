"""What each knob does, in the words of a musician, and how its adapter does it by its card."""

import base64

from PySide6.QtCore import QBuffer, QByteArray, QIODevice, QPointF, QRectF, Qt
from PySide6.QtGui import QPainter, QPen, QPixmap, QPolygonF

from desktop import theme
from desktop.metric_names import name_of
from desktop.state import Adapters
from desktop.texts import mark, tr
from engine.packs import Card, DosePoint

SKETCH = (230, 84)

EFFECTS = {
    "popularity": mark("More like tracks that many people play, or more like deep cuts."),
    "acousticness": mark("Played on wood and strings, or made with electricity."),
    "danceability": mark("A steady beat to move to, or none."),
    "energy": mark("Loud, dense and fast, or calm and sparse."),
    "instrumentalness": mark("No voices, or voices in front."),
    "liveness": mark("A room with an audience, or a dry studio."),
    "speechiness": mark("Spoken or rapped, or without speech."),
    "valence": mark("Bright and happy, or dark and sad."),
    "tempo": mark("Faster, or slower."),
    "interactions": mark("Like music that makes listeners react and comment, or not."),
    "like_ratio": mark("Like music that those who react to it like, or dispute."),
    "views": mark("Like music that is seen often, or seldom."),
    "rating": mark("Like music that is rated highly, or not."),
}
VERDICTS = {
    "works": mark("works: clips measure what was asked"),
    "weak": mark("weak: clips go there, but not surely or at the cost of the prompt"),
    "no effect": mark("no effect was measured"),
    "not measured": mark("not measured yet"),
    "proxy": mark("proxy: only a stand-in could be measured"),
}
PROXY = mark("a proxy: computed from the audio, it stands in for what listeners would say")
HOW_TO_GET = mark("No pack for this model has an adapter for it. Drop a pack on the window, or train one.")


def tooltip(name: str, adapters: Adapters) -> str:
    """Rich text: what the knob does, how well, and a sketch of the measured doses."""
    lines = [f"<b>{name_of(name)}</b>", tr(EFFECTS[name])]
    sides = [adapters.get((name, "negative")), adapters.get((name, "positive"))]
    if not any(sides):
        return "<br>".join([*lines, f"<i>{tr(HOW_TO_GET)}</i>"])
    cards = [side.card for side in sides if side is not None and side.card is not None]
    for side in sides:
        if side is not None:
            way = tr("Raising") if side.direction == "positive" else tr("Lowering")
            told = _verdict(side.card)
            lines.append(f"{way}: {told}")
    if any(card.proxy for card in cards):
        lines.append(f"<i>{tr(PROXY)}</i>")
    if doses := _doses(cards):
        lines += [f'<img src="data:image/png;base64,{_sketch(doses)}">', cards[0].measured_as]
    return "<br>".join(lines)


def _verdict(card: Card | None) -> str:
    """What the card says of itself; a stand-in that was measured is named so."""
    if card is None:
        return tr(VERDICTS["not measured"])
    told = tr(VERDICTS[card.verdict])
    return f"{told} ({tr('by a stand-in')})" if card.proxy and card.verdict != "proxy" else told


def reach(name: str, adapters: Adapters) -> tuple[float, float]:
    """How far the knob can be turned with these adapters; (0, 0) not at all."""
    low = -5.0 if (name, "negative") in adapters else 0.0
    return low, 5.0 if (name, "positive") in adapters else 0.0


def _doses(cards: list[Card]) -> list[DosePoint]:
    points = {dose.strength: dose for card in cards for dose in card.doses}
    return [points[strength] for strength in sorted(points)] if len(points) > 1 else []


def _sketch(doses: list[DosePoint]) -> str:
    """A PNG in base64: the mean over the knob's value in its band of confidence."""
    width, height = SKETCH
    low = min(dose.interval[0] for dose in doses)
    span = max(dose.interval[1] for dose in doses) - low or 1.0

    def at(strength: float, value: float) -> QPointF:
        return QPointF(
            10 + (strength + 5) / 10 * (width - 20), height - 18 - (value - low) / span * (height - 28)
        )

    picture = QPixmap(width * 2, height * 2)
    picture.fill(theme.color("inset"))
    painter = QPainter(picture)
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    painter.scale(2, 2)
    painter.setPen(QPen(theme.color("line"), 1))
    painter.drawLine(at(0, low), at(0, low + span))
    band = [at(d.strength, d.interval[1]) for d in doses] + [
        at(d.strength, d.interval[0]) for d in reversed(doses)
    ]
    painter.setPen(Qt.PenStyle.NoPen)
    painter.setBrush(theme.color("tuned", 0.25))
    painter.drawPolygon(QPolygonF(band))
    painter.setPen(QPen(theme.color("tuned"), 2))
    painter.drawPolyline(QPolygonF([at(d.strength, d.mean) for d in doses]))
    painter.setPen(theme.color("muted"))
    painter.setFont(theme.font(7))
    for strength, text in ((-5, "−5"), (0, "0"), (5, "5")):
        place = QRectF(at(strength, low).x() - 12, height - 16, 24, 14)
        painter.drawText(place, int(Qt.AlignmentFlag.AlignCenter), text)
    painter.end()
    picture.setDevicePixelRatio(2)
    data = QByteArray()
    buffer = QBuffer(data)
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    picture.scaled(width, height, mode=Qt.TransformationMode.SmoothTransformation).save(buffer, "PNG")
    return base64.b64encode(data.data()).decode()
