import errno
import hashlib
import json
import logging
import os
import stat
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import pytest

from engine import unpack
from engine.adapters import CONFIG_FILE, WEIGHTS_FILE
from engine.errors import CallProblem, Problem
from engine.files import sha256_of
from engine.mix import Mix
from engine.packs import (
    DIRECTIONS,
    Card,
    Choice,
    Pack,
    adapters_for,
    install,
    list_packs,
    load_pack,
    remove,
    seal,
)
from engine.paths import packs_dir
from tests.engine.random_pack import card_json, decoder_weights, tiny_config, write_adapter, write_pack

WEIGHTS = decoder_weights(tiny_config())


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write_pack(tmp_path / "source", WEIGHTS)


@pytest.fixture(autouse=True)
def _no_shipped_packs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.packs.resources", lambda: tmp_path / "resources")


def _change_json(file: Path, **values: Any) -> None:
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))


def _zip(source: Path, target: Path, top: str = "", compression: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(target, "w", compression) as archive:
        for file in sorted(source.rglob("*")):
            archive.write(file, Path(top, file.relative_to(source)))
    return target


def _zip_with(source: Path, entries: Iterable[tuple[zipfile.ZipInfo | str, bytes]]) -> Path:
    target = _zip(source, source.with_suffix(".zip"))
    with zipfile.ZipFile(target, "a") as archive:
        for info, data in entries:
            archive.writestr(info, data)
    return target


def _assert_nothing_installed() -> None:
    assert not packs_dir().exists() or list(packs_dir().iterdir()) == []


# Loading and listing


def test_a_pack_is_read_with_its_cards(source: Path) -> None:
    pack = load_pack(source)
    assert (pack.manifest.name, pack.manifest.version, pack.manifest.base_model) == (
        "random",
        "1.0",
        "starter",
    )
    assert set(pack.adapters) == {("energy", "positive"), ("energy", "negative")}
    adapter = pack.adapters["energy", "positive"]
    assert adapter.folder == source / "energy" / "positive"
    assert adapter.card is not None
    assert adapter.card.verdict == "works"
    assert adapter.card.doses[1].interval == (0.5, 0.7)


def test_what_a_card_measured_of_other_weights_is_not_shown(source: Path) -> None:
    place = source / "energy" / "positive"
    _change_json(place / "card.json", measured_sha256=sha256_of(place / WEIGHTS_FILE))
    card = seal(source).adapters["energy", "positive"].card
    assert card is not None and card.verdict == "works" and card.doses
    with (place / WEIGHTS_FILE).open("ab") as file:
        file.write(b" ")
    card = seal(source).adapters["energy", "positive"].card
    assert card is not None and card.verdict == "not measured" and not card.doses
    assert card.held_out_accuracy == card_json("energy", "positive").get("held_out_accuracy")


def test_a_card_survives_a_round_trip() -> None:
    card = Card.model_validate_json(json.dumps(card_json("valence", "negative")))
    assert Card.model_validate_json(card.model_dump_json()) == card
    assert card_json("valence", "negative").items() <= json.loads(card.model_dump_json()).items()


def test_an_adapter_that_was_not_measured_has_no_card(source: Path) -> None:
    (source / "energy" / "positive" / "card.json").unlink()
    assert load_pack(source).adapters["energy", "positive"].card is None


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"schema": 2}, "schema"),
        ({"name": "../evil"}, "name"),
        ({"name": "Loud"}, "name"),
        ({"name": ""}, "name"),
        ({"name": "a/b"}, "name"),
        ({"version": 1}, "version"),
        ({"base_model": ""}, "base_model"),
        ({"base_sha256": "abc"}, "base_sha256"),
        ({"licence": "MIT"}, "licence"),
        ({"description": "x" * 5000}, "description"),
    ],
)
def test_a_manifest_that_is_not_valid_is_refused(values: dict[str, Any], reason: str, source: Path) -> None:
    _change_json(source / "pack.json", **values)
    with pytest.raises(Problem, match=rf"pack\.json is not valid \({reason}"):
        load_pack(source)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"verdict": "great"}, "verdict"),
        ({"metric": "loudness"}, "is not valid"),
        ({"metric": "valence"}, "another adapter"),
        ({"direction": "negative"}, "another adapter"),
        ({"doses": [{"strength": 6.0, "mean": 0.0, "interval": [0, 0]}]}, "strength"),
        ({"doses": [{"strength": 1.0, "mean": 0.0, "interval": [1, 2]}]}, "interval"),
        ({"doses": [{"strength": 1.0, "mean": "0", "interval": [0, 0]}]}, "mean"),
    ],
)
def test_a_card_that_is_not_valid_is_refused(values: dict[str, Any], reason: str, source: Path) -> None:
    _change_json(source / "energy" / "positive" / "card.json", **values)
    with pytest.raises(Problem, match=rf"card\.json.*{reason}"):
        load_pack(source)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, " " * 1_000_001, "\xff"])
