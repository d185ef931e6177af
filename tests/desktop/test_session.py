"""The session: what comes back in the next run, and when it is written."""

import json
from pathlib import Path

import pytest

from desktop import keeping, session, theme
from desktop.actions import generating, listening, mixing, presets, prompting
from engine.mix import Mix
from engine.paths import home, takes_dir
from engine.preset import Preset, list_presets, save_preset
from tests.desktop.conftest import ended
from tests.engine.fake import FakeBackend


@pytest.fixture
def next_run(running, make_app):
    """Ends the run and begins another one."""

    def ran():
        running.window.close()
        running.bridge.close()
        return make_app(FakeBackend())

    return ran


def written() -> dict:
    """What stands in the file; nothing if there is none."""
    file = home() / session.FILE
    return json.loads(file.read_text()) if file.exists() else {}


def test_the_session_comes_back(next_run, adapters, app, window):
    mixing.set_knob(app, "energy", 2)
    mixing.pick_slot(app, "B")
    mixing.set_knob(app, "valence", -3)
    prompting.set_prompt(app, "polka, accordion")
    prompting.set_seed(app, 5)
    prompting.set_bars(app, 4, 100)
    window.open_tab("queue")
    window.toggle_theme()
    left = app.state.draft.value
    again = next_run()
    assert again.app.state.draft.value == left
    assert session.current.tab == "queue" and session.current.theme == "light"
    assert theme.current() is theme.LIGHT
    assert again.app.history.undo_label is None


def test_a_damaged_session_is_a_first_start(make_app, tmp_path):
    file = Path(tmp_path / "home" / session.FILE)
    file.parent.mkdir(parents=True)
    file.write_text('{"morph": "x"')
    running = make_app(FakeBackend())
    assert running.app.state.draft.value.prompt == "jazz, piano, double bass, drums"


def test_the_fold_of_more_comes_back(next_run, window):
    window.panels["prompt"].more.click()
    prompt = next_run().window.panels["prompt"]
    assert prompt.more.isChecked() and prompt.sampling["guidance"].isVisible()


def test_loop_and_level_matching_come_back(next_run, app):
    listening.toggle_loop(app)
    app.state.level_matched.value = False
    state = next_run().app.state
    assert state.loop.value and not state.level_matched.value


def test_snap_comes_back(next_run, window):
    window.panels["pair"].snap.click()
    pair = next_run().window.panels["pair"]
    assert not pair.snap.isChecked() and not pair.timeline.snap


def test_the_take_in_the_view_comes_back(next_run, app, qtbot):
    generating.generate(app)
    qtbot.waitUntil(lambda: ended(app))
    folder = app.state.pair.value.folder
    state = next_run().app.state
    qtbot.waitUntil(lambda: state.pair.value is not None)
    assert state.pair.value.folder == folder == takes_dir() / session.current.take


def test_a_take_that_is_gone_is_not_missed(next_run, settled_again):
    session.current.take = "gone"
    state = settled_again(next_run()).app.state
    assert state.pair.value is None and state.notice.value is None


def test_the_loaded_preset_comes_back_with_its_dirty_mark(next_run, app, settled, settled_again):
    save_preset(Preset(name="Mine", mix=Mix(knobs={"energy": 2})))
    presets.load(app, next(file for file in list_presets() if file.path.stem == "Mine"))
    assert not presets.dirty(app)
    mixing.set_knob(app, "energy", 3)
    again = settled_again(next_run()).app
    assert again.state.preset.value.preset.name == "Mine"
    assert presets.dirty(again) and again.state.draft.value.mix.knobs == {"energy": 3}


def test_a_preset_that_is_gone_is_not_missed(next_run, app, settled, settled_again):
    save_preset(Preset(name="Mine", mix=Mix(knobs={"energy": 2})))
    (file,) = (file for file in list_presets() if file.path.stem == "Mine")
    presets.load(app, file)
    file.path.unlink()
    assert settled_again(next_run()).app.state.preset.value is None


@pytest.fixture
def settled_again(qtbot):
    """Waits until what an app asked the disk for when it started has come back."""

    def settle(running):
        came = []
        running.bridge.call(lambda: None, came.append)
        qtbot.waitUntil(lambda: bool(came))
        return running

    return settle


def test_it_is_written_a_moment_after_a_change(monkeypatch, make_app, qtbot):
    monkeypatch.setattr(keeping, "DELAY_MS", 20)
    running = make_app(FakeBackend())
    prompting.set_prompt(running.app, "polka")
    qtbot.waitUntil(lambda: written().get("prompt") == "polka")
    session.current.stars = ["Mine"]
    qtbot.waitUntil(lambda: written()["stars"] == ["Mine"])
    running.window.resize(1200, 750)
    geometry = written()["geometry"]
    qtbot.waitUntil(lambda: written()["geometry"] != geometry)


def test_many_changes_are_written_once(monkeypatch, make_app, qtbot):
    monkeypatch.setattr(keeping, "DELAY_MS", 50)
    running = make_app(FakeBackend())
    qtbot.waitUntil(lambda: bool(written()))
    texts = []
    monkeypatch.setattr(session, "save", texts.append)
    for seed in range(20):
        prompting.set_seed(running.app, seed)
    qtbot.waitUntil(lambda: bool(texts))
    qtbot.wait(200)
    assert [json.loads(text)["seed"] for text in texts] == [19]
