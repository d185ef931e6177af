import hashlib
import json
import os
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from engine import catalog, paths
from engine.catalog import (
    ModelRef,
    find_model,
    get_model,
    license_notice,
    list_models,
    list_scorers,
    remove_model,
    sampling_of,
    weight_files,
    weights_sha256,
)
from engine.errors import CallProblem, Problem
from engine.hub import HubFile, fetch_files
from engine.job import Sampling
from tests.engine.fake_hub import SHA, serve

SMALL = "facebook/musicgen-small"
REVISION = "ab" * 20


def model_folder(folder: Path, files: dict[str, bytes] | None = None) -> Path:
    folder.mkdir(parents=True)
    for name, content in (files or {"config.json": b"{}", "model.safetensors": b"weights"}).items():
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture
def starter(tmp_path, monkeypatch) -> Path:
    monkeypatch.setattr(catalog, "resources", lambda: tmp_path / "resources")
    return model_folder(tmp_path / "resources" / "starter")


@pytest.fixture
def fake_hub(monkeypatch) -> SimpleNamespace:
    """A hub in place of the network; `files` is what the repository holds."""
    import huggingface_hub

    hub = SimpleNamespace(
        files={
            "config.json": b"{}",
            "model.safetensors": b"w",
            "pytorch_model.bin": b"evil",
            "README.md": b"",
        },
        license=None,
        error=None,
        calls=[],
    )

    class Api:
        def model_info(self, repo, timeout, files_metadata):
            if hub.error:
                raise hub.error
            siblings = [
                SimpleNamespace(rfilename=name, size=len(content), lfs=None)
                for name, content in hub.files.items()
            ]
            return SimpleNamespace(sha=REVISION, siblings=siblings, card_data={"license": hub.license})

    def fetch_files(repo, revision, files, folder):
        hub.calls.append((repo, revision))
        model_folder(folder, {file.name: hub.files[file.name] for file in files})

    monkeypatch.setattr(huggingface_hub, "HfApi", Api)
    monkeypatch.setattr(catalog, "fetch_files", fetch_files)
    return hub


def test_the_starter_is_found_in_the_resources(starter):
    assert find_model("starter") == ModelRef("starter", starter, "bundled", "GPL-3.0-or-later")
    assert list_models() == [find_model("starter")]


def test_a_starter_that_is_missing_is_told(tmp_path, monkeypatch):
    monkeypatch.setattr(catalog, "resources", lambda: tmp_path)
    with pytest.raises(Problem, match=r"holds no model.*Fetch Tunedial again"):
        find_model("starter")
    assert list_models() == []


def test_a_folder_is_a_model(tmp_path):
    folder = model_folder(tmp_path / "mine")
    assert find_model(str(folder)) == ModelRef(str(folder), folder, "folder", None)


def test_a_relative_folder_is_kept_as_a_full_path(tmp_path, monkeypatch):
    model_folder(tmp_path / "owner" / "mine")
    monkeypatch.chdir(tmp_path)
    assert find_model("owner/mine").id == str(tmp_path / "owner" / "mine")


def test_a_folder_without_a_config_is_no_model(tmp_path):
    with pytest.raises(CallProblem, match=r"holds no model: it has no config\.json"):
        find_model(str(tmp_path))


@pytest.mark.parametrize("name", ["pytorch_model.bin", "model.pt", "model.ckpt"])
def test_a_folder_with_only_pickled_weights_is_refused(tmp_path, name):
    model_folder(tmp_path / "mine", {"config.json": b"{}", name: b"evil"})
    with pytest.raises(Problem, match="only pickled weights"):
        find_model(str(tmp_path / "mine"))


def test_a_missing_shard_is_named(tmp_path):
    index = {"weight_map": {"a": "m-1.safetensors", "b": "m-2.safetensors"}}
    files = {"model.safetensors.index.json": json.dumps(index).encode(), "m-1.safetensors": b""}
    with pytest.raises(Problem, match=r"lacks its weights: m-2\.safetensors"):
        weight_files(model_folder(tmp_path / "mine", files))


@pytest.mark.parametrize("index", [b"", b"[]", b"{}", b'{"weight_map": 1}', b'{"weight_map": {"a": 1}}'])
def test_a_damaged_index_is_named(tmp_path, index):
    with pytest.raises(Problem, match=r"index\.json is damaged"):
        weight_files(model_folder(tmp_path / "mine", {"model.safetensors.index.json": index}))


def test_an_index_cannot_point_outside_its_folder(tmp_path):
    (tmp_path / "outside.safetensors").write_bytes(b"")
    index = json.dumps({"weight_map": {"a": "../outside.safetensors"}}).encode()
    with pytest.raises(Problem, match="lacks its weights"):
        weight_files(model_folder(tmp_path / "mine", {"model.safetensors.index.json": index}))