def test_a_manifest_that_is_no_json_is_refused(text: str, source: Path) -> None:
    (source / "pack.json").write_text(text, encoding="latin-1")
    with pytest.raises(Problem, match=r"pack\.json"):
        load_pack(source)


def test_a_folder_without_manifest_or_adapters_is_no_pack(source: Path, tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"pack\.json cannot be read"):
        load_pack(tmp_path)
    (source / "energy").rename(source / "loudness")
    with pytest.raises(Problem, match="holds no adapters"):
        load_pack(source)


def test_packs_are_listed_for_a_model_the_users_first(tmp_path: Path) -> None:
    write_pack(tmp_path / "resources" / "packs" / "a-shipped", WEIGHTS, manifest={"name": "shipped"})
    write_pack(packs_dir() / "own", WEIGHTS, manifest={"name": "own"})
    write_pack(packs_dir() / "other", WEIGHTS, base_model="facebook/musicgen-small")
    names = [pack.manifest.name for pack in list_packs("starter")]
    assert names == ["own", "shipped"]
    assert len(list_packs()) == 3
    assert list_packs("nothing") == []


def test_a_broken_or_unfinished_pack_does_not_hide_the_others(caplog: pytest.LogCaptureFixture) -> None:
    write_pack(packs_dir() / "good", WEIGHTS)
    write_pack(packs_dir() / ".good.abcd.part", WEIGHTS)
    (packs_dir() / "broken").mkdir()
    with caplog.at_level(logging.WARNING):
        assert [pack.folder.name for pack in list_packs()] == ["good"]
    assert "broken" in caplog.text


# Choosing adapters for a mix


def _pack(folder: Path, *adapters: tuple[str, Any], **options: Any) -> Pack:
    return load_pack(write_pack(folder, WEIGHTS, adapters, **options))


def test_the_sign_of_a_knob_picks_the_adapter(tmp_path: Path) -> None:
    pack = _pack(tmp_path, ("energy", "positive"), ("energy", "negative"), ("acousticness", "positive"))
    choices = adapters_for(Mix(knobs={"energy": -2, "acousticness": 1}), [pack], "starter")
    folder = tmp_path / "energy" / "negative"
    sha256 = hashlib.sha256((folder / "adapter_model.safetensors").read_bytes()).hexdigest()
    assert [choice.metric for choice in choices] == ["acousticness", "energy"]
    assert choices[1] == Choice("energy", "negative", "random", "1.0", folder, sha256)


def test_a_neutral_mix_needs_no_adapters() -> None:
    assert adapters_for(Mix(), [], "starter") == []
    assert adapters_for(Mix(knobs={"energy": 5}, amount=0), [], "starter") == []


def test_the_first_pack_that_fits_wins(tmp_path: Path) -> None:
    energy = ("energy", "positive")
    other = _pack(tmp_path / "a", energy, base_model="facebook/musicgen-small")
    stale = _pack(tmp_path / "b", energy, manifest={"name": "stale", "base_sha256": "0" * 64})
    first = _pack(tmp_path / "c", energy, manifest={"name": "first", "base_sha256": "1" * 64})
    second = _pack(tmp_path / "d", energy, manifest={"name": "second"})
    mix = Mix(knobs={"energy": 1})
    assert adapters_for(mix, [other, stale, first, second], "starter", "1" * 64)[0].pack == "first"
    assert adapters_for(mix, [second, first], "starter", "1" * 64)[0].pack == "second"


