"""Base models, packs, and where jobs run."""

from pathlib import Path
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QComboBox,
    QFileDialog,
    QFrame,
    QLineEdit,
    QProgressBar,
    QPushButton,
    QScrollArea,
    QSizePolicy,
    QWidget,
)

from desktop import session
from desktop.actions import downloads, models
from desktop.app import App
from desktop.draft import Draft
from desktop.state import Download
from desktop.texts import tr
from desktop.widgets.basics import ElidedLabel, IconButton, column, label, restyle, row
from engine.catalog import ModelRef
from engine.packs import Pack


class ModelsPanel(QWidget):
    """What is here, what a hub has, packs and places, one above the other."""

    def __init__(self, app: App) -> None:
        super().__init__()
        self._app = app
        self._cards: dict[str, ModelCard] = {}
        self.offers: dict[str, OfferCard] = {}
        self._models, self._offers, self._packs = column(gap=4), column(gap=4), column(gap=4)
        self.hub = QLineEdit()
        self.hub.returnPressed.connect(self._fetch)
        self.hub.setPlaceholderText(tr("Another: owner/name"))
        self.hub.setAccessibleName(tr("A model of the Hugging Face hub"))
        fetch = IconButton("download", tr("Show its license, then download it"), self._fetch)
        folder = QPushButton(tr("Use a folder…"))
        folder.clicked.connect(self._pick_folder)
        install = QPushButton(tr("Install a pack…"))
        install.clicked.connect(self._pick_pack)
        self.place = QComboBox()
        self.place.setAccessibleName(tr("Where jobs run"))
        self.place.setMinimumContentsLength(8)
        self.place.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToMinimumContentsLengthWithIcon)
        self.place.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Fixed)
        self.place.activated.connect(lambda index: self._pick_place(index))
        self.download = DownloadRow(app)
        inner = QWidget()
        inner.setLayout(
            column(
                self._models,
                folder,
                label(tr("TO FETCH FROM THE HUB"), "heading"),
                self.download,
                self._offers,
                row(self.hub, fetch, gap=4),
                label(tr("PACKS"), "heading"),
                self._packs,
                install,
                label(tr("PLACE"), "heading"),
                self.place,
                1,
            )
        )
        inner.setContentsMargins(0, 0, 6, 0)
        scroll = QScrollArea()
        scroll.setWidgetResizable(True)
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setWidget(inner)
        self.setLayout(column(scroll))
        app.state.places.watch(self._show_places)
        app.state.place.changed.connect(self._show_places)
        app.state.models_changed.connect(self.reload)
        app.state.download.changed.connect(lambda download: self._show_offers())
        app.state.draft.changed.connect(self._mark)
        self.reload()

    def reload(self) -> None:
        """Look again what is there."""
        folders = tuple(session.current.folders)
        self._app.background.call(lambda: models.look(folders), self._show)

    def _show(self, shelf: models.Shelf) -> None:
        for layout in (self._models, self._offers, self._packs):
            _clear(layout)
        self._cards = {ref.id: ModelCard(self._app, ref, size) for ref, size in shelf.here}
        self.offers = {ref.id: OfferCard(self._app, ref, size) for ref, size in shelf.on_hub}
        for card in self._cards.values():
            self._models.addWidget(card)
        for offer in self.offers.values():
            self._offers.addWidget(offer)
        for pack in shelf.packs:
            self._packs.addWidget(PackCard(self._app, pack))
        if not shelf.packs:
            told = label(
                tr("No pack is installed, so the knobs cannot turn. Drop a pack's folder or zip here."),
                "small",
            )
            told.setWordWrap(True)
            self._packs.addWidget(told)
        self._mark(self._app.state.draft.value)
        self._show_offers()

    def _show_offers(self) -> None:
        """What is being fetched has a row of its own."""
        download = self._app.state.download.value
        for name, offer in self.offers.items():
            offer.setVisible(download is None or download.model != name)

    def _show_places(self, _: object = None) -> None:
        places, chosen = self._app.state.places.value, self._app.state.place.value
        best = places[0].name if places else tr("this computer")
        self.place.clear()
        self.place.addItems([tr("Automatic: {}").format(best), *(place.name for place in places)])
        self.place.setCurrentIndex(places.index(chosen) + 1 if chosen in places else 0)

    def _pick_place(self, index: int) -> None:
        models.use_place(self._app, self._app.state.places.value[index - 1] if index else None)

    def _mark(self, draft: Draft) -> None:
        for name, card in self._cards.items():
            card.mark(name == draft.model)

    def _fetch(self) -> None:
        if name := self.hub.text().strip():
            downloads.begin(self._app, name)

    def _pick_folder(self) -> None:
        if folder := QFileDialog.getExistingDirectory(self, tr("A folder with a MusicGen")):
            models.pick(self._app, folder)

    def _pick_pack(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, tr("A pack"), "", tr("Packs (*.zip pack.json)"))
        if path:
            file = Path(path)
            models.install_pack(self._app, file.parent if file.name == "pack.json" else file)


