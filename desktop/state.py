"""What the app knows, without Qt: values that panels watch and that only actions change."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from desktop.draft import Draft
from desktop.observable import Signal, Value
from desktop.pairs import Pair
from engine.errors import Problem
from engine.events import Which
from engine.job import Job
from engine.packs import PackAdapter
from engine.preferences import Preference
from engine.preset import Preset, PresetFile
from engine.recipe import Direction

Status = Literal["waiting", "loading", "running", "done", "cancelled", "failed"]
Adapters = Mapping[tuple[str, Direction], PackAdapter]
Measured = Mapping[str, float | str | None]  # what engine.labels.measure_file gives


@dataclass(frozen=True, eq=False)
class Queued:
    """A job on its way. `eta` are the seconds left, `speed` how many times faster than real time it runs."""

    number: int
    job: Job
    status: Status = "waiting"
    what: str = ""
    step: int = 0
    total: int = 0
    eta: float | None = None
    speed: float | None = None
    pair: Pair | None = None
    problem: Problem | None = None
    scout: bool = False

    @property
    def over(self) -> bool:
        """True once it is done, cancelled or failed."""
        return self.status in ("done", "cancelled", "failed")

    def became(self, **changes: object) -> "Queued":
        """This entry with some fields changed."""
        return replace(self, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Span:
    """A stretch of a clip, in seconds."""

    start: float
    end: float


@dataclass(frozen=True, eq=False)
class Notice:
    """One line for the user, with what can be unfolded, and at most one thing to do about it."""

    text: str
    details: str = ""
    problem: bool = False
    action: str = ""
    run: Callable[[], None] | None = None


@dataclass(frozen=True)
class Blind:
    """A blind comparison: the clip behind each of the two letters; `heard` is the letter that plays."""

    one: Which
    two: Which


@dataclass(frozen=True)
class LoadedPreset:
    """The preset the draft came from, and its file if it has one."""

    preset: Preset
    path: Path | None
    factory: bool


@dataclass(frozen=True)
class Place:
    """Where jobs run: a device of a backend, by their ids; `name` is what people call it."""

    backend: str
    device: str
    name: str = field(default="", compare=False)


@dataclass(frozen=True)
class Download:
    """A model on its way from a hub: what to accept first, and MB `done` of `total` (0: not known yet).

    `facts` are its size and license, empty while the hub is asked.
    """

    model: str
    notice: str
    facts: str = ""
    accepted: bool = False
    done: int = 0
    total: int = 0


@dataclass(frozen=True)
class MidiState:
    """The ports and the open one, the (channel, controller) of each metric, the metric that learns."""

    ports: tuple[str, ...] = ()
    port: str | None = None
    controls: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    learning: str | None = None
    problem: str = ""


@dataclass(eq=False)
class State:
    """Everything the panels show. Times are seconds from the beginning of the pair.

    `pair_grew` is emitted with (pair, which, first sample, sample after the last) while clips stream in.
    `places` are best first; jobs run at `place`, at the best if it is None.
    `offered` is a preset that lacks something here and is not loaded until the user says so.
    `adapters` are those of the packs for the draft's model. `measured` is by the clip's file.
    """

    draft: Value[Draft] = field(default_factory=lambda: Value(Draft()))
    preset: Value[LoadedPreset | None] = field(default_factory=lambda: Value(None))
    offered: Value[PresetFile | None] = field(default_factory=lambda: Value(None))
    adapters: Value[Adapters] = field(default_factory=lambda: Value({}))
    queue: Value[tuple[Queued, ...]] = field(default_factory=lambda: Value(()))
    places: Value[tuple[Place, ...]] = field(default_factory=lambda: Value(()))
    place: Value[Place | None] = field(default_factory=lambda: Value(None))
    engine: Value[str] = field(default_factory=lambda: Value(""))
    notice: Value[Notice | None] = field(default_factory=lambda: Value(None))

    pair: Value[Pair | None] = field(default_factory=lambda: Value(None))
    pair_grew: Signal = field(default_factory=Signal)
    preference: Value[Preference | None] = field(default_factory=lambda: Value(None))
    measured: Value[Mapping[Path, Measured]] = field(default_factory=lambda: Value({}))

    playing: Value[bool] = field(default_factory=lambda: Value(False))
    playhead: Value[float] = field(default_factory=lambda: Value(0.0))
    seek: Signal = field(default_factory=Signal)  # (seconds): the player goes there
    heard: Value[Which] = field(default_factory=lambda: Value("base"))
    blind: Value[Blind | None] = field(default_factory=lambda: Value(None))
    selection: Value[Span | None] = field(default_factory=lambda: Value(None))
    loop: Value[bool] = field(default_factory=lambda: Value(False))
    level_matched: Value[bool] = field(default_factory=lambda: Value(True))
    loudness: Value[Mapping[Which, float]] = field(default_factory=lambda: Value({}))  # LUFS so far
    output: Value[str] = field(default_factory=lambda: Value(""))  # why nothing is heard

    download: Value[Download | None] = field(default_factory=lambda: Value(None))
    midi: Value[MidiState] = field(default_factory=lambda: Value(MidiState()))

    tab_wanted: Signal = field(default_factory=Signal)  # (name of a page of the drawer): the window opens it
    library_changed: Signal = field(default_factory=Signal)
    presets_changed: Signal = field(default_factory=Signal)
    models_changed: Signal = field(default_factory=Signal)
