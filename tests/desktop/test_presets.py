"""The preset browser: load, audition, dirty mark, save, rename, duplicate, delete, share."""

from pathlib import Path

import pytest
from PySide6.QtCore import QMimeData, QPoint, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent, QGuiApplication

from desktop.actions import mixing, presets, prompting
from desktop.panels.preset_list import FILE_ROLE, mime_of
from desktop.panels.presets import PresetsPanel
from engine.mix import Mix
from engine.paths import presets_dir
from engine.preset import Preset, load_preset, save_preset

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def panel(window, settled, qtbot) -> PresetsPanel:
    window.open_tab("presets")
    made = window.panels["presets"]
    qtbot.waitUntil(lambda: made.list.count() > 0)
    return made


def names(panel: PresetsPanel) -> list[str]:
    return [panel.list.item(i).text() for i in range(panel.list.count())]


def item_of(panel: PresetsPanel, name: str):
    return next(panel.list.item(i) for i in range(panel.list.count()) if panel.list.item(i).text() == name)


def file_of(panel: PresetsPanel, name: str):
    return item_of(panel, name).data(FILE_ROLE)


def click(qtbot, panel: PresetsPanel, name: str) -> None:
    item = item_of(panel, name)
    panel.list.scrollToItem(item)
    qtbot.mouseClick(panel.list.viewport(), LEFT, pos=panel.list.visualItemRect(item).center())


def drop(widget, mime: QMimeData) -> None:
    widget.dropEvent(
        QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, mime, LEFT, Qt.KeyboardModifier.NoModifier)
    )


def test_there_are_twenty_factory_presets(panel):
    assert panel.list.count() >= 20
    assert names(panel) == sorted(names(panel), key=str.casefold)


def test_a_click_loads_and_is_one_entry_of_the_history(window, app, panel, qtbot):
    before = app.state.draft.value
    click(qtbot, panel, "Campfire")
    preset = file_of(panel, "Campfire").content
    assert app.state.draft.value.mix == preset.mix
    assert app.state.draft.value.prompt == preset.prompt
    assert window.top.preset.name.text() == "Campfire"
    mixing.undo(app)
    assert app.state.draft.value == before


def test_arrow_keys_audition(app, panel, qtbot):
    click(qtbot, panel, names(panel)[0])
    qtbot.keyClick(panel.list, Qt.Key.Key_Down)
    assert app.state.preset.value.preset.name == names(panel)[1]
    qtbot.keyClick(panel.list, Qt.Key.Key_Down)
    assert app.state.preset.value.preset.name == names(panel)[2]


@pytest.fixture
def no_packs(monkeypatch, tmp_path) -> None:
    monkeypatch.setattr("engine.packs.resources", lambda: tmp_path)


def test_what_a_preset_lacks_is_told_before_anything_changes(no_packs, window, app, panel, qtbot):
    before = app.state.draft.value
    click(qtbot, panel, "Campfire")
    assert "No installed adapter" in window.status.text.text()
    assert window.status.unfold.isVisible()
    assert app.state.draft.value == before and app.state.preset.value is None
    qtbot.mouseClick(window.status.act, LEFT)
    assert app.state.draft.value.mix == file_of(panel, "Campfire").content.mix
    assert window.top.preset.name.text() == "Campfire" and app.state.notice.value is None


def test_presets_that_lack_something_are_auditioned_one_after_another(no_packs, window, app, panel, qtbot):
    click(qtbot, panel, names(panel)[0])
    for name in names(panel)[1:3]:
        qtbot.keyClick(panel.list, Qt.Key.Key_Down)
        assert window.status.text.text().startswith(name)
    for name in names(panel)[3:5]:
        presets.step(app, 1)
        qtbot.waitUntil(lambda name=name: window.status.text.text().startswith(name))
    assert app.state.preset.value is None


def test_undo_takes_the_presets_name_back(window, app, panel, qtbot):
    click(qtbot, panel, "Campfire")
    click(qtbot, panel, "Weightless")
    mixing.undo(app)
    assert window.top.preset.name.text() == "Campfire"
    mixing.undo(app)
    assert window.top.preset.name.text() == "No preset"
    mixing.redo(app)
    mixing.redo(app)
    assert window.top.preset.name.text() == "Weightless"


