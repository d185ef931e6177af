"""The thirteen knobs in two groups, the amount, the slots with their morph, and the weights that result."""

from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QGridLayout, QHBoxLayout, QMenu, QMessageBox, QSlider

from desktop import theme
from desktop.about_metrics import reach, tooltip
from desktop.actions import mixing
from desktop.app import App
from desktop.draft import Draft, Slot
from desktop.metric_names import NAMES, name_of
from desktop.state import Adapters, MidiState
from desktop.texts import mark, tr
from desktop.widgets.basics import ElidedLabel, IconButton, column, label, panel, row
from desktop.widgets.gesture import Strokes
from desktop.widgets.knob import Knob
from desktop.widgets.weight_bar import WeightBar
from engine.metrics import METRICS, Metric
from engine.mix import weights

SHORT = {
    "interactions": mark("Interactions"),
    "like_ratio": mark("Like ratio"),
    "instrumentalness": mark("Instrumental"),
}
MORPH_STEPS = 100


class KnobsPanel(QFrame):
    """The instrument's front: sound, listeners, mix."""

    def __init__(self, app: App) -> None:
        super().__init__()
        self._app = app
        self.knobs = {m.id: self._knob(m) for m in METRICS}
        sound = [self.knobs[m.id] for m in METRICS if m.source == "spotify"]
        listeners = [self.knobs[m.id] for m in METRICS if m.source == "youtube"]
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(theme.GAP)
        self.hint = ElidedLabel("", "small")
        self.hint.setAlignment(Qt.AlignmentFlag.AlignRight)
        layout.addWidget(_group(row(label(tr("SOUND"), "heading"), self.hint), sound, 5), 5)
        layout.addWidget(_group(row(label(tr("LISTENERS"), "heading")), listeners, 2), 2)
        layout.addWidget(self._mix_group(), 3)
        app.state.draft.watch(self._show_draft)
        app.state.adapters.watch(self._show_adapters)
        app.state.midi.watch(self._show_midi)

    def _knob(self, which: Metric) -> Knob:
        knob = Knob(tr(SHORT.get(which.id, NAMES[which.id])), -5, 5)
        knob.setObjectName(which.id)
        knob.turned.connect(lambda value, gesture: mixing.set_knob(self._app, which.id, value, gesture))
        knob.aborted.connect(partial(mixing.abort, self._app))
        knob.tooltip = lambda: tooltip(which.id, self._app.state.adapters.value)
        knob.menu = lambda: self._menu(which, knob)
        return knob

    def _mix_group(self) -> QFrame:
        self.amount = Knob(tr("Amount"), 0, 4, home=1, step=0.05, big=True)
        self.amount.turned.connect(lambda value, gesture: mixing.set_amount(self._app, value, gesture))
        self.amount.aborted.connect(partial(mixing.abort, self._app))
        self.amount.tooltip = lambda: tr(
            "How much of the mix is added: 1 is the average of the models, 0 the base, more overdoes it."
        )
        self.bar = WeightBar()
        self.slot_a, self.slot_b = self._slot_button("A"), self._slot_button("B")
        self.morph = QSlider(Qt.Orientation.Horizontal)
        self.morph.setRange(0, MORPH_STEPS)
        self.morph.setAccessibleName(tr("Morph from A to B"))
        self.morph.setToolTip(tr("Morph between the mixes A and B"))
        self._strokes = Strokes(self)
        self.morph.valueChanged.connect(
            lambda value: mixing.set_morph(self._app, value / MORPH_STEPS, self._strokes.token())
        )
        self.morph.sliderPressed.connect(self._strokes.hold)
        self.morph.sliderReleased.connect(self._strokes.end)
        self.copy = IconButton("copy", tr("Copy this mix to the other slot"), self._copy)
        self.dice = IconButton(
            "dice", tr("Move all knobs a little, at random"), lambda: mixing.randomise(self._app)
        )
        reset = IconButton("reset", tr("All knobs to 0"), lambda: mixing.reset(self._app))
        slots = row(self.slot_a, self.morph, self.slot_b, gap=6)
        made = panel()
        head = row(label(tr("MIX"), "heading"), 1)
        bar = column(label(tr("Weights"), "small"), self.bar, gap=3)
        top = row(self.amount, 1, self.copy, self.dice, reset, gap=2)
        made.setLayout(column(head, top, 1, slots, 1, bar, gap=6))
        made.setContentsMargins(theme.PAD, 8, theme.PAD, 10)
        return made

    def _slot_button(self, slot: Slot) -> IconButton:
        button = IconButton(
            "add", tr("The mix in slot {}").format(slot), lambda: mixing.pick_slot(self._app, slot)
        )
        button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextOnly)
        button.setText(slot)
        button.setCheckable(True)
        button.setProperty("flat", False)
        return button

    def _copy(self) -> None:
        on_a = self._app.state.draft.value.morph < 0.5
        mixing.copy_slot(self._app, "B" if on_a else "A")

    def _menu(self, which: Metric, knob: Knob) -> QMenu:
        from desktop.midi import actions as midi

        menu = QMenu(self)
        menu.addAction(tr("Set to 0"), lambda: mixing.set_knob(self._app, which.id, 0))
        menu.addAction(tr("Enter a value…"), knob.edit)
        menu.addSeparator()
        learned = which.id in self._app.state.midi.value.controls
        menu.addAction(tr("Learn a MIDI controller"), lambda: midi.learn(self._app, which.id))
        forget = menu.addAction(tr("Forget its MIDI controller"), lambda: midi.forget(self._app, which.id))
        forget.setEnabled(learned)
        menu.addSeparator()
        menu.addAction(tr("About {}").format(name_of(which.id)), lambda: self._about(which))
        return menu

    def _about(self, which: Metric) -> None:
        box = QMessageBox(self)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.setWindowTitle(name_of(which.id))
        box.setText(tooltip(which.id, self._app.state.adapters.value))
        box.setModal(False)
        box.show()

    def _show_draft(self, draft: Draft) -> None:
        mix = draft.mix
        for name, knob in self.knobs.items():
            knob.show_value(mix.knobs.get(name, 0.0))
        self.amount.show_value(mix.amount)
        self._show_weights()
        self.slot_a.setChecked(draft.morph == 0)
        self.slot_b.setChecked(draft.morph == 1)
        self.copy.setEnabled(draft.slot_a != draft.slot_b)
        self.morph.blockSignals(True)
        self.morph.setValue(round(draft.morph * MORPH_STEPS))
        self.morph.blockSignals(False)

    def _show_weights(self) -> None:
        mix = mixing.effective(self._app.state.draft.value.mix, self._app.state.adapters.value)
        self.bar.show_weights(weights(mix), mix.knobs)

    def _show_adapters(self, adapters: Adapters) -> None:
        for name, knob in self.knobs.items():
            knob.set_reach(*reach(name, adapters))
        self._show_weights()
        self.dice.setEnabled(bool(adapters))
        model = self._app.state.draft.value.model.rsplit("/", 1)[-1]
        self.hint.setText(
            "" if adapters else tr("No pack for {}: drop one here to turn the knobs").format(model)
        )

    def _show_midi(self, midi: MidiState) -> None:
        for name, knob in self.knobs.items():
            control = midi.controls.get(name)
            knob.mark = "…" if midi.learning == name else f"CC{control[1]}" if control else ""
            knob.update()


def _group(head: QHBoxLayout, knobs: list[Knob], columns: int) -> QFrame:
    made = panel()
    grid = QGridLayout()
    grid.setSpacing(2)
    for index, knob in enumerate(knobs):
        grid.addWidget(knob, index // columns, index % columns)
    made.setLayout(column(head, grid, gap=4))
    made.setContentsMargins(theme.PAD, 8, theme.PAD, 8)
    return made