def test_a_knob_without_an_adapter_says_how_to_get_one(tmp_path: Path) -> None:
    pack = _pack(tmp_path, ("energy", "positive"))
    with pytest.raises(CallProblem, match=r"lowers Energy\..*tunedial packs install.*tunedial train"):
        adapters_for(Mix(knobs={"energy": -1}), [pack], "starter")


def test_an_adapter_for_another_base_is_not_taken_but_told(tmp_path: Path) -> None:
    pack = _pack(tmp_path, ("energy", "positive"), base_model="facebook/musicgen-small")
    with pytest.raises(CallProblem, match=r"model 'starter'.*there is one for 'facebook/musicgen-small'"):
        adapters_for(Mix(knobs={"energy": 1}), [pack], "starter")


def test_an_adapter_for_other_weights_of_the_base_is_refused(tmp_path: Path) -> None:
    pack = _pack(tmp_path, ("energy", "positive"), manifest={"base_sha256": "0" * 64})
    with pytest.raises(Problem, match="'random' was made for other weights of 'starter'"):
        adapters_for(Mix(knobs={"energy": 1}), [pack], "starter", "1" * 64)


# Installing and removing


@pytest.mark.parametrize(
    "form",
    [
        lambda source: source,
        lambda source: _zip(source, source.with_suffix(".zip")),
        lambda source: _zip(source, source.with_suffix(".zip"), compression=zipfile.ZIP_STORED),
        lambda source: _zip(source, source.with_suffix(".zip"), top="some folder"),
    ],
    ids=["folder", "deflated", "stored", "with a top folder"],
)
def test_a_pack_is_installed_from_a_folder_or_zip(form: Callable[[Path], Path], source: Path) -> None:
    (source / "README.md").write_text("hello")
    pack = install(form(source))
    assert pack.folder == packs_dir() / "random"
    installed = {file.relative_to(pack.folder): file.read_bytes() for file in pack.folder.rglob("*.*")}
    assert installed == {file.relative_to(source): file.read_bytes() for file in source.rglob("*.*")}
    assert [p.name for p in packs_dir().iterdir()] == ["random"]
    assert [p.manifest.name for p in list_packs("starter")] == ["random"]


def test_what_is_no_part_of_a_pack_is_left_behind(source: Path) -> None:
    for stranger in ("notes.py", "energy/positive/run.sh", "energy/positive/README.md", ".hidden"):
        (source / stranger).write_text("x")
    pack = install(source)
    assert {file.name for file in pack.folder.rglob("*.*")} == {
        "pack.json",
        "adapter_config.json",
        "adapter_model.safetensors",
        "card.json",
    }


def _link(name: str, target: str) -> tuple[zipfile.ZipInfo, bytes]:
    info = zipfile.ZipInfo(name)
    info.external_attr = (stat.S_IFLNK | 0o777) << 16
    return info, target.encode()


