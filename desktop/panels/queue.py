"""The jobs: progress, time left, speed, cancel; the previews of a scout to pick from."""

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFrame, QProgressBar, QScrollArea, QWidget

from desktop.actions import generating
from desktop.app import App
from desktop.state import Queued
from desktop.texts import mark, tr
from desktop.widgets.basics import ElidedLabel, IconButton, column, label, row

WORDS = {
    "waiting": mark("Waiting"),
    "loading": mark("Loading"),
    "done": mark("Done"),
    "cancelled": mark("Stopped"),
    "failed": mark("Failed"),
}


class QueuePanel(QWidget):
    """The newest on top."""

    def __init__(self, app: App) -> None:
        super().__init__()
        self._app = app
        self._rows: dict[int, JobRow] = {}
        self.empty = label(tr("Nothing was generated yet.\nPress Ctrl+Enter in the prompt."), "muted")
        self.empty.setAlignment(Qt.AlignmentFlag.AlignCenter)
        self._list = column(gap=6)
        self._list.addStretch(1)
        inner = QWidget()
        inner.setLayout(self._list)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(inner)
        self._scroll = scroll
        self.stop = IconButton("stop", tr("Stop all jobs"), lambda: generating.cancel_all(app))
        self.clear = IconButton(
            "close", tr("Forget the jobs that are over"), lambda: generating.clear_finished(app)
        )
        self.found = label("", "small")
        self.setLayout(column(row(self.found, 1, self.stop, self.clear, gap=2), self.empty, scroll, gap=4))
        app.state.queue.watch(self._show)

    def _show(self, queue: tuple[Queued, ...]) -> None:
        numbers = {entry.number for entry in queue}
        for number in self._rows.keys() - numbers:
            self._rows.pop(number).deleteLater()
        for entry in queue:
            if entry.number not in self._rows:
                self._rows[entry.number] = made = JobRow(self._app)
                self._list.insertWidget(0, made)
            self._rows[entry.number].show_entry(entry)
        count = len(queue)
        self.found.setText(tr("1 job") if count == 1 else tr("{} jobs").format(count) if count else "")
        self.empty.setVisible(not queue)
        self._scroll.setVisible(bool(queue))
        self.stop.setEnabled(any(not entry.over for entry in queue))
        self.clear.setEnabled(any(entry.over for entry in queue))

    def row_of(self, number: int) -> "JobRow":
        """The row of a job."""
        return self._rows[number]


class JobRow(QFrame):
    """One job."""

    def __init__(self, app: App) -> None:
        super().__init__()
        self._app = app
        self._entry: Queued | None = None
        self.setProperty("card", True)
        self.title = ElidedLabel()
        self.told = ElidedLabel("", "small")
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.listen = IconButton("play", tr("Listen"), self._listen)
        self.full = IconButton("right", tr("Make it in full"), self._in_full)
        self.again = IconButton("reset", tr("Try again"), self._again)
        self.cancel = IconButton("close", tr("Stop"), self._cancel)
        self.setLayout(
            column(
                row(self.title, self.listen, self.full, self.again, self.cancel, gap=2),
                self.bar,
                self.told,
                gap=3,
            )
        )
        self.setContentsMargins(8, 4, 4, 6)

    def show_entry(self, entry: Queued) -> None:
        """Show how far it is."""
        self._entry = entry
        prefix = tr("Scout") + " · " if entry.scout else ""
        self.title.setText(f"{prefix}{entry.job.prompt}")
        self.told.setText(_told(entry))
        self.bar.setVisible(entry.status in ("loading", "running"))
        self.bar.setRange(0, entry.total if entry.status == "running" else 0)
        self.bar.setValue(entry.step)
        self.listen.setVisible(entry.pair is not None)
        self.full.setVisible(entry.scout and entry.status == "done")
        self.again.setVisible(entry.status in ("failed", "cancelled"))
        self.cancel.setVisible(not entry.over)

    def _listen(self) -> None:
        if self._entry and self._entry.pair:
            generating.show(self._app, self._entry.pair)
            self._app.state.playing.value = True

    def _in_full(self) -> None:
        if self._entry:
            seconds = self._app.state.draft.value.settings.seconds
            generating.render_in_full(self._app, self._entry.number, seconds)

    def _again(self) -> None:
        if self._entry:
            generating.retry(self._app, self._entry.number)

    def _cancel(self) -> None:
        if self._entry:
            generating.cancel(self._app, self._entry.number)


def _told(entry: Queued) -> str:
    seed = tr("seed {}").format(entry.job.seed)
    if entry.status == "failed" and entry.problem is not None:
        return entry.problem.what
    if entry.status == "loading":
        return entry.what
    if entry.status != "running":
        seconds = entry.pair.seconds if entry.pair else entry.job.settings.seconds
        return f"{tr(WORDS[entry.status])} · {seconds:g} s · {seed}"
    parts = [f"{entry.step / max(1, entry.total):.0%}"]
    if entry.eta is not None:
        parts.append(tr("{} s left").format(max(1, round(entry.eta))))
    if entry.speed is not None:
        parts.append(tr("{} × real time").format(f"{entry.speed:.1f}"))
    return " · ".join(parts)
