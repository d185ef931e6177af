"""What two recipes have in common and what not."""

from collections.abc import Iterator
from dataclasses import dataclass

from desktop.metric_names import name_of, signed
from desktop.texts import tr
from engine.metrics import METRICS
from engine.recipe import Recipe


@dataclass(frozen=True)
class Difference:
    """One thing that differs, as words; "" where a recipe has none of it."""

    name: str
    first: str
    second: str


def differences(first: Recipe, second: Recipe) -> list[Difference]:
    """Everything that makes two takes sound different, the user's settings before the computer's."""
    pairs = zip(_facts(first), _facts(second), strict=True)
    return [Difference(name, one, other) for (name, one), (_, other) in pairs if one != other]


def _facts(recipe: Recipe) -> Iterator[tuple[str, str]]:
    job, settings = recipe.job, recipe.job.settings
    yield tr("Prompt"), job.prompt
    for metric in METRICS:
        knob = job.mix.knobs.get(metric.id)
        yield name_of(metric.id), signed(knob) if knob else ""
    yield tr("Amount"), f"{job.mix.amount:g}"
    yield tr("Base weight"), f"{job.mix.base_weight:g}"
    yield tr("Seed"), str(job.seed)
    yield tr("Seconds"), f"{settings.seconds:g}"
    for name, value in (
        (tr("Guidance"), settings.guidance),
        (tr("Temperature"), settings.temperature),
        (tr("Top-k"), settings.top_k),
    ):
        yield name, tr("the model's") if value is None else f"{value:g}"
    audio = job.audio_prompt
    yield tr("Audio prompt"), f"{audio.path.name} ({audio.role})" if audio else ""
    yield tr("Model"), f"{recipe.model.id} {recipe.model.sha256[:8]}"
    packs = {f"{adapter.pack} {adapter.version}" for adapter in recipe.adapters}
    yield tr("Packs"), ", ".join(sorted(packs))
    yield tr("Stopped early"), tr("yes") if recipe.partial else ""
    yield tr("Computed on"), recipe.device
    yield tr("Tunedial"), recipe.engine_version
