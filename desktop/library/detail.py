"""Below the list: measured against asked of one take, or what two takes differ in."""

from collections.abc import Mapping, Sequence

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QGridLayout, QLabel, QScrollArea, QWidget

from desktop import theme
from desktop.about_metrics import PROXY
from desktop.library.compare import Difference
from desktop.library.measurements import Move
from desktop.metric_names import name_of, signed
from desktop.texts import tr
from desktop.widgets.basics import ElidedLabel, label
from engine.labels import ESTIMATORS

_ROWS = 7


class Detail(QScrollArea):
    """A small table."""

    def __init__(self) -> None:
        super().__init__()
        self._grid = QGridLayout()
        self.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setWidgetResizable(True)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.show_nothing()

    def show_nothing(self) -> None:
        """No take is selected."""
        self._fill([], [])

    def show_text(self, text: str) -> None:
        """One line."""
        told = label(text, "small")
        told.setWordWrap(True)
        self._fill([], [[told]])

    def show_moves(self, moves: Sequence[Move], untold: Mapping[str, float]) -> None:
        """What each knob was to do and what it did; what nothing could be told of is `untold`."""
        heads = [tr("Knob"), tr("Asked"), tr("Base"), tr("Tuned"), ""]
        rows = []
        for move in moves:
            form = ".0f" if move.metric.id == "tempo" else ".2f"
            mark, said, color = {
                True: ("✓", tr("It went where it was asked to."), "good"),
                False: ("✗", tr("It went the other way."), "danger"),
                None: ("=", tr("It stayed where it was."), "muted"),
            }[move.asked]
            name = name_of(move.metric.id)
            if ESTIMATORS[move.metric.id].proxy:
                name, said = f"≈ {name}", f"{said}\n{tr(PROXY)}"
            verdict = label(mark)
            verdict.setToolTip(said)
            verdict.setAccessibleName(said)
            verdict.setStyleSheet(f"color: {theme.color(color).name()};")
            figures = [signed(move.knob), f"{move.before:{form}}", f"{move.after:{form}}"]
            rows.append([ElidedLabel(name), *(_figure(text) for text in figures), verdict])
        for metric, knob in untold.items():
            figures = [signed(knob), "–", "–"]
            unknown = label("?", "muted")
            unknown.setToolTip(tr("These clips are too short, too quiet or too vague to measure it."))
            rows.append([ElidedLabel(name_of(metric)), *(_figure(text) for text in figures), unknown])
        self._fill(heads, rows)

    def show_differences(self, found: Sequence[Difference]) -> None:
        """What two takes differ in, side by side."""
        if not found:
            self.show_text(tr("These takes have the same recipe."))
            return
        rows = [
            [ElidedLabel(one.name, "muted"), ElidedLabel(one.first or "–"), ElidedLabel(one.second or "–")]
            for one in found
        ]
        self._fill(["", tr("Upper take"), tr("Lower take")], rows)

    def texts(self) -> list[list[str]]:
        """What the table says, row by row."""
        grid, said = self._grid, []
        for line in range(grid.rowCount()):
            items = [grid.itemAtPosition(line, place) for place in range(grid.columnCount())]
            widgets = [item.widget() for item in items if item is not None]
            said.append([widget.text() for widget in widgets if isinstance(widget, QLabel)])
        return [row for row in said if row]

    def _fill(self, heads: Sequence[str], rows: Sequence[Sequence[QWidget]]) -> None:
        body = QWidget()
        self._grid = grid = QGridLayout()
        grid.setContentsMargins(2, 2, 6, 2)
        grid.setHorizontalSpacing(10)
        grid.setVerticalSpacing(3)
        for place, head in enumerate(heads):
            grid.addWidget(label(head, "small"), 0, place)
            grid.setColumnStretch(place, (4, 3, 3)[place] if len(heads) == 3 else place == 0)
        for line, widgets in enumerate(rows, 1):
            for place, widget in enumerate(widgets):
                grid.addWidget(widget, line, place)
        grid.setRowStretch(len(rows) + 1, 1)
        body.setLayout(grid)
        self.setWidget(body)
        lines = len(rows) + bool(heads)
        self.setVisible(lines > 0)
        self.setFixedHeight(min(lines, _ROWS) * 20 + 8 if heads else 44)


def _figure(text: str) -> QLabel:
    made = label(text)
    made.setAlignment(Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter)
    return made
