"""What the app remembers between two runs: the draft, the window, recent prompts, taste."""

import contextlib
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from desktop.draft import Bars, Draft
from desktop.observable import Signal
from desktop.state import State
from engine.errors import Problem
from engine.files import replace_file
from engine.job import STARTER, GenerationSettings
from engine.mix import Mix
from engine.paths import home

FILE = "session.json"
RECENT = 30


class Session(BaseModel):
    """session.json. Whatever cannot be read is as on the first start.

    `more` tells that the sampling is unfolded, `place` has the ids of backend and device, `preset` the name
    of the loaded one and whether it is the factory's, `take` the folder's name of the one in the view.
    """

    model_config = ConfigDict(extra="ignore")

    theme: str = "dark"
    geometry: str = ""
    tab: str = "presets"
    drawer: int = 270
    more: bool = False
    prompt: str = ""
    slot_a: Mix = Field(default_factory=Mix)
    slot_b: Mix = Field(default_factory=Mix)
    morph: float = 0.0
    settings: GenerationSettings = GenerationSettings()
    bars: tuple[int, float] | None = None
    seed: int = 0
    seed_locked: bool = False
    model: str = STARTER
    place: tuple[str, str] | None = None
    folders: list[str] = []
    recent: list[str] = []
    stars: list[str] = []
    sort: str = "name"
    loop: bool = False
    level_matched: bool = True
    snap: bool = True
    preset: tuple[str, bool] | None = None
    take: str = ""

    def __setattr__(self, name: str, value: Any) -> None:
        """Tell `changed` if it is another value."""
        before = getattr(self, name)
        super().__setattr__(name, value)
        if value != before:
            changed.emit()


changed = Signal()
current = Session()  # the one of this run


def load() -> Session:
    """Read the session of the last run."""
    global current
    try:
        current = Session.model_validate_json((home() / FILE).read_bytes())
    except (OSError, ValidationError, Problem):
        current = Session()
    return current


def save(text: str) -> None:
    """Write a session that was dumped as JSON; a disk that cannot be written to only forgets."""
    with contextlib.suppress(Problem):
        replace_file(home() / FILE, text.encode())


def draft_of(session: Session) -> Draft:
    """The draft as it was left."""
    return Draft(
        prompt=session.prompt,
        slot_a=session.slot_a,
        slot_b=session.slot_b,
        morph=min(1.0, max(0.0, session.morph)),
        settings=session.settings,
        bars=Bars(*session.bars) if session.bars else None,
        seed=session.seed,
        seed_locked=session.seed_locked,
        model=session.model,
    )


def remember(state: State) -> None:
    """Take over what is to come back; audio to begin from is not, the file may be gone by then."""
    draft, loaded, pair = state.draft.value, state.preset.value, state.pair.value
    current.prompt, current.slot_a, current.slot_b = draft.prompt, draft.slot_a, draft.slot_b
    current.morph, current.settings, current.seed = draft.morph, draft.settings, draft.seed
    current.bars = (draft.bars.count, draft.bars.tempo) if draft.bars else None
    current.seed_locked, current.model = draft.seed_locked, draft.model
    current.loop, current.level_matched = state.loop.value, state.level_matched.value
    current.preset = (loaded.path.stem, loaded.factory) if loaded and loaded.path else None
    if pair is not None and pair.folder is not None:
        current.take = pair.folder.name


def remember_prompt(prompt: str) -> None:
    """Put a prompt first among the recent ones."""
    current.recent = [prompt, *(old for old in current.recent if old != prompt)][:RECENT]


def recent_prompts() -> list[str]:
    """Prompts that were generated, the last one first."""
    return current.recent
