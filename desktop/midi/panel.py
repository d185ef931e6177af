"""The MIDI page: which port, and which controller turns which knob."""

from PySide6.QtCore import QTimer
from PySide6.QtGui import QShowEvent
from PySide6.QtWidgets import QComboBox, QGridLayout, QScrollArea, QWidget

from desktop import theme
from desktop.app import App
from desktop.metric_names import name_of
from desktop.midi import actions
from desktop.midi.ports import Ports, SystemPorts
from desktop.state import MidiState
from desktop.texts import tr
from desktop.widgets.basics import ElidedLabel, IconButton, column, label, row
from engine.metrics import METRICS, Metric


class MidiPanel(QWidget):
    """Choose a port, then learn a controller for each knob, here or from the knob's own menu."""

    def __init__(self, app: App, ports: Ports | None = None) -> None:
        super().__init__()
        self._app, self._ports = app, ports or SystemPorts()
        self.port = QComboBox()
        self.port.setAccessibleName(tr("MIDI port"))
        self.port.activated.connect(self._choose)
        self.again = IconButton("reset", tr("Look for ports again"), self.look)
        self.told = label("", "small")
        self.told.setWordWrap(True)
        grid = QGridLayout()
        grid.setContentsMargins(0, 0, 0, 0)
        grid.setVerticalSpacing(2)
        grid.setColumnStretch(0, 1)
        self.rows = {metric.id: _Row(app, metric) for metric in METRICS}
        for number, made in enumerate(self.rows.values()):
            for place, widget in enumerate((made.name, made.control, made.learn, made.forget)):
                grid.addWidget(widget, number, place)
        body = QWidget()
        body.setLayout(column(grid, 1))
        area = QScrollArea()
        area.setWidget(body)
        area.setWidgetResizable(True)
        area.setFrameShape(QScrollArea.Shape.NoFrame)
        self.setLayout(column(row(self.port, self.again, gap=4), self.told, area, gap=theme.GAP))
        self.port.setSizePolicy(self.port.sizePolicy().Policy.Expanding, self.port.sizePolicy().Policy.Fixed)
        app.state.midi.watch(self._show)

    def showEvent(self, event: QShowEvent) -> None:
        """Look for ports whenever the page is opened."""
        super().showEvent(event)
        QTimer.singleShot(0, self.look)

    def look(self) -> None:
        """See which ports there are."""
        actions.look(self._app, self._ports)

    def _choose(self, index: int) -> None:
        actions.choose_port(self._app, self.port.itemData(index))

    def _show(self, midi: MidiState) -> None:
        self.port.clear()
        self.port.addItem(tr("No port"), None)
        for name in midi.ports:
            self.port.addItem(name, name)
        if midi.port is not None and midi.port not in midi.ports:
            self.port.addItem(tr("{} (not connected)").format(midi.port), midi.port)
        self.port.setCurrentIndex(max(0, self.port.findData(midi.port)))
        self.told.setText(_told(midi))
        for made in self.rows.values():
            made.show_midi(midi)


class _Row:
    """One knob's line in the table."""

    def __init__(self, app: App, metric: Metric) -> None:
        self._app, self._metric = app, metric
        self.name = ElidedLabel(name_of(metric.id))
        self.control = label("", "small")
        self.learn = IconButton(
            "midi", tr("Learn a controller for {}").format(name_of(metric.id)), self._learn, checkable=True
        )
        self.forget = IconButton(
            "close",
            tr("Forget the controller of {}").format(name_of(metric.id)),
            lambda: actions.forget(app, metric.id),
        )

    def show_midi(self, midi: MidiState) -> None:
        """Show its controller."""
        control, learning = midi.controls.get(self._metric.id), midi.learning == self._metric.id
        text = tr("Ch {} · CC {}").format(control[0] + 1, control[1]) if control else ""
        self.control.setText(tr("Move a controller…") if learning else text)
        self.learn.setChecked(learning)
        self.learn.setEnabled(midi.port is not None)
        self.forget.setEnabled(control is not None)

    def _learn(self) -> None:
        if self._app.state.midi.value.learning == self._metric.id:
            actions.stop_learning(self._app)
        else:
            actions.learn(self._app, self._metric.id)


def _told(midi: MidiState) -> str:
    if midi.problem:
        return midi.problem
    if midi.port is None:
        return tr("Choose a port, then press a knob's MIDI button and move a controller.")
    if midi.port not in midi.ports:
        return tr("The port is not connected. Its controllers are remembered.")
    return tr("A controller takes its knob over once it has come to where the knob stands.")
