"""Packs: folders of adapters for one base model, with a card for each adapter.

    PACK/pack.json
    PACK/<metric>/<positive|negative>/adapter_config.json
                                      adapter_model.safetensors
                                      card.json

A pack comes from a stranger: every name, size and field is checked before a byte is kept, nothing
pickled is let in, and a pack is installed whole or not at all.
"""

import logging
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import Annotated, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from engine.adapters import CONFIG_FILE, WEIGHTS_FILE, read_config
from engine.errors import CallProblem, Problem
from engine.files import part_beside, replace_file, sha256_of, write_problem
from engine.metrics import ADHERENCE, METRIC_IDS, metric
from engine.mix import Mix
from engine.paths import packs_dir, resources
from engine.recipe import Direction
from engine.unpack import Member, copy_member, members_of, read_member
from engine.validation import first_fault

SCHEMA: Literal[1] = 1
MANIFEST_FILE = "pack.json"
CARD_FILE = "card.json"
DIRECTIONS: tuple[Direction, ...] = ("positive", "negative")

MAX_JSON_BYTES = 1_000_000

_NAME = r"^[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?$"
_SHA256 = r"^[0-9a-f]{64}$"
_EXTRAS = {"LICENSE", "LICENSE.md", "LICENSE.txt", "README.md"}
_REPAIR = "Ask the pack's author for a repaired one."

log = logging.getLogger(__name__)

Text = Annotated[str, Field(max_length=4000)]
Name = Annotated[str, Field(pattern=_NAME)]
Finite = Annotated[float, Field(allow_inf_nan=False)]
Verdict = Literal["works", "weak", "no effect", "not measured", "proxy"]


class _File(BaseModel):
    model_config = ConfigDict(
        frozen=True, strict=True, extra="forbid", serialize_by_alias=True, validate_by_name=True
    )

    schema_number: Literal[1] = Field(default=SCHEMA, alias="schema")


class Manifest(_File):
    """What pack.json says. `base_sha256` is of the base's weights, as in a recipe's model record.

    `files` has the SHA-256 of adapters' configs and weights by their path in the pack; what differs from
    it is refused when it is installed and when its knob is turned.
    """

    name: Name
    version: Annotated[str, Field(pattern=r"^[0-9][0-9A-Za-z.+-]{0,31}$")]
    author: Text = ""
    license: Text = ""
    base_model: Annotated[str, Field(min_length=1, max_length=200)]
    base_sha256: Annotated[str, Field(pattern=_SHA256)] | None = None
    description: Text = ""
    files: dict[str, Annotated[str, Field(pattern=_SHA256)]] = Field(default_factory=dict)


class DosePoint(BaseModel):
    """What clips measure at one knob value: their mean, and its 95 % confidence interval."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    strength: Annotated[float, Field(ge=-5, le=5)]
    mean: Annotated[float, Field(allow_inf_nan=False)]
    interval: tuple[
        Annotated[float, Field(allow_inf_nan=False)], Annotated[float, Field(allow_inf_nan=False)]
    ]

    @model_validator(mode="after")
    def _ordered(self) -> "DosePoint":
        low, high = self.interval
        if not low <= self.mean <= high:
            raise ValueError("the mean does not lie in its interval")
        return self


class CurvePoint(BaseModel):
    """One line of training's log; accuracy (share ranked rightly), margin and kl are of held-out pairs."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")

    step: Annotated[int, Field(ge=0)]
    loss: Finite | None = None
    held_out_loss: Finite | None = None
    accuracy: Annotated[float, Field(ge=0, le=1)] | None = None
    margin: Finite | None = None
    kl: Finite | None = None


