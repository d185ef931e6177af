"""What to generate: prompt, length, seed, sampling, audio to begin from, model."""

import secrets
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from pydantic import ValidationError

from desktop.app import App
from desktop.draft import Bars, Draft
from desktop.texts import mark, tr
from engine.errors import Problem
from engine.job import MAX_PROMPT_CHARS, MAX_SECONDS, AudioPrompt, GenerationSettings

SEED_BITS = 32
HISTORY_LENGTH = 50


def set_prompt(app: App, prompt: str, gesture: object | None = None) -> None:
    """The words; longer than a job may have is cut."""
    _change(app, mark("Prompt"), gesture, prompt=prompt[:MAX_PROMPT_CHARS])


def set_seconds(app: App, seconds: float, gesture: object | None = None) -> None:
    """The length in seconds."""
    limited = min(MAX_SECONDS, max(1.0, seconds))
    draft = app.state.draft.value
    settings = draft.settings.model_copy(update={"seconds": limited})
    _change(app, mark("Length"), gesture, settings=settings, bars=None)


def set_bars(app: App, count: int, tempo: float, gesture: object | None = None) -> None:
    """The length in bars of four beats at a tempo."""
    bars = Bars(min(256, max(1, count)), min(300.0, max(30.0, tempo)))
    settings = app.state.draft.value.settings.model_copy(update={"seconds": bars.seconds})
    _change(app, mark("Length"), gesture, settings=settings, bars=bars)


def set_sampling(app: App, name: str, value: float | None, gesture: object | None = None) -> None:
    """One of guidance, temperature, top_k, None for the model's own; a value no job may have is not taken."""
    settings = app.state.draft.value.settings
    try:
        changed = GenerationSettings.model_validate(settings.model_dump() | {name: value})
    except ValidationError:
        return
    _change(app, name.replace("_", " ").capitalize(), gesture, settings=changed)


def set_seed(app: App, seed: int) -> None:
    """Use this seed, from 0, and keep it: the same seed gives the same noise."""
    _change(app, mark("Seed"), None, seed=min(2**63 - 1, max(0, seed)), seed_locked=True)


def roll_seed(app: App) -> None:
    """Draw a new seed."""
    _change(app, mark("Seed"), None, seed=drawn_seed())


def drawn_seed() -> int:
    """A seed drawn by lot."""
    return secrets.randbits(SEED_BITS)


def lock_seed(app: App, locked: bool) -> None:
    """Keep the seed for the next job, or draw a new one for each."""
    _change(app, mark("Lock the seed") if locked else mark("Unlock the seed"), None, seed_locked=locked)


def set_audio_prompt(app: App, path: Path, role: Literal["continue", "melody"] = "continue") -> None:
    """Begin from an audio file, all of it. Reports a file that cannot be read."""
    from engine.audio import audio_info

    def found(info: Any) -> None:
        prompt = AudioPrompt(path=path, role=role, start=0.0, end=float(info.seconds))
        _change(app, mark("Audio prompt"), None, audio_prompt=prompt)

    app.background.call(lambda: audio_info(path), found)


def set_audio_role(app: App, role: Literal["continue", "melody"]) -> None:
    """What the audio is for."""
    if (prompt := app.state.draft.value.audio_prompt) is not None:
        _change(app, mark("Audio prompt"), None, audio_prompt=prompt.model_copy(update={"role": role}))


def set_audio_range(app: App, start: float, end: float, gesture: object | None = None) -> None:
    """The stretch of the audio, in seconds; one that holds nothing is not taken."""
    prompt = app.state.draft.value.audio_prompt
    if prompt is not None and 0 <= start < end:
        changed = prompt.model_copy(update={"start": start, "end": end})
        _change(app, mark("Stretch of the audio"), gesture, audio_prompt=changed)


def clear_audio_prompt(app: App) -> None:
    """Begin from the words alone."""
    _change(app, mark("Audio prompt"), None, audio_prompt=None)


def set_model(app: App, model: str) -> None:
    """The base model; the packs for it decide which knobs can be turned."""
    _change(app, mark("Model"), None, model=model)


def first_problem(error: ValidationError) -> Problem:
    """Why a draft is no job yet, in the user's words."""
    if error.errors()[0]["loc"][:1] == ("prompt",):
        return Problem(tr("The prompt is empty."), tr("Describe the music, for example: jazz, piano, drums."))
    return Problem(
        tr("This cannot be generated: {}.").format(error.errors()[0]["msg"]), tr("Change the settings.")
    )


def _change(app: App, label: str, gesture: object | None, **fields: Any) -> None:
    draft: Draft = app.state.draft.value
    app.history.record(label, replace(draft, **fields), gesture)