@pytest.fixture
def mine(app, panel, qtbot) -> Path:
    """A loaded preset of the user's own that holds a mix alone."""
    path = save_preset(Preset(name="Mine", mix=Mix(knobs={"energy": 1})))
    panel.reload()
    qtbot.waitUntil(lambda: "Mine" in names(panel))
    presets.load(app, file_of(panel, "Mine"))
    return path


def saved(window, app, qtbot) -> None:
    """Ctrl+S, and what comes of it."""
    window.actions_by_name["save"].trigger()
    qtbot.waitUntil(lambda: app.state.notice.value is not None)
    assert app.state.notice.value.text.startswith("Saved")


def test_saving_keeps_what_the_preset_held(window, app, panel, mine, qtbot):
    mixing.set_knob(app, "energy", 2)
    saved(window, app, qtbot)
    kept = load_preset(mine)
    assert (kept.mix.knobs, kept.prompt, kept.settings) == ({"energy": 2}, None, None)
    window.actions_by_name["save_as"].trigger()
    assert not panel.form.with_prompt.isChecked()


def test_what_was_saved_is_compared_with_however_far_one_undoes(window, app, panel, mine, qtbot):
    mixing.set_knob(app, "energy", 2)
    saved(window, app, qtbot)
    assert window.top.preset.name.text() == "Mine"
    mixing.undo(app)
    assert window.top.preset.name.text() == "Mine *"
    mixing.redo(app)
    assert window.top.preset.name.text() == "Mine"


def test_a_mix_saved_under_a_name_has_it_after_undo_and_redo(window, app, panel, mine, qtbot):
    mixing.set_knob(app, "energy", 2)
    presets.save_as(app, "Louder")
    qtbot.waitUntil(lambda: window.top.preset.name.text() == "Louder")
    mixing.undo(app)
    assert window.top.preset.name.text() == "Mine"
    mixing.redo(app)
    assert window.top.preset.name.text() == "Louder"


def test_the_mark_heeds_prompt_and_settings_if_the_preset_holds_them(window, app, panel, mine, qtbot):
    prompting.set_prompt(app, "polka")
    assert not presets.dirty(app)
    click(qtbot, panel, "Campfire")
    assert not presets.dirty(app)
    prompting.set_prompt(app, "polka")
    assert window.top.preset.name.text() == "Campfire *"
    presets.save_as(app, "Polka")
    qtbot.waitUntil(lambda: window.top.preset.name.text() == "Polka")
    prompting.set_seconds(app, 3)
    assert window.top.preset.name.text() == "Polka *"


def test_a_renamed_preset_that_is_loaded_is_saved_under_its_new_name(window, app, panel, mine, qtbot):
    mixing.set_knob(app, "energy", 2)
    presets.rename(app, file_of(panel, "Mine"), "Yours")
    qtbot.waitUntil(lambda: window.top.preset.name.text() == "Yours *")
    saved(window, app, qtbot)
    assert not mine.exists()
    assert load_preset(presets_dir() / "Yours.tunedial").mix.knobs == {"energy": 2}
    mixing.undo(app)
    assert window.top.preset.name.text() == "Yours *"


def test_saving_keeps_the_lines_of_the_notes_and_there_is_one_button_for_it(window, app, panel, qtbot):
    path = save_preset(Preset(name="Mine", notes="slow\nand dark", mix=Mix(knobs={"energy": -2})))
    app.state.presets_changed.emit()
    qtbot.waitUntil(lambda: "Mine" in names(panel))
    click(qtbot, panel, "Mine")
    qtbot.mouseClick(panel.save, LEFT)
    assert panel.form.isVisible() and not panel.save.isVisible()
    panel.form.tags.setText("night")
    qtbot.mouseClick(panel.form.keep, LEFT)
    qtbot.waitUntil(lambda: load_preset(path).tags == ("night",))
    assert load_preset(path).notes == "slow\nand dark"
    assert panel.save.isVisible()


def test_a_renamed_preset_keeps_its_star(app, panel, mine, qtbot):
    panel.toggle_star(file_of(panel, "Mine"))
    presets.rename(app, file_of(panel, "Mine"), "Yours")
    qtbot.waitUntil(lambda: "Yours" in names(panel))
    assert [name for name in names(panel) if presets.starred(file_of(panel, name))] == ["Yours"]