class Card(_File):
    """What an adapter was trained on, how, and what it measurably does.

    `measured_as` names what the doses' means are, with its unit; `proxy` says that it is a stand-in
    computed from the audio for a metric that only listeners could tell. The verdict is "works" if the knob
    moves it, "weak" if hardly or not surely, "no effect" if not, "not measured" before it was tried
    ("proxy": as packs said before they had `proxy`). `cross_talk` is how far a full turn from -5 to 5 moves
    the other metrics, in standard deviations of the base model's clips; `adherence_ratio` is how well
    clips at 5 (of a negative adapter: at -5) still follow their prompt, 1 as well as the base's.
    `recommended` is the range of the knob in which the metric follows it, the prompt is kept and no clip is
    silent, clipped or stuck. All that was measured is of the weights of `measured_sha256`;
    `held_out_accuracy` and `curve` are of the training, before anything that `method` names after it.
    """

    metric: str
    direction: Direction
    trained_on: Text
    method: Text
    measured_as: Text
    proxy: bool = False
    base_model: Text = ""
    base_sha256: Annotated[str, Field(pattern=_SHA256)] | None = None
    pairs: Annotated[int, Field(ge=0)] | None = None
    held_out_pairs: Annotated[int, Field(ge=0)] | None = None
    held_out_accuracy: Annotated[float, Field(ge=0, le=1)] | None = None
    settings: dict[str, str | float | int | bool | None] = Field(default_factory=dict)
    curve: Annotated[tuple[CurvePoint, ...], Field(max_length=1000)] = ()
    doses: tuple[DosePoint, ...] = ()
    cross_talk: dict[str, Finite] = Field(default_factory=dict)
    adherence_ratio: Finite | None = None
    recommended: tuple[Finite, Finite] | None = None
    verdict: Verdict
    measured_sha256: Annotated[str, Field(pattern=_SHA256)] | None = None

    @model_validator(mode="after")
    def _known_metric(self) -> "Card":
        if self.metric not in (*METRIC_IDS, ADHERENCE):
            raise ValueError(f"there is no metric called '{self.metric}'")
        return self

    def unmeasured(self) -> "Card":
        """The card without what was measured."""
        nothing = dict.fromkeys(("adherence_ratio", "recommended", "measured_sha256"))
        told = {"doses": (), "cross_talk": {}, "verdict": "not measured"}
        return self.model_copy(update=nothing | told)


FileType = TypeVar("FileType", Manifest, Card)


@dataclass(frozen=True)
class PackAdapter:
    """One adapter of a pack. An adapter that was not measured yet has no card."""

    metric: str
    direction: Direction
    folder: Path
    card: Card | None


@dataclass(frozen=True)
class Pack:
    """A pack on this computer; `adapters` by (metric, direction), any of the 26."""

    folder: Path
    manifest: Manifest
    adapters: Mapping[tuple[str, Direction], PackAdapter]


@dataclass(frozen=True)
class Choice:
    """The adapter that a turned knob picked; `sha256` is of its safetensors file."""

    metric: str
    direction: Direction
    pack: str
    version: str
    folder: Path
    sha256: str


def load_pack(folder: Path) -> Pack:
    """The pack in `folder`, its manifest and cards checked. Raises Problem with the file and the reason."""
    manifest = _read(Manifest, folder / MANIFEST_FILE)
    adapters: dict[tuple[str, Direction], PackAdapter] = {}
    for name in METRIC_IDS:
        for direction in DIRECTIONS:
            place = folder / name / direction
            if place.is_dir():
                weights = manifest.files.get(f"{name}/{direction}/{WEIGHTS_FILE}")
                adapters[name, direction] = _load_adapter(name, direction, place, weights)
    if not adapters and not (folder / ADHERENCE).is_dir():
        raise Problem(f"{folder} holds no adapters.", "Choose a folder with <metric>/<positive|negative>/.")
    return Pack(folder, manifest, MappingProxyType(adapters))


def seal(folder: Path) -> Pack:
    """Write into the pack's manifest the sums of what its adapters are made of now; returns the pack."""
    manifest = _read(Manifest, folder / MANIFEST_FILE)
    parts = [f"{direction}/{name}" for direction in DIRECTIONS for name in (CONFIG_FILE, WEIGHTS_FILE)]
    paths = (path for part in parts for path in folder.glob(f"*/{part}"))
    files = {path.relative_to(folder).as_posix(): sha256_of(path) for path in sorted(paths)}
    sealed = manifest.model_copy(update={"files": files})
    replace_file(folder / MANIFEST_FILE, sealed.model_dump_json(indent=1, exclude_none=True).encode())
    return load_pack(folder)


