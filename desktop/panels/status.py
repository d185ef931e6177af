"""The line at the bottom: what went wrong or was done, what can be done about it, and what runs."""

from PySide6.QtCore import QEvent
from PySide6.QtWidgets import QFrame, QLabel, QPlainTextEdit, QProgressBar, QPushButton, QWidget

from desktop import icons, theme
from desktop.actions import generating
from desktop.app import App
from desktop.state import Notice, Queued
from desktop.texts import tr
from desktop.widgets.basics import ElidedLabel, IconButton, column, label, restyle, row

DETAILS_HEIGHT = 96


class StatusBar(QFrame):
    """Never a dialog: problems are lines here, with Details to unfold."""

    def __init__(self, app: App) -> None:
        super().__init__()
        self._app = app
        self._running: int | None = None
        self.setProperty("panel", True)
        self._sign = QLabel()
        self.text = ElidedLabel()
        self.act = QPushButton()
        self.act.clicked.connect(self._act)
        self.unfold = QPushButton(tr("Details"))
        self.unfold.setCheckable(True)
        self.unfold.setProperty("flat", True)
        self.close_notice = IconButton("close", tr("Close the message"), self._close)
        self.details = QPlainTextEdit()
        self.details.setReadOnly(True)
        self.details.setFixedHeight(DETAILS_HEIGHT)
        self.details.setAccessibleName(tr("Details of the problem"))
        self.details.hide()
        self.unfold.toggled.connect(self.details.setVisible)
        self.job = label("", "small")
        self.bar = QProgressBar()
        self.bar.setFixedWidth(140)
        self.bar.setTextVisible(False)
        self.bar.setAccessibleName(tr("Progress of the job"))
        self.stop = IconButton("stop", tr("Stop the job (Esc)"), self._stop)
        line = row(
            self._sign,
            self.text,
            self.act,
            self.unfold,
            self.close_notice,
            self.job,
            self.bar,
            self.stop,
            gap=6,
        )
        line.setStretchFactor(self.text, 1)
        inner = QWidget()
        inner.setFixedHeight(28)
        inner.setLayout(line)
        self.setLayout(column(self.details, inner, gap=4))
        self.setContentsMargins(theme.PAD, 4, theme.GAP, 4)
        app.state.notice.watch(self._show_notice)
        app.state.queue.watch(self._show_queue)
        app.state.engine.watch(lambda text: self._show_queue(app.state.queue.value))

    def changeEvent(self, event: QEvent) -> None:
        """Follow the theme."""
        super().changeEvent(event)
        if event.type() == QEvent.Type.StyleChange:
            self._show_notice(self._app.state.notice.value)

    def _show_notice(self, notice: Notice | None) -> None:
        there = notice is not None
        self._sign.setVisible(there)
        self.close_notice.setVisible(there)
        self.act.setVisible(notice is not None and bool(notice.action))
        self.unfold.setVisible(notice is not None and bool(notice.details))
        self.unfold.setChecked(False)
        self.text.setText(notice.text if notice else "")
        self.text.setProperty("role", "problem" if notice and notice.problem else "")
        restyle(self.text)
        if notice is None:
            return
        self.act.setText(tr(notice.action))
        self.details.setPlainText(notice.details)
        sign = ("warning", "danger") if notice.problem else ("info", "muted")
        self._sign.setPixmap(icons.pixmap(*sign, ratio=self.devicePixelRatioF()))

    def _show_queue(self, queue: tuple[Queued, ...]) -> None:
        active = next((e for e in queue if e.status in ("loading", "running")), None)
        waiting = sum(entry.status == "waiting" for entry in queue)
        active = active or next((e for e in queue if e.status == "waiting"), None)
        self._running = active.number if active else None
        self.bar.setVisible(active is not None)
        self.stop.setVisible(active is not None)
        if active is None:
            self.job.setText(self._app.state.engine.value)
            return
        running = active.status == "running"
        self.bar.setRange(0, active.total if running else 0)
        self.bar.setValue(active.step)
        self.job.setText(_told(active, waiting))

    def _act(self) -> None:
        notice = self._app.state.notice.value
        self._close()
        if notice is not None and notice.run is not None:
            notice.run()

    def _close(self) -> None:
        self._app.state.notice.value = None

    def _stop(self) -> None:
        if self._running is not None:
            generating.cancel(self._app, self._running)


def _told(entry: Queued, waiting: int) -> str:
    parts = []
    if entry.status == "loading":
        parts.append(entry.what)
    elif entry.status == "running":
        if entry.eta is not None:
            parts.append(tr("{} s left").format(max(1, round(entry.eta))))
        if entry.speed is not None:
            parts.append(tr("{} × real time").format(f"{entry.speed:.1f}"))
    else:
        parts.append(tr("Starting"))
    if waiting and entry.status != "waiting":
        parts.append(tr("{} waiting").format(waiting))
    return " · ".join(parts)