@pytest.mark.parametrize("name", ["", "musicgen", "/nowhere/at/all", "a/b/c", "../x", "a/..", "https://x/y"])
def test_a_name_that_can_be_no_model_is_refused(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(CallProblem):
        find_model(name)


def test_a_hub_id_is_found_without_asking_the_hub():
    assert find_model(SMALL) == ModelRef(SMALL, None, "hub", "CC-BY-NC-4.0")
    assert find_model("someone/else") == ModelRef("someone/else", None, "hub", None)


def test_the_license_is_shown_before_the_first_download_only(fake_hub, starter):
    assert "CC-BY-NC-4.0" in license_notice(find_model(SMALL))
    assert "not for commercial purposes" in license_notice(find_model(SMALL))
    assert "https://huggingface.co/someone/else" in license_notice(find_model("someone/else"))
    assert license_notice(get_model(find_model(SMALL))) is None
    assert license_notice(find_model("starter")) is None


def test_a_fetched_model_lies_in_the_models_folder_without_pickles(fake_hub):
    ref = get_model(find_model(SMALL))
    assert ref == ModelRef(SMALL, paths.models_dir() / "facebook--musicgen-small", "hub", "CC-BY-NC-4.0")
    assert sorted(path.name for path in ref.folder.iterdir()) == [
        "config.json",
        "hub.json",
        "model.safetensors",
    ]
    assert find_model(SMALL) == ref
    assert ref in list_models()
    assert fake_hub.calls == [(SMALL, REVISION)]
    assert get_model(ref) == ref
    assert len(fake_hub.calls) == 1


def test_a_clap_is_a_scorer_and_no_base_model(fake_hub):
    fake_hub.files = {"config.json": b'{"model_type": "clap"}', "model.safetensors": b"weights"}
    ref = get_model(find_model("laion/clap"))
    assert list_scorers() == [ref]
    assert ref not in list_models()


def test_the_license_on_the_hub_is_kept(fake_hub):
    fake_hub.license = "mit"
    get_model(find_model("someone/else"))
    assert find_model("someone/else").license == "mit"


def test_a_repository_with_only_pickled_weights_is_refused(fake_hub):
    fake_hub.files = {"config.json": b"{}", "pytorch_model.bin": b"evil"}
    with pytest.raises(Problem, match="has no safetensors on the hub"):
        get_model(find_model(SMALL))
    assert fake_hub.calls == []
    assert not paths.models_dir().exists()


def test_a_download_that_broke_off_is_no_model(fake_hub):
    model_folder(paths.models_dir() / "facebook--musicgen-small")
    assert find_model(SMALL).folder is None
    assert find_model(SMALL) not in list_models()


def test_a_fetched_model_can_be_removed(fake_hub, starter):
    remove_model(get_model(find_model(SMALL)))
    assert find_model(SMALL).folder is None
    assert list(paths.models_dir().iterdir()) == []
    for name in (SMALL, "starter"):
        with pytest.raises(CallProblem, match="was not fetched"):
            remove_model(find_model(name))
    assert starter.is_dir()


def hub_error(name):
    import httpx2
    from huggingface_hub import errors

    return getattr(errors, name)(
        "no", response=httpx2.Response(404, request=httpx2.Request("GET", "http://x"))
    )


@pytest.mark.parametrize(
    ("name", "kind", "message"),
    [
        ("RepositoryNotFoundError", CallProblem, "The hub has no model called 'facebook/musicgen-small'"),
        ("GatedRepoError", Problem, "accepted its terms.*hf auth login"),
        ("HfHubHTTPError", Problem, "could not be fetched from .*Check the connection"),
    ],
)
def test_what_the_hub_answers_becomes_one_line(fake_hub, name, kind, message):
    fake_hub.error = hub_error(name)
    with pytest.raises(kind, match=message) as caught:
        get_model(find_model(SMALL))
    assert "\n" not in str(caught.value)


GET_SMALL = f"""
from engine.catalog import find_model, get_model
from engine.errors import Problem
try:
    print(get_model(find_model({SMALL!r})).folder)
except Problem as problem:
    print(problem)
"""


def get_small(endpoint: str, offline: str = "0") -> str:
    """What a process that fetches musicgen-small from `endpoint` prints."""
    quiet = {"HF_HUB_DISABLE_PROGRESS_BARS": "1", "NO_PROXY": "127.0.0.1"}
    env = os.environ | quiet | {"HF_ENDPOINT": endpoint, "HF_HUB_OFFLINE": offline}
    done = subprocess.run(
        [sys.executable, "-c", GET_SMALL], env=env, capture_output=True, text=True, check=True, timeout=60
    )
    return done.stdout.strip()


def test_a_hub_that_cannot_be_reached_is_one_clear_line():
    said = get_small("http://127.0.0.1:9")
    assert said.startswith(f"{SMALL} could not be fetched from http://127.0.0.1:9: ")
    assert said.endswith("Check the connection and try again; what was already fetched is kept.")
    assert "\n" not in said


def test_offline_mode_is_one_clear_line():
    assert get_small("http://127.0.0.1:9", offline="1") == (
        f"{SMALL} was not fetched: HF_HUB_OFFLINE forbids it. Unset that variable and try again."
    )


@pytest.fixture
def repository(tmp_path):
    """What a hub on loopback serves as musicgen-small."""
    files = {"config.json": b"{}", "model.safetensors": b"weights", "pytorch_model.bin": b"evil"}
    return model_folder(tmp_path / "repository", files)


def test_a_model_is_fetched_over_http(repository):
    with serve(SMALL, repository) as hub:
        assert get_small(hub.url) == str(paths.models_dir() / "facebook--musicgen-small")
    ref = find_model(SMALL)
    assert (ref.folder / "model.safetensors").read_bytes() == b"weights"
    assert hub.starts == [("config.json", 0), ("model.safetensors", 0)]
    assert sorted(path.name for path in ref.folder.iterdir()) == [
        "config.json",
        "hub.json",
        "model.safetensors",
    ]


def test_a_part_is_gone_on_with_and_one_of_another_revision_is_not(repository):
    folder = paths.models_dir() / "facebook--musicgen-small"
    for revision, part in ((SHA, b"wei"), ("other", b"weird")):
        model_folder(folder / f".fetching-{revision}", {"model.safetensors.part": part, "config.json": b"{}"})
    with serve(SMALL, repository) as hub:
        get_small(hub.url)
    assert hub.starts == [("model.safetensors", 3)]
    assert (folder / "model.safetensors").read_bytes() == b"weights"
    assert not list(folder.glob(".fetching-*"))


def test_what_arrives_damaged_is_fetched_again(repository):
    folder = paths.models_dir() / "facebook--musicgen-small"
    model_folder(folder / f".fetching-{SHA}", {"model.safetensors.part": b"wax"})
    with serve(SMALL, repository) as hub:
        assert get_small(hub.url) == f"model.safetensors of {SMALL} arrived damaged. Fetch it again."
        assert get_small(hub.url) == str(folder)
    assert (folder / "model.safetensors").read_bytes() == b"weights"


def test_a_full_disk_is_told_before_anything_is_fetched(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda path: SimpleNamespace(free=1_000_000))
    with pytest.raises(Problem, match=r"needs 5 MB more, and 1 MB are free.*Make room"):
        fetch_files(SMALL, SHA, [HubFile("model.safetensors", 5_000_000, None)], tmp_path)


@pytest.mark.parametrize("name", ["../evil.json", "/evil.json", "a/../../evil.json", "..\\evil.json"])
def test_a_hub_cannot_write_outside_the_models_folder(tmp_path, name):
    with pytest.raises(Problem, match="outside its folder"):
        fetch_files(SMALL, SHA, [HubFile(name, 1, None)], tmp_path / "model")
    assert list(tmp_path.iterdir()) == []


def test_the_sum_of_one_file_is_that_file_s(tmp_path):
    folder = model_folder(tmp_path / "mine")
    assert weights_sha256(folder) == hashlib.sha256(b"weights").hexdigest()


def test_the_sum_of_shards_is_that_of_what_sha256sum_prints(tmp_path):
    index = {"weight_map": {"a": "m-2.safetensors", "b": "m-1.safetensors", "c": "m-2.safetensors"}}
    files = {"m-1.safetensors": b"one", "m-2.safetensors": b"two"}
    folder = model_folder(
        tmp_path / "mine", files | {"model.safetensors.index.json": json.dumps(index).encode()}
    )
    printed = subprocess.run(["sha256sum", *files], cwd=folder, capture_output=True, check=True).stdout
    assert weights_sha256(folder) == hashlib.sha256(printed).hexdigest()


def test_a_sum_is_kept_until_the_file_changes(tmp_path, monkeypatch):
    folder = model_folder(tmp_path / "mine")
    first = weights_sha256(folder)
    monkeypatch.setattr(catalog, "sha256_of", lambda path: pytest.fail("it was summed again"))
    assert weights_sha256(folder) == first
    monkeypatch.undo()
    (folder / "model.safetensors").write_bytes(b"retrained weights")
    assert weights_sha256(folder) == hashlib.sha256(b"retrained weights").hexdigest()


@pytest.mark.parametrize("kept", ["", "[]", '{"x": 1}'])
def test_damaged_sums_are_made_again(tmp_path, kept):
    paths.home().mkdir()
    (paths.home() / "sha256.json").write_text(kept)
    folder = model_folder(tmp_path / "mine")
    assert weights_sha256(folder) == weights_sha256(folder) == hashlib.sha256(b"weights").hexdigest()


def test_a_model_says_how_it_is_best_sampled(tmp_path):
    assert sampling_of(tmp_path) == Sampling(guidance=3.0, temperature=1.0, top_k=250)
    (tmp_path / "generation_config.json").write_text('{"guidance_scale": 1.5, "top_k": null}')
    assert sampling_of(tmp_path) == Sampling(1.5, 1.0, 250)


@pytest.mark.parametrize("content", ["nothing", "[1]", '{"temperature": "hot"}', '{"guidance_scale": 0}'])
def test_a_damaged_generation_config_is_named(tmp_path, content):
    (tmp_path / "generation_config.json").write_text(content)
    with pytest.raises(Problem, match=r"generation_config\.json cannot be used"):
        sampling_of(tmp_path)