def list_packs(model_id: str | None = None) -> list[Pack]:
    """The packs on this computer for one base model, or all: the user's first, then those that ship.

    A folder that does not hold a valid pack is left out, with a warning in the log.
    """
    packs = []
    for folder in (*_folders(packs_dir()), *_folders(resources() / "packs")):
        try:
            packs.append(load_pack(folder))
        except Problem as problem:
            log.warning("%s", problem)
    return [pack for pack in packs if model_id is None or pack.manifest.base_model == model_id]


def adapters_for(
    mix: Mix, packs: Sequence[Pack], model_id: str, base_sha256: str | None = None
) -> list[Choice]:
    """The adapter of each turned knob, in the order of METRICS; the knob's sign picks the direction.

    The first of `packs` that has it for this base wins; `base_sha256` is of the base's weights, if
    they are at hand. Raises CallProblem, saying how to get one, for a knob that no pack has an
    adapter for, and Problem if those that have one were made for other weights of this base.
    """
    turned = [name for name in METRIC_IDS if name in mix.knobs and not mix.neutral]
    return [
        _choose(name, "positive" if mix.knobs[name] > 0 else "negative", packs, model_id, base_sha256)
        for name in turned
    ]


def install(source: Path) -> Pack:
    """Install the pack in the folder or zip `source` into `packs_dir()`.

    Only the files a pack is made of are copied. Raises Problem if anything in it is not as it should
    be, or a pack of that name is installed already; nothing is left behind then.
    """
    with members_of(source) as members:
        pack_files = _pack_files(members, source)
        manifest_bytes = read_member(pack_files[PurePosixPath(MANIFEST_FILE)], MAX_JSON_BYTES)
        target = packs_dir() / _parse(Manifest, manifest_bytes, f"{MANIFEST_FILE} of {source}").name
        if target.exists():
            raise Problem(
                f"A pack called '{target.name}' is installed already.",
                f"Remove it first: tunedial packs remove {target.name}",
            )
        part = part_beside(target)
        try:
            for path, member in pack_files.items():
                copy_member(member, part / path)
            pack = load_pack(part)
            for adapter in pack.adapters.values():
                _check_adapter(adapter)
                _check_sums(pack, adapter)
            part.rename(target)
        except Problem as problem:
            what = problem.what.replace(str(part), str(source))
            raise type(problem)(what, problem.todo) from problem
        except OSError as error:
            raise write_problem(error, target) from error
        finally:
            shutil.rmtree(part, ignore_errors=True)
    return load_pack(target)


def remove(name: str) -> None:
    """Remove the installed pack in the folder `name` of `packs_dir()`. Packs that ship stay."""
    folders = {folder.name: folder for folder in _folders(packs_dir())}
    if name not in folders:
        installed = f"Installed are: {', '.join(folders)}." if folders else "None is installed."
        raise CallProblem(f"There is no installed pack called '{name}'.", installed)
    hidden = part_beside(folders[name])
    try:
        folders[name].rename(hidden)
        shutil.rmtree(hidden)
    except OSError as error:
        raise Problem(
            f"The pack {folders[name]} was not removed: {error.strerror}.", "Remove the folder by hand."
        ) from error


def _folders(place: Path) -> Iterator[Path]:
    """The folders in `place` that are neither links nor being written."""
    for folder in sorted(place.iterdir()) if place.is_dir() else []:
        if folder.is_dir() and not folder.is_symlink() and not folder.name.startswith("."):
            yield folder


def _check_sums(pack: Pack, adapter: PackAdapter) -> str:
    """The SHA-256 of an adapter's weights. Raises Problem if a file is not what the manifest says."""
    sums = {}
    for name in (CONFIG_FILE, WEIGHTS_FILE):
        file = adapter.folder / name
        sums[name] = sha256_of(file)
        if pack.manifest.files.get(file.relative_to(pack.folder).as_posix(), sums[name]) != sums[name]:
            raise Problem(f"{file} is not what the pack's author made: its SHA-256 differs.", "Get it again.")
    return sums[WEIGHTS_FILE]


