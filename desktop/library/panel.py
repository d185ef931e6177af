"""The library's page: what narrows it above, the takes, and below what can be done with those selected."""

from functools import partial

from PySide6.QtCore import QItemSelectionModel, QPoint, Qt, QTimer
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QAbstractItemView, QComboBox, QListView, QMenu, QPushButton, QWidget

from desktop import theme
from desktop.actions import takes
from desktop.app import App
from desktop.export import desk
from desktop.export.dragging import Finished, drag
from desktop.library import actions
from desktop.library.actions import Query
from desktop.library.compare import differences
from desktop.library.delegate import TakeDelegate
from desktop.library.detail import Detail
from desktop.library.measurements import is_measured, moves
from desktop.library.model import TakesModel
from desktop.metric_names import NAMES
from desktop.texts import mark, tr
from desktop.widgets.basics import IconButton, SearchField, column, label, row
from engine.library import Entry, Order
from engine.recipe import Recipe

_TYPING_MS = 120


class LibraryPanel(QWidget):
    """Every take. A click selects, a double click or Return opens, Delete deletes, a drag takes it out."""

    def __init__(self, app: App) -> None:
        super().__init__()
        self._app = app
        self.search = SearchField(tr("Search takes"))
        self._typing = QTimer(self)
        self._typing.setSingleShot(True)
        self._typing.setInterval(_TYPING_MS)
        self._typing.timeout.connect(self.reload)
        self.search.textChanged.connect(lambda _: self._typing.start())
        self.rated = _combo(tr("Rated"), _RATED, self.reload)
        self.knob = _combo(tr("Knob"), _KNOBS, self.reload)
        self.order: Order = "newest"
        self.order_button = IconButton("sort", tr("Order"), self._choose_order)
        self.model = TakesModel(app)
        self.list = TakesList(self)
        self.search.returnPressed.connect(self.list.setFocus)
        self.list.setModel(self.model)
        self.list.setItemDelegate(TakeDelegate(app))
        self.list.selectionModel().selectionChanged.connect(lambda *_: self._show_selected())
        self.list.doubleClicked.connect(lambda _: self.open())
        self.list.customContextMenuRequested.connect(self._menu)
        self.model.modelReset.connect(self._show_selected)
        self.model.looks.came.connect(lambda _: self._show_selected())
        self.found = label("", "small")
        self.detail = Detail()
        self.open_button = _button(tr("Open"), tr("See and hear it (Return)"), self.open)
        self.restore_button = _button(tr("Use settings"), tr("Set everything as it was for it"), self.restore)
        self.compare_button = IconButton("compare", tr("What two selected takes differ in"), self.compare)
        self.back_button = IconButton("undo", tr("Bring back"), lambda: actions.undo_delete(app))
        self.delete_button = IconButton("trash", tr("Delete (Del); it can be brought back"), self.delete)
        self.back_button.setFixedHeight(20)
        for button in (self.compare_button, self.delete_button):
            button.setFixedWidth(30)
        tools = row(self.open_button, self.restore_button, self.compare_button, 1, self.delete_button, gap=4)
        above = row(self.found, 1, self.back_button)
        filters = row(self.rated, self.knob, self.order_button, gap=4)
        filters.setStretch(0, 1)
        filters.setStretch(1, 1)
        self.setLayout(column(self.search, filters, above, self.list, self.detail, tools, gap=6))
        app.state.library_changed.connect(self.reload)
        app.state.pair.changed.connect(self._mark_shown)
        theme.changed.connect(self.list.viewport().update)
        self.reload()
        self._show_selected()

    @property
    def query(self) -> Query:
        """What is asked for."""
        stars, liked = self.rated.currentData()
        return Query(self.search.text(), stars, liked, self.knob.currentData(), self.order)

    def sort_by(self, order: Order) -> None:
        """Order the takes."""
        self.order = order
        self.reload()

    def reload(self) -> None:
        """Search again."""
        query = self.query
        actions.search(self._app, query, lambda entries: self._show(query, entries))
        actions.last_deleted(self._app, self._offer_back)

    def selected(self) -> list[Entry]:
        """The selected takes from top to bottom."""
        rows = sorted(index.row() for index in self.list.selectionModel().selectedIndexes())
        return [self.model.entries[row] for row in rows]

    def select(self, *numbers: int) -> None:
        """Select rows."""
        chosen = self.list.selectionModel()
        chosen.clearSelection()
        for number in numbers:
            chosen.select(self.model.index(number), QItemSelectionModel.SelectionFlag.Select)

    def open(self) -> None:
        """Put the selected take into the view."""
        if len(chosen := self.selected()) == 1:
            takes.open_take(self._app, chosen[0].folder)

    def restore(self) -> None:
        """Set everything as it was for the selected take."""
        if len(chosen := self.selected()) == 1:
            actions.restore(self._app, chosen[0].folder)

    def compare(self) -> None:
        """Show what the two selected takes differ in."""
        if len(chosen := self.selected()) == 2:
            first, second = (entry.folder for entry in chosen)
            actions.read_two(self._app, first, second, self._compared)

    def delete(self) -> None:
        """Delete the selected takes."""
        actions.delete(self._app, self.selected())

    def _show(self, query: Query, entries: list[Entry]) -> None:
        if query != self.query:
            return  # the answer to an older question
        chosen = {entry.folder for entry in self.selected()}
        self.model.show(entries)
        self.select(*(at for folder in chosen if (at := self.model.row_of(folder)) is not None))
        count = len(entries)
        text = tr("1 take") if count == 1 else tr("{} takes").format(count)
        if not count:
            narrowed = query != Query(order=query.order)
            text = tr("No take is like that.") if narrowed else tr("What you generate is kept here.")
        self.found.setText(text)

    def _offer_back(self, count: int) -> None:
        self.back_button.setVisible(count > 0)
        one = tr("Bring back the take that was deleted last")
        self.back_button.setToolTip(
            one if count == 1 else tr("Bring back the {} takes that were deleted last").format(count)
        )

    def _show_selected(self) -> None:
        chosen = self.selected()
        one = len(chosen) == 1
        self.open_button.setEnabled(one)
        self.restore_button.setEnabled(one)
        self.compare_button.setEnabled(len(chosen) == 2)
        self.delete_button.setEnabled(bool(chosen))
        if not one:
            self.detail.show_nothing()
            return
        entry = chosen[0]
        look = self.model.looks.of(entry.folder)
        known = {**(look.measured if look else {}), **self._app.state.measured.value}
        if entry.knobs and is_measured(entry.folder, known):
            found = moves(entry.knobs, entry.folder, known)
            told = {move.metric.id for move in found}
            untold = {name: knob for name, knob in entry.knobs.items() if name not in told}
            self.detail.show_moves(found, untold)
        elif entry.knobs:
            pair = self._app.state.pair.value
            opened = pair is not None and pair.folder == entry.folder
            self.detail.show_text(
                tr("It is being measured …") if opened else tr("It is measured when it is opened.")
            )
        else:
            self.detail.show_text(tr("No knob was turned: both clips are the same."))

    def _compared(self, recipes: tuple[Recipe, Recipe]) -> None:
        self.detail.show_differences(differences(*recipes))

    def _mark_shown(self, _: object) -> None:
        self.list.viewport().update()

    def _menu(self, place: QPoint) -> None:
        if self.selected():
            self.menu().popup(self.list.viewport().mapToGlobal(place))

    def menu(self) -> QMenu:
        """What can be done with the selected takes."""
        chosen = self.selected()
        one, two = len(chosen) == 1, len(chosen) == 2
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(tr("Open"), self.open).setEnabled(one)
        menu.addAction(tr("Use settings"), self.restore).setEnabled(one)
        menu.addAction(tr("Compare"), self.compare).setEnabled(two)
        stars = menu.addMenu(tr("Stars"))
        for count in range(6):
            stars.addAction("★" * count or tr("None"), partial(self._rate, count))
        menu.addSeparator()
        menu.addAction(tr("Show in its folder"), self._reveal).setEnabled(one)
        menu.addAction(tr("Delete"), self.delete)
        return menu

    def _choose_order(self) -> None:
        self.order_menu().popup(self.order_button.mapToGlobal(self.order_button.rect().bottomLeft()))

    def order_menu(self) -> QMenu:
        """The orders there are, the one in use checked."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        for text, order in _ORDERS:
            action = menu.addAction(tr(text), partial(self.sort_by, order))
            action.setCheckable(True)
            action.setChecked(order == self.order)
        return menu

    def _rate(self, stars: int) -> None:
        for entry in self.selected():
            actions.rate(self._app, entry.folder, stars)

    def _reveal(self) -> None:
        desk.reveal(self._app, self.selected()[0].folder / "tuned.wav")


class TakesList(QListView):
    """The list: keys that belong to takes, and drags, which begin once their file is written."""

    def __init__(self, panel: LibraryPanel) -> None:
        super().__init__()
        self._panel = panel
        self._grab: object | None = None  # from a press until it is let go or dragged
        self._writing: object | None = None
        self.setUniformItemSizes(True)
        self.setVerticalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.setSelectionMode(QAbstractItemView.SelectionMode.ExtendedSelection)
        self.setDragDropMode(QAbstractItemView.DragDropMode.DragOnly)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.setMouseTracking(True)
        self.setAccessibleName(tr("Takes"))

    def mousePressEvent(self, event: QMouseEvent) -> None:
        """Begin what may become a drag."""
        self._grab = object()
        super().mousePressEvent(event)

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        """No drag any more."""
        self._grab = None
        super().mouseReleaseEvent(event)

    def startDrag(self, actions: Qt.DropAction) -> None:
        """Write the file of the take that was grabbed, then drag it. Qt asks at every move until then."""
        grab = self._grab
        if grab is not None and grab is not self._writing:
            self._writing = grab
            self._panel.model.finish(self.currentIndex(), lambda file: self._drag(grab, file))

    def _drag(self, grab: object, file: Finished) -> None:
        if grab is self._grab:
            self._grab = None
            drag(self, file)
            self.setState(QAbstractItemView.State.NoState)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Return opens, Delete deletes."""
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._panel.open()
        elif event.key() in (Qt.Key.Key_Delete, Qt.Key.Key_Backspace):
            self._panel.delete()
        else:
            super().keyPressEvent(event)


def _combo(name: str, choices: list[tuple[str, object]], run: object) -> QComboBox:
    made = QComboBox()
    made.setAccessibleName(name)
    made.setToolTip(name)
    for text, value in choices:
        made.addItem(tr(text), value)
    made.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    made.setMinimumContentsLength(5)
    made.currentIndexChanged.connect(lambda _: run())  # type: ignore[operator]
    return made


def _button(text: str, hint: str, run: object) -> QPushButton:
    made = QPushButton(text)
    made.setToolTip(hint)
    made.clicked.connect(lambda: run())  # type: ignore[operator]
    return made


_RATED: list[tuple[str, object]] = [
    (mark("All"), (0, None)),
    (mark("★ and more"), (1, None)),
    (mark("★★★ and more"), (3, None)),
    ("★★★★★", (5, None)),
    (mark("Liked"), (0, True)),
    (mark("Disliked"), (0, False)),
]
_KNOBS: list[tuple[str, object]] = [
    (mark("Any knob"), None),
    *((name, metric) for metric, name in NAMES.items()),
]
_ORDERS: list[tuple[str, Order]] = [
    (mark("Newest"), "newest"),
    (mark("Oldest"), "oldest"),
    (mark("Best"), "stars"),
]
