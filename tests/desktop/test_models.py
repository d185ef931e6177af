"""Models: the list, folders, and what is told before a download and during it."""

import pytest
from PySide6.QtCore import Qt

from desktop import session
from desktop.actions import downloads, models, prompting
from engine.catalog import find_model
from engine.errors import Problem

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


def test_the_license_of_a_hub_model_is_shown_before_anything_is_fetched(window, app, qtbot, monkeypatch):
    begun = []
    monkeypatch.setattr(app.background, "download", lambda *args: begun.append(args[0]))
    window.open_tab("models")
    row = window.panels["models"].download
    downloads.begin(app, "facebook/musicgen-small")
    qtbot.waitUntil(row.isVisible)
    assert "CC-BY-NC-4.0" in row.told.text() and not begun
    qtbot.mouseClick(row.accept, LEFT)
    assert begun == ["facebook/musicgen-small"] and row.bar.isVisible()


def test_a_download_that_cannot_reach_the_hub_is_told(window, app, qtbot, monkeypatch):
    def unreachable(model, cancel, progress):
        progress(3, 10)
        raise Problem(f"{model} could not be fetched.", "Check the connection and try again.")

    monkeypatch.setattr("desktop.bridge.download", unreachable)
    downloads.begin(app, "facebook/musicgen-small")
    qtbot.waitUntil(lambda: app.state.download.value is not None)
    downloads.accept(app)
    qtbot.waitUntil(lambda: app.state.download.value is None)
    assert "Check the connection" in window.status.text.text()