class ModelCard(QFrame):
    """A model; a click picks it."""

    def __init__(self, app: App, ref: ModelRef, size: int) -> None:
        super().__init__()
        self.setProperty("card", True)
        self.pick = QPushButton(tr("Use"))
        self.pick.setCheckable(True)
        self.pick.clicked.connect(lambda: models.pick(app, ref.id))
        self.facts = ElidedLabel(_facts(ref, size) if ref.folder else tr("not there any more"), "small")
        self.pick.setEnabled(ref.folder is not None)
        line = row(column(ElidedLabel(_name(ref)), self.facts, gap=0), self.pick)
        line.setStretch(0, 1)
        self.setLayout(line)
        ways = {
            "hub": ("trash", tr("Delete it from this computer")),
            "folder": ("close", tr("Take it off this list; the folder stays")),
        }
        if ref.source in ways:
            line.addWidget(IconButton(*ways[ref.source], lambda: models.remove_model(app, ref)))
        if ref.source != "bundled":
            self.setToolTip(ref.id)
        self.setContentsMargins(8, 5, 6, 5)

    def mark(self, used: bool) -> None:
        """Show whether it is the one in use."""
        self.pick.setChecked(used)
        self.pick.setText(tr("In use") if used else tr("Use"))


class OfferCard(QFrame):
    """A model that a hub has and this computer has not."""

    def __init__(self, app: App, ref: ModelRef, size: int) -> None:
        super().__init__()
        self.setProperty("card", True)
        self.facts = ElidedLabel("≈ " + _facts(ref, size), "small")
        self.get = QPushButton(tr("Get…"))
        self.get.setToolTip(tr("Show its license, then download it"))
        self.get.clicked.connect(lambda: downloads.begin(app, ref.id))
        line = row(column(ElidedLabel(_name(ref)), self.facts, gap=0), self.get)
        line.setStretch(0, 1)
        self.setLayout(line)
        self.setToolTip(ref.id)
        self.setContentsMargins(8, 5, 6, 5)


class PackCard(QFrame):
    """A pack and how many adapters it has."""

    def __init__(self, app: App, pack: Pack) -> None:
        super().__init__()
        self.setProperty("card", True)
        manifest = pack.manifest
        facts = tr("{} adapters for {}").format(len(pack.adapters), Path(manifest.base_model).name)
        texts = column(ElidedLabel(f"{manifest.name} {manifest.version}"), ElidedLabel(facts, "small"), gap=0)
        line = row(texts)
        self.setLayout(line)
        if models.own(pack):
            line.addWidget(
                IconButton("trash", tr("Remove the pack"), lambda: models.remove_pack(app, pack.folder.name))
            )
        self.setContentsMargins(8, 5, 6, 5)


class DownloadRow(QFrame):
    """Size and license before a download, then its progress with a way to stop."""

    def __init__(self, app: App) -> None:
        super().__init__()
        self.setProperty("card", True)
        self.told = label("", "small")
        self.told.setWordWrap(True)
        self.bar = QProgressBar()
        self.bar.setTextVisible(False)
        self.accept = QPushButton(tr("Accept and download"))
        self.accept.clicked.connect(lambda: downloads.accept(app))
        self.stop = QPushButton()
        self.stop.clicked.connect(lambda: downloads.stop(app))
        self.setLayout(column(self.told, self.bar, self.accept, self.stop, gap=6, margins=8))
        app.state.download.watch(self._show)

    def _show(self, download: Download | None) -> None:
        self.setVisible(download is not None)
        if download is None:
            return
        self.accept.setVisible(not download.accepted)
        self.accept.setEnabled(bool(download.facts))
        self.stop.setText(tr("Stop") if download.accepted else tr("Cancel"))
        self.bar.setVisible(download.accepted)
        self.bar.setRange(0, download.total)
        self.bar.setValue(min(download.done, download.total))
        self.told.setText(_progress(download) if download.accepted else _offer(download))
        restyle(self.told)


def _name(ref: ModelRef) -> str:
    return Path(ref.id).name


def _facts(ref: ModelRef, size: int) -> str:
    told = f"{size / 1e9:.1f} GB" if size >= 1e9 else f"{size / 1e6:.0f} MB"
    return f"{told} · {ref.license or tr('license unknown')}"


def _offer(download: Download) -> str:
    facts = download.facts or tr("Asking the hub how large it is …")
    return f"{download.model}\n{facts}\n\n{download.notice}"


def _progress(download: Download) -> str:
    if not download.total:
        return tr("Downloading {} …").format(download.model)
    return tr("Downloading {}: {} of {} MB").format(download.model, download.done, download.total)


def _clear(layout: Any) -> None:
    while (item := layout.takeAt(0)) is not None:
        if widget := item.widget():
            widget.deleteLater()
