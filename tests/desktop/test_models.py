"""Models: the list, folders, and what is told before a download and during it."""

import json
import shutil
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QLabel, QScrollArea

from desktop import session
from desktop.actions import downloads, models, prompting
from desktop.worker.download import ask_hub
from engine.cancel import CancelToken
from engine.catalog import find_model
from engine.errors import Problem
from engine.packs import list_packs
from engine.paths import models_dir
from tests.engine.random_pack import decoder_weights, tiny_config, write_pack

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def panel(window, settled, qtbot):
    window.open_tab("models")
    made = window.panels["models"]
    qtbot.waitUntil(lambda: "starter" in made._cards)
    return made


@pytest.fixture
def folder(tmp_path):
    """What looks like a model, to a look that loads nothing."""
    made = tmp_path / "mine"
    made.mkdir()
    (made / "config.json").write_text("{}")
    (made / "model.safetensors").write_bytes(b"weights")
    return made


def test_the_panel_names_the_starter_and_its_license(panel):
    assert panel._cards["starter"].pick.isChecked()
    assert panel._cards["starter"].facts.text().endswith("MB · GPL-3.0-or-later")


def test_a_chosen_folder_stays_in_the_list_when_another_model_is_used(app, panel, folder, qtbot):
    models.drop(app, folder)
    qtbot.waitUntil(lambda: str(folder) in panel._cards)
    assert panel._cards[str(folder)].pick.isChecked()
    models.pick(app, "starter")
    qtbot.waitUntil(lambda: panel._cards["starter"].pick.isChecked())
    assert panel._cards[str(folder)].pick.text() == "Use"
    assert session.current.folders == [str(folder)]


def test_the_folder_of_a_take_comes_into_the_list_with_its_settings(app, panel, folder, qtbot):
    prompting.set_model(app, str(folder))
    qtbot.waitUntil(lambda: str(folder) in panel._cards)


def test_a_folder_that_is_gone_is_shown_as_such(app, panel, folder, qtbot):
    session.current.folders = [str(folder)]
    (folder / "model.safetensors").unlink()
    panel.reload()
    qtbot.waitUntil(lambda: str(folder) in panel._cards)
    card = panel._cards[str(folder)]
    assert card.facts.text() == "not there any more" and not card.pick.isEnabled()


def test_a_folder_is_taken_off_the_list_and_left_alone(app, panel, folder, qtbot):
    models.drop(app, folder)
    qtbot.waitUntil(lambda: str(folder) in panel._cards)
    models.remove_model(app, find_model(str(folder)))
    qtbot.waitUntil(lambda: str(folder) not in panel._cards)
    assert app.state.draft.value.model == "starter"
    assert session.current.folders == [] and (folder / "model.safetensors").exists()


@pytest.fixture
def pack(tmp_path, monkeypatch):
    """A zip with a pack for the starter, on a computer without any."""
    monkeypatch.setattr("engine.packs.resources", lambda: tmp_path)
    made = write_pack(tmp_path / "pack", decoder_weights(tiny_config()))
    return Path(shutil.make_archive(str(tmp_path / "dropped"), "zip", made))


def drop_on(window, *files):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(file)) for file in files])
    copy, keys = Qt.DropAction.CopyAction, Qt.KeyboardModifier.NoModifier
    window.dropEvent(QDropEvent(QPointF(9, 9), copy, mime, LEFT, keys))


def test_a_pack_that_is_dropped_is_installed_and_its_knobs_turn(pack, window, panel, qtbot):
    knobs = window.panels["knobs"].knobs
    assert not knobs["energy"].isEnabled()
    drop_on(window, pack)
    qtbot.waitUntil(knobs["energy"].isEnabled)
    assert not knobs["valence"].isEnabled()
    assert [each.manifest.name for each in list_packs("starter")] == ["random"]
    shown = [panel._packs.itemAt(i).widget() for i in range(panel._packs.count())]
    assert "random 1.0" in [text.text() for card in shown for text in card.findChildren(QLabel)]


def test_a_broken_pack_that_is_dropped_is_one_line_and_no_pack(pack, app, window, panel, qtbot):
    pack.write_bytes(pack.read_bytes()[:-200])
    drop_on(window, pack)
    qtbot.waitUntil(lambda: app.state.notice.value is not None)
    assert "dropped.zip" in window.status.text.text()
    assert list_packs("starter") == []


@pytest.fixture
def hub(monkeypatch):
    """What a hub answers, once it is let to, when it is asked for MB and license."""
    made = SimpleNamespace(answer=(2364, "cc-by-nc-4.0"), let=threading.Event())
    made.let.set()
    monkeypatch.setattr("desktop.bridge.ask_hub", lambda model, cancel: made.let.wait(60) and made.answer)
    return made


def begin(app, qtbot, model):
    """Ask for a download, and wait until the hub has answered."""
    downloads.begin(app, model)
    qtbot.waitUntil(lambda: app.state.download.value is not None and app.state.download.value.facts != "")