def _load_adapter(name: str, direction: Direction, folder: Path, weights: str | None) -> PackAdapter:
    """The adapter in `folder`; what its card measured of other weights than those of this sum is left out."""
    for needed in (CONFIG_FILE, WEIGHTS_FILE):
        if not (folder / needed).is_file():
            raise Problem(f"{folder / needed} is missing.", _REPAIR)
    file = folder / CARD_FILE
    card = _read(Card, file) if file.exists() else None
    if card and (card.metric, card.direction) != (name, direction):
        raise Problem(f"{file} is the card of another adapter ({card.metric}, {card.direction}).", _REPAIR)
    if card and weights and card.measured_sha256 not in (None, weights):
        card = card.unmeasured()
    return PackAdapter(name, direction, folder, card)


def _check_adapter(adapter: PackAdapter) -> None:
    """Refuse an adapter that is not plain LoRA, or whose file is not whole, without reading its weights."""
    from safetensors import safe_open

    read_config(adapter.folder)
    file = adapter.folder / WEIGHTS_FILE
    try:
        with safe_open(file, framework="numpy"):
            pass
    except Exception as error:
        raise Problem(f"{file} is damaged: {error}.", "Get the pack again.") from error


def _pack_files(members: Mapping[PurePosixPath, Member], source: Path) -> dict[PurePosixPath, Member]:
    """The files that make up the pack, by their path below the folder of pack.json."""
    tops = sorted((path.parent for path in members if path.name == MANIFEST_FILE), key=lambda p: len(p.parts))
    if not tops:
        raise Problem(f"{source} is not a pack: it has no {MANIFEST_FILE}.", "Choose a pack's folder or zip.")
    files = {}
    for path in (path for path in members if path.is_relative_to(tops[0])):
        below = path.relative_to(tops[0])
        if below.name in (CONFIG_FILE, WEIGHTS_FILE, CARD_FILE):
            _check_place(below, source)
            files[below] = members[path]
        elif str(below) == MANIFEST_FILE or str(below) in _EXTRAS:
            files[below] = members[path]
    return files


def _check_place(file: PurePosixPath, source: Path) -> None:
    if len(file.parts) != 3 or file.parts[1] not in DIRECTIONS:
        raise Problem(f"{source}: '{file}' does not lie in <metric>/<positive|negative>/.", _REPAIR)
    try:
        metric(file.parts[0])
    except CallProblem as problem:
        raise Problem(f"{source}: '{file}' is of no known metric.", problem.todo) from problem


def _choose(
    name: str, direction: Direction, packs: Sequence[Pack], model_id: str, base_sha256: str | None
) -> Choice:
    having = [pack for pack in packs if (name, direction) in pack.adapters]
    named = [pack for pack in having if pack.manifest.base_model == model_id]
    fitting = [p for p in named if base_sha256 is None or p.manifest.base_sha256 in (None, base_sha256)]
    if fitting:
        adapter, manifest = fitting[0].adapters[name, direction], fitting[0].manifest
        sha256 = _check_sums(fitting[0], adapter)
        return Choice(name, direction, manifest.name, manifest.version, adapter.folder, sha256)
    label = f"{'raises' if direction == 'positive' else 'lowers'} {metric(name).label}"
    if named:
        raise Problem(
            f"The pack '{named[0].manifest.name}' was made for other weights of '{model_id}'.",
            f"Install its version for this model, or one whose adapter {label}.",
        )
    others = sorted({f"'{pack.manifest.base_model}'" for pack in having})
    raise CallProblem(
        f"No pack for the model '{model_id}' has an adapter that {label}"
        + (f" (there is one for {', '.join(others)})." if others else "."),
        "Install a pack that has it (tunedial packs install FILE), train one (tunedial train),"
        f" or set the knob '{name}' to 0.",
    )


def _read(kind: type[FileType], file: Path) -> FileType:
    try:
        if file.stat().st_size > MAX_JSON_BYTES:
            raise Problem(f"{file} is too large.", _REPAIR)
        return _parse(kind, file.read_bytes(), str(file))
    except OSError as error:
        raise Problem(
            f"{file} cannot be read: {error.strerror}.", "Choose a pack's folder or zip."
        ) from error


def _parse(kind: type[FileType], data: bytes, origin: str) -> FileType:
    try:
        return kind.model_validate_json(data)
    except ValidationError as error:
        raise Problem(
            f"{origin} is not valid ({first_fault(error)}).",
            "Ask the pack's author for a repaired one; if a newer Tunedial made it, update this one.",
        ) from error
