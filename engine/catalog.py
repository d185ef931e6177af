"""Base models: the starter, local folders, and hubs; where each lies and under which license.

A model from a hub lies in `models_dir()/owner--name`. Its hub.json is written last, so that a
download that was broken off is not taken for a model.
"""

import contextlib
import hashlib
import json
import re
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from types import MappingProxyType
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter, ValidationError

from engine.errors import CallProblem, Problem
from engine.files import replace_file, sha256_of
from engine.hub import HubFile, fetch_files
from engine.job import STARTER, GenerationSettings, Sampling
from engine.paths import home, models_dir, resources
from engine.recipe import ModelSource

STARTER_LICENSE = "GPL-3.0-or-later"
CONFIG = "config.json"
GENERATION_CONFIG = "generation_config.json"
HUB_RECORD = "hub.json"

# What may come from a hub: configurations, weights that hold no code, tokenizers.
DOWNLOADED = ("*.json", "*.safetensors", "*.model", "vocab.txt", "merges.txt")

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*")
SAMPLING_NAMES = {
    "guidance": "guidance_scale",
    "temperature": "temperature",
    "top_k": "top_k",
}  # ours: theirs
_PICKLED = (".bin", ".pt", ".pth", ".ckpt", ".pkl")

# Licenses known before a hub was asked, by the beginning of a model's id.
_KNOWN_LICENSES: Mapping[str, str] = MappingProxyType({"facebook/musicgen-": "CC-BY-NC-4.0"})

# MusicGens on the hub, and about how many bytes their weights are: float32, as published.
_HUB_SIZES: Mapping[str, int] = MappingProxyType(
    {
        "facebook/musicgen-small": 2_360_000_000,
        "facebook/musicgen-medium": 8_030_000_000,
        "facebook/musicgen-large": 13_700_000_000,
        "facebook/musicgen-melody": 6_220_000_000,
    }
)

_LICENSE_TEXTS: Mapping[str, str] = MappingProxyType(
    {
        "CC-BY-NC-4.0": (
            "The weights of {id} are licensed under CC-BY-NC-4.0: you may use and share them with credit "
            "to their authors, but not for commercial purposes.\n"
            "https://creativecommons.org/licenses/by-nc/4.0/"
        )
    }
)

# The kept sums: path -> size, time of change in ns, SHA-256.
_SUMS = TypeAdapter(dict[str, tuple[int, int, str]])


@dataclass(frozen=True)
class ModelRef:
    """A base model. `folder` is None while it has not been fetched from its hub."""

    id: str
    folder: Path | None
    source: ModelSource
    license: str | None