def test_copies_of_a_starred_preset_have_no_star(app, panel, mine, qtbot):
    panel.toggle_star(file_of(panel, "Mine"))
    presets.duplicate(app, file_of(panel, "Mine"))
    presets.save_as(app, "Other")
    qtbot.waitUntil(lambda: {"Mine 2", "Other"} <= set(names(panel)))
    assert [name for name in names(panel) if presets.starred(file_of(panel, name))] == ["Mine"]


def test_the_star_of_a_factory_preset_is_not_that_of_the_users_of_its_name(app, panel, qtbot):
    panel.toggle_star(file_of(panel, "Campfire"))
    presets.save_as(app, "Campfire")
    qtbot.waitUntil(lambda: names(panel).count("Campfire") == 2)
    own = next(file for file in panel._files if file.path.stem == "Campfire" and not file.factory)
    assert not presets.starred(own)
    panel.toggle_star(own)
    presets.rename(app, own, "Bonfire")
    qtbot.waitUntil(lambda: "Bonfire" in names(panel))
    assert presets.starred(file_of(panel, "Campfire")) and presets.starred(file_of(panel, "Bonfire"))


def test_a_changed_mix_is_marked(window, app, panel, qtbot):
    click(qtbot, panel, "Campfire")
    mixing.set_knob(app, "energy", 4)
    assert window.top.preset.name.text() == "Campfire *"
    mixing.undo(app)
    assert window.top.preset.name.text() == "Campfire"


def test_search_tags_source_and_stars_narrow_the_list(panel, qtbot):
    panel.search.setText("jazz calm")
    assert names(panel) == ["Late Night Trio"]
    panel.search.clear()
    panel.tag.setCurrentText("folk")
    assert "Campfire" in names(panel) and "Late Night Trio" not in names(panel)
    panel.tag.setCurrentIndex(0)
    panel.source.setCurrentIndex(2)
    assert names(panel) == []
    panel.source.setCurrentIndex(0)
    item = item_of(panel, "Campfire")
    rect = panel.list.visualItemRect(item)
    qtbot.mouseClick(panel.list.viewport(), LEFT, pos=QPoint(rect.right() - 10, rect.center().y()))
    assert presets.starred(file_of(panel, "Campfire"))
    panel.source.setCurrentIndex(3)
    assert names(panel) == ["Campfire"]


def test_a_preset_is_saved_under_its_name_and_comes_back_the_same(window, app, panel, qtbot):
    mixing.set_knob(app, "energy", 2.5)
    mixing.set_amount(app, 1.5)
    window.actions_by_name["save"].trigger()
    form = panel.form
    assert form.isVisible()
    form.name.setText("Friday Night")
    form.author.setText("Ada")
    form.tags.setText("loud, mine ,")
    qtbot.mouseClick(form.keep, LEFT)
    qtbot.waitUntil(lambda: "Friday Night" in names(panel))
    kept = load_preset(presets_dir() / "Friday Night.tunedial")
    assert kept.mix == app.state.draft.value.mix
    assert (kept.author, kept.tags, kept.prompt) == ("Ada", ("loud", "mine"), app.state.draft.value.prompt)
    mixing.reset(app)
    presets.load(app, file_of(panel, "Friday Night"))
    assert app.state.draft.value.mix == kept.mix
    mixing.set_knob(app, "energy", -1)
    window.actions_by_name["save"].trigger()
    qtbot.waitUntil(lambda: not presets.dirty(app))
    assert load_preset(presets_dir() / "Friday Night.tunedial").mix.knobs["energy"] == -1


def test_a_name_that_is_taken_is_not_replaced_silently(window, app, panel, qtbot):
    save_preset(Preset(name="Mine", mix=Mix(knobs={"energy": 1})))
    presets.save_as(app, "Mine")
    qtbot.waitUntil(lambda: app.state.notice.value is not None)
    assert "already there" in window.status.text.text()
    assert load_preset(presets_dir() / "Mine.tunedial").mix.knobs["energy"] == 1


def test_a_name_that_cannot_be_a_file_is_refused_in_one_line(window, app, panel, qtbot):
    presets.save_as(app, "a/b")
    qtbot.waitUntil(lambda: app.state.notice.value is not None)
    assert app.state.notice.value.problem and "name" in window.status.text.text()