@pytest.mark.parametrize(
    ("entry", "reason"),
    [
        (("../evil.json", b"{}"), "outside"),
        (("energy/../../evil.json", b"{}"), "outside"),
        (("/etc/evil.json", b"{}"), "outside"),
        (("C:/evil.json", b"{}"), "outside"),
        (("..\\evil.json", b"{}"), "outside"),
        (("../evil/", b""), "outside"),
        (_link("LICENSE", "/etc/passwd"), "link"),
        (("energy/positive/optimizer.pt", b""), "pickled"),
        (("energy/positive/adapter_model.BIN", b""), "pickled"),
        (("loudness/positive/adapter_config.json", b"{}"), "no known metric"),
        (("energy/adapter_config.json", b"{}"), "does not lie in"),
        (("energy/up/card.json", b"{}"), "does not lie in"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_zip_with_what_does_not_belong_is_refused(entry: Any, reason: str, source: Path) -> None:
    file = _zip_with(source, [entry])
    with pytest.raises(Problem, match=rf"source\.zip.*{reason}"):
        install(file)
    _assert_nothing_installed()
    assert not (source.parent / "evil.json").exists()


def test_a_zip_with_a_name_twice_is_refused(source: Path) -> None:
    with pytest.warns(UserWarning, match="Duplicate name"):
        file = _zip_with(source, [("pack.json", b"{}")])
    with pytest.raises(Problem, match="there twice"):
        install(file)


@pytest.mark.parametrize(
    ("flags", "compression", "reason"),
    [(1, zipfile.ZIP_STORED, "encrypted"), (0, zipfile.ZIP_BZIP2, "neither stored nor deflated")],
)
def test_a_zip_packed_in_another_way_is_refused(
    flags: int, compression: int, reason: str, source: Path
) -> None:
    file = _zip(source, source.with_suffix(".zip"), compression=compression)
    data = bytearray(file.read_bytes())
    central = data.rindex(b"PK\x01\x02")
    data[central + 8] |= flags
    file.write_bytes(data)
    with pytest.raises(Problem, match=reason):
        install(file)
    _assert_nothing_installed()


def test_a_damaged_zip_is_refused(source: Path) -> None:
    file = _zip(source, source.with_suffix(".zip"), compression=zipfile.ZIP_STORED)
    data = file.read_bytes()
    middle = data.index(b"lora_A")
    file.write_bytes(data[:middle] + b"lora_X" + data[middle + 6 :])
    with pytest.raises(Problem, match=r"source\.zip.*is damaged"):
        install(file)
    _assert_nothing_installed()
    file.write_bytes(data[: len(data) // 2])
    with pytest.raises(Problem, match="no readable zip"):
        install(file)


@pytest.mark.parametrize("kind", ["file", "folder", "pipe"])
def test_a_folder_with_what_is_no_file_is_refused(kind: str, source: Path, tmp_path: Path) -> None:
    place = source / "energy" / "positive" / "card.json"
    place.unlink()
    if kind == "pipe":
        os.mkfifo(place)
    else:
        target = tmp_path / "secret"
        target.mkdir() if kind == "folder" else target.write_text("{}")
        place.symlink_to(target)
    with pytest.raises(Problem, match="link or a device"):
        install(source)
    _assert_nothing_installed()


def test_a_folder_that_cannot_be_read_is_not_installed_in_part(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = os.scandir

    def scandir(folder: str) -> Any:
        if Path(folder).name == "negative":
            raise PermissionError(errno.EACCES, "Permission denied", str(folder))
        return whole(folder)

    monkeypatch.setattr(os, "scandir", scandir)
    with pytest.raises(Problem, match="energy/negative cannot be read: Permission denied"):
        install(source)
    monkeypatch.undo()
    _assert_nothing_installed()


def test_a_folder_with_a_pickle_is_refused(source: Path) -> None:
    (source / "energy" / "positive" / "optimizer.pt").write_bytes(b"")
    with pytest.raises(Problem, match=r"optimizer\.pt' is pickled"):
        install(source)


def test_a_pack_that_unpacks_to_more_than_the_limit_is_refused(
    source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = _zip_with(source, [("README.md", b"0" * 1_000_000)])
    monkeypatch.setattr(unpack, "MAX_BYTES", 1_000_000)
    with pytest.raises(Problem, match="GB when unpacked"):
        install(file)
    _assert_nothing_installed()


def test_a_zip_that_lies_about_its_size_cannot_write_more(source: Path) -> None:
    file = _zip_with(source, [(zipfile.ZipInfo("README.md"), b"0" * 100_000)])
    data = bytearray(file.read_bytes())
    central = data.rindex(b"PK\x01\x02")
    data[central + 24 : central + 28] = (10).to_bytes(4, "little")  # uncompressed size
    file.write_bytes(data)
    with pytest.raises(Problem, match=r"source\.zip.*is damaged"):
        install(file)
    _assert_nothing_installed()


def test_a_pack_of_too_many_files_is_refused(source: Path) -> None:
    with pytest.raises(Problem, match="more than 1000 files"):
        install(_zip_with(source, [(f"extra/{n}.txt", b"") for n in range(1001)]))


@pytest.mark.parametrize(
    ("values", "reason"), [({"use_dora": True}, "DoRA"), ({"bias": "all"}, "bias"), ({"r": "x"}, "r: ")]
)
def test_a_pack_with_an_adapter_that_cannot_be_mixed_is_refused(
    values: dict[str, Any], reason: str, source: Path
) -> None:
    _change_json(source / "energy" / "negative" / "adapter_config.json", **values)
    with pytest.raises(Problem, match=rf"source/energy/negative/adapter_config\.json.*{reason}"):
        install(source)
    _assert_nothing_installed()


@pytest.mark.parametrize("data", [b"", b"\x80\x04K\x01.", b"\xff" * 64])
def test_a_pack_whose_safetensors_are_none_is_refused(data: bytes, source: Path) -> None:
    (source / "energy" / "positive" / "adapter_model.safetensors").write_bytes(data)
    with pytest.raises(Problem, match=r"adapter_model\.safetensors is damaged"):
        install(source)
    _assert_nothing_installed()


def test_what_is_no_pack_is_refused(tmp_path: Path) -> None:
    with pytest.raises(CallProblem, match="no file or folder"):
        install(tmp_path / "nowhere")
    with pytest.raises(Problem, match=r"has no pack\.json"):
        install(tmp_path)
    (tmp_path / "text").write_text("hello")
    with pytest.raises(Problem, match="no readable zip"):
        install(tmp_path / "text")


def test_a_pack_that_is_installed_already_stays_as_it_is(source: Path) -> None:
    install(source)
    _change_json(source / "pack.json", version="2.0")
    with pytest.raises(Problem, match=r"installed already.*tunedial packs remove random"):
        install(source)
    assert load_pack(packs_dir() / "random").manifest.version == "1.0"


def test_a_full_disk_leaves_nothing(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    copied: list[Path] = []

    def copy(member: unpack.Member, target: Path) -> None:
        if len(copied) == 3:
            raise OSError(errno.ENOSPC, "No space left on device")
        copied.append(target)
        unpack.copy_member(member, target)

    monkeypatch.setattr("engine.packs.copy_member", copy)
    with pytest.raises(Problem, match="disk is full"):
        install(source)
    _assert_nothing_installed()


def test_a_pack_is_not_seen_before_it_is_whole(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def copy(member: unpack.Member, target: Path) -> None:
        unpack.copy_member(member, target)
        seen.append(len(list_packs()))

    monkeypatch.setattr("engine.packs.copy_member", copy)
    install(source)
    assert seen == [0] * 7
    assert len(list_packs()) == 1


def test_a_pack_is_removed(source: Path) -> None:
    install(source)
    remove("random")
    assert list(packs_dir().iterdir()) == []


@pytest.mark.parametrize("name", ["../outside", "", ".", "..", "shipped", "linked", "/"])
def test_only_installed_packs_are_removed(name: str, source: Path, tmp_path: Path) -> None:
    install(source)
    outside = write_pack(packs_dir().parent / "outside", WEIGHTS)
    shipped = write_pack(tmp_path / "resources" / "packs" / "shipped", WEIGHTS)
    (packs_dir() / "linked").symlink_to(outside)
    with pytest.raises(CallProblem, match=r"no installed pack.*Installed are: random\."):
        remove(name)
    assert all(load_pack(folder) for folder in (outside, shipped, packs_dir() / "random"))


def test_a_pack_is_sealed_while_another_adapter_is_written(tmp_path: Path) -> None:
    folder = write_pack(tmp_path / "pack", WEIGHTS)
    half = folder / "energy" / ".negative.0123.part"
    half.mkdir()
    (half / CONFIG_FILE).write_text("{}")
    sealed = seal(folder)
    assert sealed.manifest.files and not any(".part" in name for name in sealed.manifest.files)


def test_a_sealed_pack_refuses_an_adapter_that_was_changed(tmp_path: Path) -> None:
    folder = write_pack(tmp_path / "sealed", WEIGHTS)
    pack = seal(folder)
    assert set(pack.manifest.files) == {
        f"energy/{direction}/{name}" for direction in DIRECTIONS for name in (CONFIG_FILE, WEIGHTS_FILE)
    }
    turned = Mix(knobs={"energy": 2})
    assert (
        adapters_for(turned, [pack], "starter")[0].sha256
        == pack.manifest.files[f"energy/positive/{WEIGHTS_FILE}"]
    )
    write_adapter(folder / "energy" / "positive", WEIGHTS, seed=7)
    with pytest.raises(Problem, match=r"energy/positive/adapter_model\.safetensors is not what"):
        adapters_for(turned, [load_pack(folder)], "starter")
    with pytest.raises(Problem, match="is not what the pack's author made"):
        install(folder)
    assert not (packs_dir() / "random").exists()