class _HubRecord(BaseModel):
    """What hub.json keeps: which model and revision this is, and its license."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str
    revision: str
    license: str | None


class _ShardIndex(BaseModel):
    """The part of model.safetensors.index.json that says which file holds which tensor."""

    weight_map: dict[str, str]


def find_model(name: str) -> ModelRef:
    """The model called `name`: "starter", a folder with a model in it, or a hub's "owner/name".

    Nothing is downloaded. Raises CallProblem if `name` can be none of these, Problem if the folder
    holds no safetensors.
    """
    if name == STARTER:
        folder = resources() / STARTER
        _check_model_folder(folder, "Fetch Tunedial again: its resources are not complete.")
        return ModelRef(STARTER, folder, "bundled", STARTER_LICENSE)
    folder = Path(name).expanduser()
    if folder.is_dir():
        _check_model_folder(folder, "Choose a folder in the layout of transformers' MusicGen.")
        return ModelRef(str(folder.resolve()), folder.resolve(), "folder", None)
    if _HUB_ID.fullmatch(name) and ".." not in name:
        return _fetched(_hub_folder(name)) or ModelRef(name, None, "hub", _known_license(name))
    raise CallProblem(
        f"There is no model called '{name}'.",
        "Use 'starter', a folder, or a hub id such as 'facebook/musicgen-small'.",
    )


def list_models() -> list[ModelRef]:
    """The base models that are on this computer: the starter, then those fetched from a hub, by id."""
    starter = resources() / STARTER
    bundled = [find_model(STARTER)] if (starter / CONFIG).is_file() else []
    return bundled + [ref for ref in _all_fetched() if not _is_clap(ref)]


def list_scorers() -> list[ModelRef]:
    """The models fetched from a hub that make no music but score it: CLAPs, by id."""
    return [ref for ref in _all_fetched() if _is_clap(ref)]


def hub_offers() -> list[tuple[ModelRef, int]]:
    """MusicGens that a hub has and this computer has not, with about how many bytes they are; asks no hub."""
    found = [(find_model(name), size) for name, size in _HUB_SIZES.items()]
    return [(ref, size) for ref, size in found if ref.folder is None]


def license_notice(ref: ModelRef) -> str | None:
    """What the user should read before `ref` is fetched for the first time; None if nothing is."""
    if ref.source != "hub" or ref.folder is not None:
        return None
    text = _LICENSE_TEXTS.get(ref.license or "")
    if text:
        return text.format(id=ref.id)
    return f"Read the license of {ref.id} before you use it: https://huggingface.co/{ref.id}"


def get_model(ref: ModelRef) -> ModelRef:
    """Fetch a hub model, going on where an earlier download broke off; others are returned as they are.

    Only JSON, safetensors and tokenizer files are fetched. Raises CallProblem if the hub has no such
    model, Problem if it cannot be reached, asks for a sign-in, or has only pickled weights.
    """
    if ref.folder is not None:
        return ref
    folder = _hub_folder(ref.id)
    try:
        record = _download(ref, folder)
    except Problem:
        raise
    except Exception as error:
        raise _hub_problem(ref.id, error) from error
    _check_model_folder(folder, f"Fetch it again: tunedial models get {ref.id}")
    replace_file(folder / HUB_RECORD, record.model_dump_json().encode())
    return ModelRef(ref.id, folder, "hub", record.license)


def remove_model(ref: ModelRef) -> None:
    """Delete a model that was fetched from a hub. Raises CallProblem for any other."""
    if ref.source != "hub" or ref.folder is None:
        raise CallProblem(
            f"{ref.id} was not fetched from a hub, so it is not removed.", "See: tunedial models list"
        )
    try:
        (ref.folder / HUB_RECORD).unlink(missing_ok=True)
        shutil.rmtree(ref.folder)
    except OSError as error:
        raise Problem(
            f"{ref.folder} was not removed: {error.strerror}.", "Remove the folder by hand."
        ) from error


def weights_sha256(folder: Path) -> str:
    """The SHA-256 that names the weights in a model's folder.

    Of model.safetensors itself; of sharded weights, that of the lines "sha256 name" of the shards in
    the order of their names, as sha256sum prints them. Each file's sum is kept in
    `home()/sha256.json` for as long as its size and time of change stay the same.
    """
    files = weight_files(folder)
    sums = [_cached_sha256(file) for file in files]
    if len(files) == 1:
        return sums[0]
    lines = (f"{digest}  {file.name}\n" for digest, file in zip(sums, files, strict=True))
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def weight_files(folder: Path) -> list[Path]:
    """The safetensors of a model, by name: one file, or the shards its index lists.

    Raises Problem if there are none, naming the folder and the reason.
    """
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        try:
            shards = _ShardIndex.model_validate_json(index.read_bytes())
        except ValidationError as error:
            raise Problem(
                f"{index} is damaged: {error.errors()[0]['msg']}.", "Fetch the model again."
            ) from error
        names = sorted(set(shards.weight_map.values()))
    else:
        names = ["model.safetensors"]
    files = [folder / Path(name).name for name in names]
    if files and all(file.is_file() for file in files):
        return files
    if any(path.suffix in _PICKLED for path in folder.iterdir()):
        raise Problem(
            f"{folder} has only pickled weights, which can run code and are never loaded.",
            "Save the model as safetensors.",
        )
    missing = [file.name for file in files if not file.is_file()]
    raise Problem(f"{folder} lacks its weights: {', '.join(missing)}.", "Fetch the model again.")


def _check_model_folder(folder: Path, todo: str) -> None:
    if not (folder / CONFIG).is_file():
        raise CallProblem(f"{folder} holds no model: it has no {CONFIG}.", todo)
    weight_files(folder)


def _hub_folder(model_id: str) -> Path:
    return models_dir() / model_id.replace("/", "--")


def _all_fetched() -> list[ModelRef]:
    folders = sorted(models_dir().iterdir()) if models_dir().is_dir() else []
    return [ref for folder in folders if (ref := _fetched(folder))]


def _is_clap(ref: ModelRef) -> bool:
    try:
        config = json.loads(((ref.folder or Path()) / CONFIG).read_bytes())
    except (OSError, ValueError):
        return False
    return isinstance(config, dict) and config.get("model_type") == "clap"


def _fetched(folder: Path) -> ModelRef | None:
    try:
        record = _HubRecord.model_validate_json((folder / HUB_RECORD).read_bytes())
    except (OSError, ValidationError):
        return None
    return ModelRef(record.id, folder, "hub", record.license)


def _known_license(model_id: str) -> str | None:
    return next((text for start, text in _KNOWN_LICENSES.items() if model_id.startswith(start)), None)


def _download(ref: ModelRef, folder: Path) -> _HubRecord:
    import huggingface_hub

    info = huggingface_hub.HfApi().model_info(ref.id, timeout=30, files_metadata=True)
    files = [
        HubFile(sibling.rfilename, sibling.size, sibling.lfs.sha256 if sibling.lfs else None)
        for sibling in info.siblings or []
        if any(fnmatch(sibling.rfilename, pattern) for pattern in DOWNLOADED)
    ]
    if not any(file.name.endswith(".safetensors") for file in files):
        raise Problem(
            f"{ref.id} has no safetensors on the hub; pickled weights can run code and are never loaded.",
            "Choose a model that is published as safetensors.",
        )
    assert info.sha is not None
    fetch_files(ref.id, info.sha, files, folder)
    card: Any = info.card_data
    stated = card.get("license") if card else None
    return _HubRecord(id=ref.id, revision=info.sha, license=ref.license or stated)


def _hub_problem(model_id: str, error: Exception) -> Problem:
    from huggingface_hub import constants, errors

    reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
    if isinstance(error, errors.GatedRepoError):
        return Problem(
            f"{model_id} is only given to those who accepted its terms.",
            f"Accept them at https://huggingface.co/{model_id} and sign in with 'hf auth login'.",
        )
    if isinstance(error, errors.RepositoryNotFoundError | errors.HFValidationError):
        return CallProblem(f"The hub has no model called '{model_id}'.", "Check the name.")
    if isinstance(error, errors.OfflineModeIsEnabled):
        return Problem(
            f"{model_id} was not fetched: HF_HUB_OFFLINE forbids it.", "Unset that variable and try again."
        )
    return Problem(
        f"{model_id} could not be fetched from {constants.ENDPOINT}: {reason.rstrip('.')}.",
        "Check the connection and try again; what was already fetched is kept.",
    )


def _cached_sha256(path: Path) -> str:
    stat = path.stat()
    key = str(path.resolve())
    known = _read_sums()
    size, changed, digest = known.get(key, (-1, -1, ""))
    if (size, changed) == (stat.st_size, stat.st_mtime_ns):
        return digest
    known[key] = (stat.st_size, stat.st_mtime_ns, sha256_of(path))
    with contextlib.suppress(Problem):  # where it cannot be kept, only the next call is slower
        replace_file(_sums_file(), _SUMS.dump_json(known, indent=1))
    return known[key][2]


def _read_sums() -> dict[str, tuple[int, int, str]]:
    try:
        return _SUMS.validate_json(_sums_file().read_bytes())
    except (OSError, ValidationError):
        return {}


def _sums_file() -> Path:
    return home() / "sha256.json"


def sampling_of(folder: Path) -> Sampling:
    """How the model in `folder` is best sampled: what its `generation_config.json` says, else as MusicGen is.

    Raises Problem if the file cannot be used.
    """
    file = folder / GENERATION_CONFIG
    if not file.exists():
        return Sampling()
    try:
        said = json.loads(file.read_bytes())
        found = {
            ours: said[theirs] for ours, theirs in SAMPLING_NAMES.items() if said.get(theirs) is not None
        }
        return GenerationSettings.model_validate(found).sampling(Sampling())
    except (OSError, ValueError, AttributeError, RecursionError) as error:
        reason = " ".join(str(error).split())[:200]
        raise Problem(f"{file} cannot be used: {reason}", "Fetch the model again.") from error
