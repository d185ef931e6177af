import base64
import errno
import json
import os
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine import paths, preset_migrations
from engine.errors import CallProblem, Problem
from engine.job import GenerationSettings
from engine.metrics import METRIC_IDS
from engine.mix import Mix
from engine.preset import (
    MAX_BYTES,
    AdapterNeed,
    Preset,
    Requires,
    export_preset,
    find_preset,
    from_text,
    import_preset,
    list_presets,
    load_preset,
    missing,
    parse_preset,
    preset_json,
    save_preset,
    to_text,
)

LOUD = Preset(
    name="Loud & Proud",
    author="me",
    tags=("rock",),
    notes="ü",
    mix=Mix(knobs={"energy": 5, "valence": -2.5}, amount=1.5),
    prompt="rock, guitar",
    settings=GenerationSettings(seconds=20),
    requires=Requires(
        base_model="starter",
        pack="knobs",
        pack_version="1.2",
        adapters=(
            AdapterNeed(metric="energy", direction="positive", sha256="aa" * 32),
            AdapterNeed(metric="valence", direction="negative", sha256="bb" * 32),
        ),
    ),
)

presets = st.builds(
    Preset,
    name=st.from_regex(r"[a-zA-Z0-9 é]{1,80}", fullmatch=True).filter(str.strip),
    notes=st.text(st.characters(codec="utf-8"), max_size=50),
    tags=st.lists(st.from_regex(r"[a-z]{1,40}", fullmatch=True), max_size=3),
    mix=st.builds(
        Mix,
        knobs=st.dictionaries(st.sampled_from(METRIC_IDS), st.floats(-5, 5)),
        base_weight=st.floats(0.1, 100),
        amount=st.floats(0, 4),
    ),
    settings=st.none() | st.builds(GenerationSettings, seconds=st.floats(1, 600)),
)


def as_json(**changes) -> bytes:
    return json.dumps(json.loads(preset_json(LOUD)) | changes).encode()


@given(presets)
def test_a_preset_survives_its_file_and_its_text(preset):
    assert parse_preset(preset_json(preset).encode(), "x") == preset
    assert from_text(to_text(preset)) == preset


def test_the_file_is_plain_json():
    assert json.loads(preset_json(Preset(name="A", mix=Mix(knobs={"energy": 1})))) == {
        "schema": 2,
        "name": "A",
        "author": "",
        "tags": [],
        "notes": "",
        "mix": {"knobs": {"energy": 1.0}, "base_weight": 5.0, "amount": 1.0},
    }


def test_a_preset_is_saved_under_its_name_and_found_by_it():
    path = save_preset(LOUD)
    assert path == paths.presets_dir() / "Loud & Proud.tunedial"
    assert load_preset(path) == find_preset("loud & proud") == find_preset(str(path)) == LOUD


def test_a_preset_is_replaced_only_when_asked():
    save_preset(LOUD)
    with pytest.raises(CallProblem, match="already there"):
        save_preset(LOUD)
    quiet = LOUD.model_copy(update={"mix": Mix(knobs={"energy": -5})})
    assert load_preset(save_preset(quiet, replace=True)) == quiet


