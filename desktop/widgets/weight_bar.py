"""The weights of the mix as one stacked bar: the base first, then every turned metric."""

from collections.abc import Mapping

from PySide6.QtCore import QEvent, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QHelpEvent, QPainter, QPainterPath, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QToolTip, QWidget

from desktop import theme
from desktop.metric_names import name_of
from desktop.texts import tr
from engine.metrics import METRICS

HEIGHT = 24


class WeightBar(QWidget):
    """Shows shares that sum to 1: `weights` by "base" and metric id, `signs` tell raising from lowering."""

    def __init__(self) -> None:
        super().__init__()
        self._weights: Mapping[str, float] = {"base": 1.0}
        self._signs: Mapping[str, float] = {}
        self.setMinimumHeight(HEIGHT)
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)

    def sizeHint(self) -> QSize:
        """As high as one line."""
        return QSize(200, HEIGHT)

    def show_weights(self, weights: Mapping[str, float], knobs: Mapping[str, float]) -> None:
        """Show the weights of a mix with these knobs."""
        order = ["base", *(m.id for m in METRICS if m.id in weights)]
        self._weights = {name: weights[name] for name in order}
        self._signs = dict(knobs)
        spoken = ", ".join(f"{_label(name)} {share:.0%}" for name, share in self._weights.items())
        self.setAccessibleName(tr("Weights: {}").format(spoken))
        self.update()

    def parts(self) -> list[tuple[str, QRectF]]:
        """Each share's name and where it is drawn, left to right."""
        left, made = 0.0, []
        for name, share in self._weights.items():
            width = share * self.width()
            made.append((name, QRectF(left, 0, width, self.height())))
            left += width
        return made

    def paintEvent(self, event: QPaintEvent) -> None:
        """The parts, with their names where they fit."""
        painter = QPainter(self)
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        outline = QPainterPath()
        outline.addRoundedRect(QRectF(self.rect()), 4, 4)
        painter.setClipPath(outline)
        painter.setFont(theme.font(theme.SMALL - 0.5))
        for index, (name, rect) in enumerate(self.parts()):
            painter.fillRect(rect.adjusted(0.5, 0, -0.5, 0), self._color(name, index))
            painter.setPen(QColor(theme.current().on_accent if name != "base" else theme.current().text))
            share = f"{self._weights[name]:.0%}"
            for text in (f"{_label(name)} {share}", share):
                if painter.fontMetrics().horizontalAdvance(text) < rect.width() - 6:
                    painter.drawText(rect, int(Qt.AlignmentFlag.AlignCenter), text)
                    break

    def event(self, event: QEvent) -> bool:
        """Say which part the pointer is on."""
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            for name, rect in self.parts():
                if rect.contains(event.pos()):
                    QToolTip.showText(event.globalPos(), f"{_label(name)}: {self._weights[name]:.1%}", self)
            return True
        return super().event(event)

    def _color(self, name: str, index: int) -> QColor:
        if name == "base":
            return theme.color("base", 0.35)
        found = theme.color("tuned" if self._signs.get(name, 0) > 0 else "negative")
        return found.darker(100 + 9 * (index % 3))


def _label(name: str) -> str:
    return tr("Base") if name == "base" else name_of(name)
