"""The preset browser: search, tags, stars, sort; load on click, audition by the arrow keys."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from PySide6.QtCore import QFile, QPoint, Qt, QUrl
from PySide6.QtGui import QActionGroup, QDesktopServices, QGuiApplication
from PySide6.QtWidgets import QComboBox, QFileDialog, QListWidgetItem, QMenu, QPushButton, QWidget

from desktop import session
from desktop.actions import models, presets
from desktop.app import App
from desktop.metric_names import name_of, signed
from desktop.panels.preset_list import FILE_ROLE, PresetList
from desktop.state import LoadedPreset
from desktop.texts import tr
from desktop.widgets.basics import IconButton, SearchField, column, label, row
from desktop.widgets.save_preset import SavePreset
from engine.errors import Problem
from engine.preset import SUFFIX, TEXT_PREFIX, Preset, PresetFile, list_presets


class PresetsPanel(QWidget):
    """The list with what narrows it above, and what can be done with it below."""

    def __init__(self, app: App) -> None:
        super().__init__()
        self._app = app
        self._files: list[PresetFile] = []
        self.setAcceptDrops(True)
        self.search = SearchField(tr("Search presets"))
        self.search.textChanged.connect(self._fill)
        self.search.returnPressed.connect(lambda: self.list.setFocus())
        self.source = _combo(tr("Whose"), [tr("All"), tr("Factory"), tr("Mine"), tr("Starred")], self._fill)
        self.tag = _combo(tr("Tag"), [tr("Any tag")], self._fill)
        self.sort = self._sort_button()
        self.list: PresetList = PresetList()
        self.list.currentItemChanged.connect(self._audition)
        self.list.pressed_again.connect(lambda file: presets.load(app, file))
        self.list.star_pressed.connect(self.toggle_star)
        self.list.customContextMenuRequested.connect(self._menu)
        self.found = label("", "small")
        self.save = QPushButton(tr("Save…"))
        self.save.clicked.connect(self.begin_save)
        more = IconButton("menu", tr("Import and more"), self._more_menu)
        self._more = more
        self.form = SavePreset(app)
        self.form.hide()
        self.form.shown.connect(lambda there: self.save.setVisible(not there))
        filters = row(self.source, self.tag, self.sort, gap=4)
        filters.setStretch(0, 1)
        filters.setStretch(1, 1)
        self.setLayout(
            column(
                self.search, filters, self.list, self.form, row(self.found, 1, self.save, more, gap=4), gap=6
            )
        )
        app.state.presets_changed.connect(self.reload)
        app.state.preset.watch(self._show_loaded)
        app.state.draft.changed.connect(lambda draft: self.list.viewport().update())
        self.reload()

    def _sort_button(self) -> IconButton:
        button = IconButton("sort", tr("Order"))
        menu = QMenu(button)
        group = QActionGroup(menu)
        for name, text in (
            ("name", tr("By name")),
            ("author", tr("By author")),
            ("newest", tr("Newest first")),
        ):
            action = menu.addAction(text)
            action.setCheckable(True)
            action.setChecked(session.current.sort == name)
            action.triggered.connect(lambda _=False, name=name: self.sort_by(name))
            group.addAction(action)
        button.setMenu(menu)
        button.setPopupMode(IconButton.ToolButtonPopupMode.InstantPopup)
        return button

    def sort_by(self, order: str) -> None:
        """Order the list by name, author or newest."""
        session.current.sort = order
        self._fill()

    def reload(self) -> None:
        """Read the presets again."""
        self._app.background.call(list_presets, self._show_files)

    def begin_save(self) -> None:
        """Open the form with the loaded preset's name."""
        self.form.begin(self._app.state.preset.value)

    def toggle_star(self, file: PresetFile) -> None:
        """Star a preset or take its star away."""
        presets.toggle_star(file)
        self._fill()

    # Filling

    def _show_files(self, files: list[PresetFile]) -> None:
        self._files = files
        tags = sorted({tag for f in files if isinstance(f.content, Preset) for tag in f.content.tags})
        chosen = self.tag.currentText()
        self.tag.blockSignals(True)
        self.tag.clear()
        self.tag.addItems([tr("Any tag"), *tags])
        self.tag.setCurrentText(chosen if chosen in tags else tr("Any tag"))
        self.tag.blockSignals(False)
        self._fill()

    def _fill(self) -> None:
        loaded = self._app.state.preset.value
        self.list.blockSignals(True)
        self.list.clear()
        for file in sorted(filter(self._wanted, self._files), key=self._key):
            item = QListWidgetItem(file.path.stem)
            item.setData(FILE_ROLE, file)
            item.setToolTip(_about(file))
            self.list.addItem(item)
            if loaded and loaded.path == file.path:
                self.list.setCurrentItem(item)
        self.list.blockSignals(False)
        self.found.setText(tr("{} of {}").format(self.list.count(), len(self._files)))

    def _wanted(self, file: PresetFile) -> bool:
        source = self.source.currentIndex()
        if source in (1, 2) and file.factory != (source == 1):
            return False
        if source == 3 and not presets.starred(file):
            return False
        if isinstance(file.content, Problem):
            return not self.search.text() and self.tag.currentIndex() <= 0
        if self.tag.currentIndex() > 0 and self.tag.currentText() not in file.content.tags:
            return False
        content = file.content
        words = " ".join([content.name, content.author, *content.tags, content.notes, content.prompt or ""])
        return all(word in words.casefold() for word in self.search.text().casefold().split())

    def _key(self, file: PresetFile) -> Any:
        name = file.path.stem.casefold()
        if session.current.sort == "author":
            return (file.content.author.casefold() if isinstance(file.content, Preset) else "", name)
        if session.current.sort == "newest":
            try:
                return (-file.path.stat().st_mtime, name)
            except OSError:
                return (0.0, name)
        return name

    def _show_loaded(self, loaded: LoadedPreset | None) -> None:
        self.list.loaded = loaded.path if loaded else None
        self.list.dirty = lambda: presets.dirty(self._app)
        self.list.viewport().update()

    # What the user does

    def _audition(self, item: QListWidgetItem | None) -> None:
        if item is not None:
            presets.load(self._app, item.data(FILE_ROLE))

    def _menu(self, place: QPoint) -> None:
        item = self.list.itemAt(place)
        if item is None:
            return
        self.menu_for(item.data(FILE_ROLE)).popup(self.list.viewport().mapToGlobal(place))

    def menu_for(self, file: PresetFile) -> QMenu:
        """What can be done with a preset."""
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        own = not file.factory
        add: Callable[..., Any] = menu.addAction
        add(tr("Take its star away") if presets.starred(file) else tr("Star"), lambda: self.toggle_star(file))
        menu.addSeparator()
        add(tr("Rename…"), lambda: self.form.begin_rename(file)).setEnabled(own)
        add(tr("Duplicate"), lambda: presets.duplicate(self._app, file))
        add(tr("Export…"), lambda: self._export(file))
        add(tr("Copy as text"), lambda: self._copy_text(file))
        add(tr("Show in folder"), lambda: QDesktopServices.openUrl(QUrl.fromLocalFile(file.path.parent)))
        menu.addSeparator()
        add(tr("Move to trash"), lambda: self.delete(file)).setEnabled(own)
        return menu

    def delete(self, file: PresetFile) -> None:
        """Move one of the user's own to the system's trash."""
        presets.delete(self._app, file, moved_to_trash)

    def _more_menu(self) -> None:
        menu = QMenu(self)
        menu.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        menu.addAction(tr("Import a file…"), self._import_file)
        menu.addAction(tr("Paste a preset's text"), self.paste).setEnabled(
            QGuiApplication.clipboard().text().strip().startswith(TEXT_PREFIX)
        )
        menu.popup(self._more.mapToGlobal(QPoint(0, self._more.height())))

    def paste(self) -> None:
        """Keep the preset whose text is on the clipboard."""
        presets.import_from(self._app, QGuiApplication.clipboard().text())

    def _import_file(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, tr("Import a preset"), "", f"*{SUFFIX}")
        if path:
            presets.import_from(self._app, path)

    def _export(self, file: PresetFile) -> None:
        path, _ = QFileDialog.getSaveFileName(self, tr("Export a preset"), file.path.name, f"*{SUFFIX}")
        if path:
            presets.export_to(self._app, file, Path(path))

    def _copy_text(self, file: PresetFile) -> None:
        try:
            QGuiApplication.clipboard().setText(presets.text_of(file))
            self._app.tell(tr("Copied. Paste it into a message."))
        except Problem as problem:
            self._app.report(problem)

    def dragEnterEvent(self, event: Any) -> None:
        """Take files, and texts that are presets."""
        mime = event.mimeData()
        if mime.hasUrls() or mime.text().strip().startswith(TEXT_PREFIX):
            event.acceptProposedAction()

    def dropEvent(self, event: Any) -> None:
        """Import what was dropped."""
        mime = event.mimeData()
        if mime.hasUrls():
            for url in mime.urls():
                models.drop(self._app, Path(url.toLocalFile()))
        else:
            presets.import_from(self._app, mime.text())


def moved_to_trash(path: Path) -> bool:
    """Move a file to the system's trash; False if that could not be done."""
    result: Any = QFile.moveToTrash(str(path))
    return bool(result[0]) if isinstance(result, tuple) else bool(result)


def _about(file: PresetFile) -> str:
    if isinstance(file.content, Problem):
        return str(file.content)
    content = file.content
    knobs = ", ".join(f"{name_of(name)} {signed(value)}" for name, value in content.mix.knobs.items())
    return "\n".join(part for part in (content.notes, knobs, content.prompt or "") if part)


def _combo(name: str, items: list[str], changed: Callable[..., Any]) -> QComboBox:
    made = QComboBox()
    made.addItems(items)
    made.setAccessibleName(name)
    made.setToolTip(name)
    made.setMinimumContentsLength(4)
    made.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
    made.currentIndexChanged.connect(lambda index: changed())
    return made