def test_a_full_disk_leaves_the_older_preset(monkeypatch):
    path = save_preset(LOUD)

    def fsync(_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("os.fsync", fsync)
    with pytest.raises(Problem, match="disk is full"):
        save_preset(LOUD.model_copy(update={"notes": "new"}), replace=True)
    assert load_preset(path) == LOUD
    assert list(path.parent.iterdir()) == [path]


def test_a_preset_is_exported_to_a_file_or_into_a_folder(tmp_path):
    assert export_preset(LOUD, tmp_path) == tmp_path / "Loud & Proud.tunedial"
    assert load_preset(export_preset(LOUD, tmp_path / "deep" / "x.tunedial")) == LOUD


@pytest.mark.parametrize("as_text", [False, True])
def test_a_preset_is_imported_from_a_file_or_a_text(tmp_path, as_text):
    source = to_text(LOUD) if as_text else str(export_preset(LOUD, tmp_path / "sent.tunedial"))
    assert import_preset(source) == paths.presets_dir() / "Loud & Proud.tunedial"
    assert find_preset("Loud & Proud") == LOUD


def test_a_preset_that_is_not_valid_is_not_imported(tmp_path):
    (tmp_path / "bad.tunedial").write_bytes(as_json(mix={"knobs": {"energy": 9}}))
    with pytest.raises(Problem):
        import_preset(str(tmp_path / "bad.tunedial"))
    assert not paths.presets_dir().exists()


def test_the_list_shows_the_user_s_then_the_factory_s_and_what_is_damaged():
    save_preset(LOUD)
    (paths.presets_dir() / "Zzz.tunedial").write_text("{")
    (paths.presets_dir() / "notes.txt").write_text("not a preset")
    files = list_presets()
    assert files[0].content == LOUD
    assert isinstance(files[1].content, Problem)
    assert [file.factory for file in files] == [False, False] + [True] * (len(files) - 2)
    assert len(files) > 10


def test_the_user_s_preset_comes_before_the_factory_s_of_the_same_name():
    mine = Preset(name="Campfire", mix=Mix(knobs={"energy": 1}))
    save_preset(mine)
    assert find_preset("Campfire") == mine


def test_an_unknown_preset_is_answered_with_the_closest_name():
    with pytest.raises(CallProblem, match="Did you mean 'Campfire'"):
        find_preset("Camp Fire")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"name": "../../etc/passwd"}, "name"),
        ({"name": "a/b"}, "name"),
        ({"name": "a\\b"}, "name"),
        ({"name": "a\nb"}, "name"),
        ({"name": ".hidden"}, "name"),
        ({"name": "  "}, "name"),
        ({"name": "x" * 81}, "name"),
        ({"name": 5}, "name"),
        ({"tags": "rock"}, "tags"),
        ({"tags": ["x"] * 21}, "tags"),
        ({"notes": "x" * 4001}, "notes"),
        ({"prompt": " "}, "prompt"),
        ({"prompt": "x" * 2001}, "prompt"),
        ({"path": "/etc/passwd"}, "path"),
        ({"mix": None}, "mix"),
        ({"mix": {"knobs": {"energy": "5"}}}, r"mix\.knobs\.energy"),
        ({"mix": {"knobs": {"energy": 5.5}}}, "The knob 'energy' cannot be set to 5.5"),
        ({"mix": {"knobs": {"energie": 5}}}, "no metric called 'energie'"),
        ({"mix": {"knobs": {}, "base_weight": 0}}, r"mix\.base_weight"),
        ({"settings": {"seconds": True}}, r"settings\.seconds"),
        ({"settings": {"audio_prompt": "/etc/passwd"}}, r"settings\.audio_prompt"),
        ({"requires": {"base_model": "starter"}}, r"requires\.pack"),
        ({"schema": 0}, "no schema number"),
        ({"schema": "2"}, "no schema number"),
        ({"schema": True}, "no schema number"),
        ({"schema": None}, "no schema number"),
    ],
)
def test_what_is_not_valid_is_refused_by_file_and_field(changes, message):
    with pytest.raises(Problem, match=rf"^shared\.tunedial is not a .*{message}"):
        parse_preset(as_json(**changes), "shared.tunedial")


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"[]", b"null", b'"x"', b"\xff\xfe", b'{"schema": 2, "name": NaN}', b"[" * 100_000],
)
def test_what_is_no_json_object_is_refused(data):
    with pytest.raises(Problem, match="is not a preset"):
        parse_preset(data, "x")


def test_a_file_that_is_too_large_is_refused(tmp_path):
    (tmp_path / "a.tunedial").write_bytes(b" " * (MAX_BYTES + 1))
    with pytest.raises(Problem, match="larger than 1 MB"):
        load_preset(tmp_path / "a.tunedial")


@pytest.mark.parametrize("name", ["nowhere.tunedial", "."])
def test_a_file_that_is_not_there_is_told(tmp_path, name):
    with pytest.raises(CallProblem, match="is not there"):
        load_preset(tmp_path / name)


def test_a_newer_schema_is_refused_and_left_untouched(tmp_path):
    path = tmp_path / "new.tunedial"
    path.write_bytes(as_json(schema=3, surprise="x"))
    before = path.read_bytes(), path.stat().st_mtime_ns
    with pytest.raises(Problem, match=r"new\.tunedial was made by a newer Tunedial.*Update Tunedial"):
        load_preset(path)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before


OLD = {
    "schema": 1,
    "name": "Old",
    "author": "me",
    "tags": "rock, loud ,",
    "description": "from before",
    "prompt": "rock",
    "knobs": {"energy": 3},
    "base_weight": 4,
}