def test_size_and_license_of_a_hub_model_are_shown_before_anything_is_fetched(
    panel, app, hub, qtbot, monkeypatch
):
    begun = []
    monkeypatch.setattr(app.background, "download", lambda *args: begun.append(args[0]))
    hub.let.clear()
    row = panel.download
    qtbot.mouseClick(panel.offers["facebook/musicgen-small"].get, LEFT)
    qtbot.waitUntil(row.isVisible)
    assert "Asking" in row.told.text() and not row.accept.isEnabled()
    hub.let.set()
    qtbot.waitUntil(row.accept.isEnabled)
    assert "2364 MB to download · CC-BY-NC-4.0" in row.told.text() and not begun
    assert "not for commercial purposes" in row.told.text()
    qtbot.mouseClick(row.accept, LEFT)
    assert begun == ["facebook/musicgen-small"] and row.bar.isVisible()
    assert not panel.offers["facebook/musicgen-small"].isVisible()
    assert panel.offers["facebook/musicgen-large"].isVisible()


def test_models_of_the_hub_are_listed_with_size_and_license_until_they_are_here(panel, qtbot):
    shown = {name: card.facts.text() for name, card in panel.offers.items()}
    assert shown["facebook/musicgen-small"] == "≈ 2.4 GB · CC-BY-NC-4.0"
    assert shown["facebook/musicgen-large"] == "≈ 13.7 GB · CC-BY-NC-4.0"
    folder = models_dir() / "facebook--musicgen-small"
    folder.mkdir(parents=True)
    (folder / "config.json").write_text("{}")
    (folder / "model.safetensors").write_bytes(b"0" * 3_000_000)
    record = {"id": "facebook/musicgen-small", "revision": "0", "license": "CC-BY-NC-4.0"}
    (folder / "hub.json").write_text(json.dumps(record))
    panel.reload()
    qtbot.waitUntil(lambda: "facebook/musicgen-small" in panel._cards)
    assert panel._cards["facebook/musicgen-small"].facts.text() == "3 MB · CC-BY-NC-4.0"
    assert "facebook/musicgen-small" not in panel.offers


def test_a_model_that_is_not_listed_is_typed(panel, app, hub, qtbot):
    panel.hub.setText("owner/other")
    qtbot.keyClick(panel.hub, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: app.state.download.value is not None)
    assert app.state.download.value.model == "owner/other"


def test_the_license_of_an_unknown_model_is_what_the_hub_says(panel, app, hub, qtbot):
    begin(app, qtbot, "owner/other")
    assert panel.download.accept.isEnabled()
    assert "2364 MB to download · cc-by-nc-4.0" in panel.download.told.text()


def test_a_hub_that_does_not_answer_hinders_no_download(panel, app, hub, qtbot):
    hub.answer = (0, "")
    begin(app, qtbot, "owner/other")
    assert panel.download.accept.isEnabled()
    assert "size unknown, the hub does not tell it now · license unknown" in panel.download.told.text()


def test_without_a_network_the_child_knows_nothing_and_says_so():
    assert ask_hub("facebook/musicgen-small", CancelToken()) == (0, "")


def test_all_of_it_fits_into_the_smallest_drawer(panel, app, folder, hub, qtbot):
    models.drop(app, folder)
    qtbot.waitUntil(lambda: str(folder) in panel._cards)
    begin(app, qtbot, "facebook/musicgen-small")
    inner = panel.findChild(QScrollArea).widget()
    assert inner.minimumSizeHint().width() <= 190


def test_an_answer_that_comes_after_stop_shows_nothing(panel, app, hub, qtbot):
    hub.let.clear()
    downloads.begin(app, "owner/other")
    qtbot.waitUntil(panel.download.isVisible)
    downloads.stop(app)
    hub.let.set()
    came = []
    app.background.ask_hub("owner/other", lambda size, license: came.append(size))
    qtbot.waitUntil(lambda: bool(came))
    assert app.state.download.value is None and not panel.download.isVisible()


def test_a_second_download_does_not_take_the_place_of_the_first(panel, app, hub, qtbot, monkeypatch):
    monkeypatch.setattr(app.background, "download", lambda *args: None)
    begin(app, qtbot, "owner/first")
    downloads.accept(app)
    downloads.begin(app, "owner/second")
    qtbot.waitUntil(lambda: app.state.notice.value is not None)
    assert app.state.notice.value.text == "owner/first is being downloaded. Wait for it, or stop it."
    assert app.state.download.value.model == "owner/first"


def test_a_download_that_cannot_reach_the_hub_is_told(window, app, hub, qtbot, monkeypatch):
    def unreachable(model, cancel, progress):
        progress(3, 10)
        raise Problem(f"{model} could not be fetched.", "Check the connection and try again.")

    monkeypatch.setattr("desktop.bridge.download", unreachable)
    begin(app, qtbot, "facebook/musicgen-small")
    downloads.accept(app)
    qtbot.waitUntil(lambda: app.state.download.value is None)
    assert "Check the connection" in window.status.text.text()
