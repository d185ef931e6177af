"""The pair: both clips with their heads, the overview below, and a line of tools above."""

from PySide6.QtCore import QRectF, QSize, Qt
from PySide6.QtWidgets import QButtonGroup, QFrame, QPushButton, QSizePolicy, QWidget

from desktop import session, theme
from desktop.app import App
from desktop.export.handles import DragHandle, selected_part
from desktop.pair import scene
from desktop.pair.analysis import Analysis
from desktop.pair.facts import Facts, facts_shown
from desktop.pair.grid import Grid
from desktop.pair.header import WIDTH, ClipHeader
from desktop.pair.overview import HEIGHT, Overview
from desktop.pair.timeline import Timeline
from desktop.texts import tr
from desktop.widgets.basics import ElidedLabel, IconButton, column, label, row
from engine.events import Which

GAP = 5


class PairPanel(QFrame):
    """Base and tuned one over the other."""

    def __init__(self, app: App) -> None:
        super().__init__()
        self._app = app
        self.setProperty("panel", True)
        self.analysis = Analysis(app, self)
        self.timeline = Timeline(app, self.analysis)
        self.overview = Overview(app, self.analysis, self.timeline)
        self.headers: dict[Which, ClipHeader] = {
            "base": ClipHeader(app, "base"),
            "tuned": ClipHeader(app, "tuned"),
        }
        self._heads = QWidget()
        self._heads.setFixedWidth(WIDTH)
        for header in self.headers.values():
            header.setParent(self._heads)
        self._handles = [self._selection_handle("base"), self._selection_handle("tuned")]
        body = row(self._heads, self.timeline, gap=4)
        self._below = QWidget()
        self._below.setLayout(row(self._under_heads(), self.overview, gap=4))
        layout = column(self._tools(), body, self._below, gap=GAP)
        layout.setContentsMargins(theme.PAD, 7, theme.PAD, 8)
        layout.setStretch(1, 1)
        self.setLayout(layout)
        state = app.state
        for changed in (state.pair.changed, state.heard.changed, state.blind.changed):
            changed.connect(self._arrange)
        state.selection.changed.connect(self._arrange)
        for changed in (
            state.pair.changed,
            state.heard.changed,
            state.blind.changed,
            state.measured.changed,
            state.draft.changed,
        ):
            changed.connect(self._set_grid)
        for changed in (state.playhead.changed, state.selection.changed, state.pair.changed):
            changed.connect(self._tell_place)
        self.timeline.moved.connect(self._arrange)
        self._set_grid()
        self._arrange()
        self._tell_place()

    def minimumSizeHint(self) -> QSize:
        """Room for all but the overview, which goes where there is none."""
        least = super().minimumSizeHint()
        return least if self._below.isHidden() else least - QSize(0, HEIGHT + GAP)

    def resizeEvent(self, event: object) -> None:
        """Keep the heads beside their lanes."""
        self._below.setVisible(self.height() >= self.minimumSizeHint().height() + HEIGHT + GAP)
        self._arrange()

    def showEvent(self, event: object) -> None:
        """Keep the heads beside their lanes."""
        self._arrange()

    def _tools(self) -> QWidget:
        self.place = label("")
        self.place.setMinimumWidth(190)
        self.lines = ElidedLabel("", "small")
        waves = self._choice(tr("Waveform"), lambda: self.timeline.set_spectra(False))
        spectra = self._choice(tr("Spectrogram"), lambda: self.timeline.set_spectra(True))
        waves.setChecked(True)
        group = QButtonGroup(self)
        group.addButton(waves)
        group.addButton(spectra)
        self.spectra = spectra
        self.snap = self._chip(
            tr("Snap"),
            tr("Selections go to the nearest beat (Alt: not). Bars have four beats."),
            session.current.snap,
        )
        self.timeline.snap = session.current.snap
        self.snap.toggled.connect(self._set_snap)
        self.match = self._chip(
            tr("Match levels"), tr("Play both clips equally loud, so that the louder does not win"), True
        )
        self.match.toggled.connect(self._set_match)
        self._app.state.level_matched.watch(self.match.setChecked)
        zoom_out = IconButton("zoom_out", tr("Zoom out (−)"), lambda: self.timeline.zoom(0.5))
        zoom_in = IconButton("zoom_in", tr("Zoom in (+)"), lambda: self.timeline.zoom(2))
        fit = IconButton("fit", tr("See the selection, or all"), self._fit)
        made = QWidget()
        made.setLayout(
            row(
                self.place,
                self.lines,
                waves,
                spectra,
                _gap(),
                self.snap,
                self.match,
                _gap(),
                zoom_out,
                zoom_in,
                fit,
                gap=4,
            )
        )
        return made

    def _choice(self, text: str, run: object) -> QPushButton:
        made = self._chip(text, text, False)
        made.clicked.connect(lambda: run())  # type: ignore[operator]
        return made

    def _chip(self, text: str, hint: str, on: bool) -> QPushButton:
        made = QPushButton(text)
        made.setProperty("chip", True)
        made.setCheckable(True)
        made.setChecked(on)
        made.setToolTip(hint)
        made.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        made.setSizePolicy(QSizePolicy.Policy.Fixed, QSizePolicy.Policy.Fixed)
        return made

    def _under_heads(self) -> QWidget:
        made = QWidget()
        made.setFixedWidth(WIDTH)
        return made

    def _selection_handle(self, which: Which) -> DragHandle:
        handle = DragHandle(
            self._app,
            lambda: selected_part(self._app, which),
            tr("Drag the selection into a DAW or a folder"),
        )
        handle.setParent(self.timeline)
        handle.hide()
        return handle

    def _set_snap(self, on: bool) -> None:
        self.timeline.snap = session.current.snap = on

    def _set_match(self, on: bool) -> None:
        self._app.state.level_matched.value = on

    def _fit(self) -> None:
        view = self.timeline.view
        self.timeline.show_selection()
        if self.timeline.view == view:
            self.timeline.show_all()

    def _set_grid(self, _: object = None) -> None:
        state = self._app.state
        blind = state.blind.value is not None
        facts = Facts() if blind else facts_shown(state, state.heard.value)
        self.timeline.set_grid(Grid(facts.tempo, facts.first_bar))
        told = [f"{facts.tempo:.4g} BPM" if facts.tempo else "", facts.key or ""]
        self.lines.setText("  ·  ".join(part for part in told if part))
        self._tell_place()

    def _tell_place(self, _: object = None) -> None:
        state, grid = self._app.state, self.timeline.grid
        pair = state.pair.value
        if pair is None:
            self.place.setText("")
        elif (span := state.selection.value) is not None:
            length = f"{span.end - span.start:.2f} s"
            self.place.setText(f"{grid.place(span.start)} – {grid.place(span.end)}   {length}")
        else:
            at = state.playhead.value
            bars = f"{grid.place(at)}   " if grid.tempo else ""
            self.place.setText(f"{bars}{at:.2f} / {pair.seconds:.2f} s")

    def _arrange(self, _: object = None) -> None:
        lanes = self.timeline.lanes()
        shown = lanes or (scene.Lane("base", tr("Base"), False), scene.Lane("tuned", tr("Tuned"), False))
        rects = scene.lane_rects(len(shown), self.timeline.width(), self.timeline.height())
        order = [self.headers["base"], self.headers["tuned"]]
        for number, header in enumerate(order):
            header.setVisible(number < len(shown))
            if number < len(shown):
                rect = rects[number]
                header.setGeometry(QRectF(0, rect.top(), WIDTH, rect.height()).toRect())
                header.show_lane(shown[number])
        self._place_handles(lanes, rects)

    def _place_handles(self, lanes: tuple[scene.Lane, ...], rects: list[QRectF]) -> None:
        span = self._app.state.selection.value
        for number, handle in enumerate(self._handles):
            there = span is not None and number < len(lanes) and not lanes[number].veiled
            there = there and selected_part(self._app, lanes[number].which) is not None
            if there and span is not None:
                width = self.timeline.width()
                left, right = (self.timeline.view.x(at, width) for at in (span.start, span.end))
                there = right - left > 34 and right > 20 and left < width - 20
                handle.move(int(max(2, min(right, width) - 24)), int(rects[number].top()) + 4)
            handle.setVisible(there)


def _gap() -> QWidget:
    made = QWidget()
    made.setFixedWidth(10)
    return made