def test_a_preset_of_schema_1_is_read():
    assert parse_preset(json.dumps(OLD).encode(), "x") == Preset(
        name="Old",
        author="me",
        tags=("rock", "loud"),
        notes="from before",
        prompt="rock",
        mix=Mix(knobs={"energy": 3}, base_weight=4),
    )


def test_the_least_preset_of_schema_1_is_read():
    assert parse_preset(b'{"schema": 1, "name": "A"}', "x") == Preset(name="A", mix=Mix())


@pytest.mark.parametrize(
    "change", [{"tags": 5}, {"knobs": 5}, {"description": []}, {"path": "/"}, {"name": None}]
)
def test_what_is_not_valid_in_schema_1_is_refused(change):
    with pytest.raises(Problem, match="is not a valid preset"):
        parse_preset(json.dumps(OLD | change).encode(), "x")


def test_every_older_schema_has_its_migration():
    assert sorted(preset_migrations.MIGRATIONS) == list(range(1, preset_migrations.SCHEMA))


def test_the_text_form_is_short_and_safe_in_a_message():
    text = to_text(LOUD)
    assert len(text) < 600
    assert set(text.removeprefix("tunedial:")) <= set(
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    )


def test_line_breaks_that_a_message_put_into_a_text_are_ignored():
    text = to_text(LOUD)
    assert from_text(f"  {text[:50]}\r\n {text[50:]}\n") == LOUD


@pytest.mark.parametrize(
    "text",
    [
        "",
        "tunedial:",
        "tunedial:ü",
        "tunedial:AAAA",
        to_text(LOUD)[:-8],
        to_text(LOUD)[:40] + "AAAA" + to_text(LOUD)[44:],
        to_text(LOUD) + "AAAA",
    ],
)
def test_a_damaged_text_is_refused(text):
    with pytest.raises(Problem, match="damaged or cut off"):
        from_text(text)


def test_a_text_that_unpacks_to_too_much_is_refused():
    bomb = base64.urlsafe_b64encode(zlib.compress(b" " * 100_000_000, 9)).decode()
    with pytest.raises(Problem, match="larger than 1 MB"):
        from_text("tunedial:" + bomb)


ENERGY_UP, VALENCE_DOWN = ("energy", "positive"), ("valence", "negative")


@pytest.mark.parametrize(
    ("model", "adapters", "lines"),
    [
        ("starter", {ENERGY_UP: "aa" * 32, VALENCE_DOWN: "bb" * 32}, []),
        (
            "starter",
            {ENERGY_UP: "aa" * 32},
            ["No installed adapter lowers Valence for 'starter'. It was made with the pack 'knobs' 1.2."],
        ),
        (
            "starter",
            {ENERGY_UP: "cc" * 32, VALENCE_DOWN: "bb" * 32},
            [
                "The installed adapter that raises Energy is another version."
                " It was made with the pack 'knobs' 1.2."
            ],
        ),
        (
            "large",
            {ENERGY_UP: "aa" * 32, VALENCE_DOWN: "bb" * 32},
            ["It was made for the base model 'starter', not for 'large'."],
        ),
    ],
)
def test_what_a_preset_lacks_is_told(model, adapters, lines):
    assert missing(LOUD, model, adapters) == lines


def test_a_preset_that_requires_no_pack_takes_any():
    preset = Preset(name="A", mix=Mix(knobs={"energy": -1}))
    assert missing(preset, "any", {("energy", "negative"): "dd" * 32}) == []
    assert missing(preset, "any", {ENERGY_UP: "dd" * 32}) == ["No installed adapter lowers Energy for 'any'."]


FACTORY = sorted((paths.resources() / "presets").glob("*.tunedial"))


def test_there_are_twenty_factory_presets_each_in_the_file_of_its_name():
    assert len(FACTORY) == 20
    assert [load_preset(path).name for path in FACTORY] == [path.stem for path in FACTORY]
    assert [file.path for file in list_presets()] == FACTORY


@pytest.mark.parametrize("path", FACTORY, ids=lambda path: path.stem)
def test_a_factory_preset_turns_knobs_and_suggests_a_prompt(path):
    preset = load_preset(path)
    assert not preset.mix.neutral
    assert len(preset.prompt.split(", ")) == 4
    assert preset.tags
    assert preset.notes
    assert preset.requires is None
