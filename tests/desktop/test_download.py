"""Downloads: the real ones, in their process, from a hub on loopback."""

import hashlib

import pytest
import torch
from PySide6.QtCore import Qt
from safetensors.torch import save_file

from desktop.worker.download import MB, ask_hub, download
from engine import catalog
from engine.cancel import CancelToken
from engine.errors import Problem
from tests.engine.fake_hub import serve

NAME = "someone/tiny-musicgen"
LEFT = Qt.MouseButton.LeftButton


@pytest.fixture(scope="module")
def model(tmp_path_factory):
    """Weights of 25 MB, since huggingface_hub writes 10 at a time, and a file that no model needs."""
    folder = tmp_path_factory.mktemp("hub")
    (folder / "config.json").write_text("{}")
    save_file({"weight": torch.randn(6_300_000)}, folder / "model.safetensors")
    (folder / "training.bin").write_bytes(b"0" * 1000)
    return folder


@pytest.fixture
def hub(model, monkeypatch):
    with serve(NAME, model) as made:
        monkeypatch.setenv("HF_ENDPOINT", made.url)
        monkeypatch.setenv("HF_HUB_OFFLINE", "0")
        yield made


def test_a_hub_says_how_much_there_is_to_fetch_and_under_which_license(hub, model):
    assert (model / "model.safetensors").stat().st_size // MB == 25
    assert ask_hub(NAME, CancelToken()) == (25, "mit")


def test_a_download_that_is_stopped_goes_on_where_it_was(hub, model):
    weights = model / "model.safetensors"
    hub.seconds_per_chunk = 0.15
    token, told = CancelToken(), []

    def progress(done, total):
        told.append((done, total))
        if done >= 10:
            token.cancel()

    assert not download(NAME, token, progress)
    assert catalog.find_model(NAME).folder is None  # half of a model is none
    hub.seconds_per_chunk = 0.0
    assert download(NAME, CancelToken(), lambda done, total: told.append((done, total)))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert {total for _, total in told if total} == {25}
    again = [start for name, start in hub.starts if name == weights.name]
    assert again[0] == 0 and again[-1] >= 10 * 1024**2
    folder = catalog.find_model(NAME).folder
    assert folder is not None
    fetched = (folder / weights.name).read_bytes()
    assert hashlib.sha256(fetched).digest() == hashlib.sha256(weights.read_bytes()).digest()
    assert not (folder / "training.bin").exists()


def test_a_model_that_the_hub_does_not_have_is_told_in_one_line(hub):
    with pytest.raises(Problem, match="The hub has no model called 'someone/other'"):
        download("someone/other", CancelToken(), lambda done, total: None)


def test_in_the_window_a_download_shows_how_far_it_is_and_goes_on_after_stop(
    hub, window, app, settled, qtbot
):
    window.open_tab("models")
    panel, hub.seconds_per_chunk = window.panels["models"], 0.15
    row = panel.download

    def accept():
        panel.hub.setText(NAME)
        qtbot.keyClick(panel.hub, Qt.Key.Key_Return)
        qtbot.waitUntil(lambda: row.isVisible() and row.accept.isEnabled())
        assert "25 MB to download · mit" in row.told.text()
        qtbot.mouseClick(row.accept, LEFT)

    accept()
    qtbot.waitUntil(lambda: row.bar.value() >= 10)
    assert row.bar.maximum() == 25 and f"Downloading {NAME}: " in row.told.text()
    qtbot.mouseClick(row.stop, LEFT)
    qtbot.waitUntil(lambda: not row.isVisible())
    assert "the next one goes on from there" in window.status.text.text()
    assert NAME not in panel._cards
    accept()
    qtbot.waitUntil(lambda: NAME in panel._cards)
    assert panel._cards[NAME].facts.text() == "25 MB · mit"
    again = [start for name, start in hub.starts if name == "model.safetensors"]
    assert len(again) == 2 and again[1] >= 10_000_000