def test_rename_duplicate_and_delete(window, app, panel, qtbot):
    save_preset(Preset(name="Mine", mix=Mix(knobs={"energy": 1})))
    panel.reload()
    qtbot.waitUntil(lambda: "Mine" in names(panel))
    panel.form.begin_rename(file_of(panel, "Mine"))
    panel.form.name.setText("Yours")
    qtbot.keyClick(panel.form.name, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: "Yours" in names(panel) and "Mine" not in names(panel))
    presets.duplicate(app, file_of(panel, "Campfire"))
    presets.duplicate(app, file_of(panel, "Yours"))
    qtbot.waitUntil(lambda: {"Campfire 2", "Yours 2"} <= set(names(panel)))
    trashed: list[Path] = []

    def to_trash(path: Path) -> bool:
        trashed.append(path)
        path.unlink()
        return True

    presets.delete(app, file_of(panel, "Yours"), to_trash)
    qtbot.waitUntil(lambda: "Yours" not in names(panel))
    assert [path.name for path in trashed] == ["Yours.tunedial"]


def test_the_menu_of_a_factory_preset_cannot_rename_or_delete(panel):
    menu = panel.menu_for(file_of(panel, "Campfire"))
    enabled = {action.text(): action.isEnabled() for action in menu.actions()}
    assert not enabled["Rename…"] and not enabled["Move to trash"] and enabled["Duplicate"]
    menu.deleteLater()


def test_text_to_paste_round_trips(window, app, panel, qtbot):
    save_preset(Preset(name="Mine", tags=("x",), mix=Mix(knobs={"energy": 1.25}, amount=0.5)))
    panel.reload()
    qtbot.waitUntil(lambda: "Mine" in names(panel))
    panel._copy_text(file_of(panel, "Mine"))
    text = QGuiApplication.clipboard().text()
    original = (presets_dir() / "Mine.tunedial").read_bytes()
    (presets_dir() / "Mine.tunedial").unlink()
    QGuiApplication.clipboard().setText(f"  {text[:40]}\n{text[40:]} ")
    panel.paste()
    qtbot.waitUntil(lambda: (presets_dir() / "Mine.tunedial").exists())
    assert (presets_dir() / "Mine.tunedial").read_bytes() == original


def test_a_preset_dragged_out_is_a_file_that_can_be_dropped_again(window, app, panel, tmp_path, qtbot):
    mime = mime_of(file_of(panel, "Campfire"))
    (url,) = mime.urls()
    path = Path(url.toLocalFile())
    assert load_preset(path).name == "Campfire"
    changed = tmp_path / "Other.tunedial"
    changed.write_bytes(path.read_bytes().replace(b'"Campfire"', b'"Other"'))
    dropped = QMimeData()
    dropped.setUrls([QUrl.fromLocalFile(str(changed))])
    drop(panel, dropped)
    qtbot.waitUntil(lambda: "Other" in names(panel))


def test_importing_a_name_that_is_taken_offers_to_replace_it(window, app, panel, tmp_path, qtbot):
    save_preset(Preset(name="Mine", mix=Mix(knobs={"energy": 1})))
    other = tmp_path / "x.tunedial"
    other.write_text(Preset(name="Mine", mix=Mix(knobs={"energy": 5})).model_dump_json(exclude_none=True))
    presets.import_from(app, str(other))
    qtbot.waitUntil(lambda: window.status.act.isVisible())
    assert load_preset(presets_dir() / "Mine.tunedial").mix.knobs["energy"] == 1
    qtbot.mouseClick(window.status.act, LEFT)
    qtbot.waitUntil(lambda: load_preset(presets_dir() / "Mine.tunedial").mix.knobs["energy"] == 5)


def test_a_damaged_preset_is_listed_and_told(window, app, panel, qtbot):
    presets_dir().mkdir(parents=True, exist_ok=True)
    (presets_dir() / "Broken.tunedial").write_text("{")
    panel.reload()
    qtbot.waitUntil(lambda: "Broken" in names(panel))
    before = app.state.draft.value
    click(qtbot, panel, "Broken")
    assert "not a preset" in window.status.text.text()
    assert app.state.draft.value == before


def test_the_arrows_of_the_top_bar_step_through(app, panel, qtbot):
    presets.step(app, 1)
    qtbot.waitUntil(lambda: app.state.preset.value is not None)
    first = app.state.preset.value
    presets.step(app, 1)
    qtbot.waitUntil(lambda: app.state.preset.value is not first)
    presets.step(app, -1)
    qtbot.waitUntil(lambda: app.state.preset.value.path == first.path)
