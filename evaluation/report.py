"""The whole report: every model on every prompt, heard, scored and compared, as `Results`.

Work is a generator: it says how far it is, and what was heard is kept, so that a report that was stopped goes
on where it was.
"""

import time
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine import __version__
from engine.errors import Problem
from engine.labels import ESTIMATORS
from engine.metrics import METRIC_IDS, METRICS
from engine.recipe import Direction
from evaluation.clips import HEARING, Heard, Listener, Studio, Wanted, audio_of, hear_all, read_codes
from evaluation.compare import estimate
from evaluation.distributions import distribution
from evaluation.extractors import Extractor, of_scorer, open_extractor
from evaluation.melody import CHROMA, chroma_similarity, kept_chroma
from evaluation.models import BASE, clips_of, model_knobs, models_of
from evaluation.results import ChromaRow, Distribution, Player, PolicyRow, Results, ScorerRecord
from evaluation.scorers import STARTER, Scorer, scores
from evaluation.spread import spread_row
from evaluation.statistics import nan_mean, nan_sd
from evaluation.tables import heat_map, metric_table, prompt_table

Array = NDArray[np.float64]
Kept = Mapping[Wanted, Mapping[str, Mapping[str, Any]]]

POLICY_PROMPTS = 5  # prompts on which policies are compared
POLICY_VALUES = (2.5, 5.0)  # knob values, on both sides
AUDIO = "audio"


@dataclass(frozen=True)
class Plan:
    """What to report on. `extractors` are those of the distribution metrics beside the scorer's own."""

    studio: Studio
    scorer: Scorer
    prompts: Sequence[str]
    seeds: Sequence[int]
    command: str
    extractors: Sequence[Extractor] = ()
    reference: Sequence[Mapping[str, Mapping[str, Any]]] | None = None  # by listener; None is the base
    reference_name: str = BASE
    models: Sequence[str] = field(default_factory=list)

    def with_extractors(self, more: Sequence[Extractor]) -> "Plan":
        """The plan with more distribution metrics."""
        return replace(self, extractors=[*self.extractors, *more])

    def with_reference(self, heard: Sequence[Mapping[str, Mapping[str, Any]]], name: str) -> "Plan":
        """The plan with music that was heard, in place of the base, to compare distributions with."""
        return replace(self, reference=heard, reference_name=name)


@dataclass(frozen=True)
class Stage:
    """What is being done, and how far it is."""

    name: str
    done: int
    total: int


def plan_report(
    studio: Studio, scorer: Scorer, prompts: Sequence[str], seeds: Sequence[int], command: str
) -> Plan:
    """The plan of a report on all of a pack's models. Raises Problem if there are none."""
    models = models_of(studio.pack)
    if len(models) == 1:
        raise Problem(f"'{studio.pack.manifest.name}' has no adapters.", "Choose another pack.")
    extractors = [open_extractor("vibenet"), of_scorer(scorer)]
    return Plan(studio, scorer, prompts, seeds, command, extractors, models=models)


def listeners_of(plan: Plan) -> list[Listener]:
    """All that must be heard in each clip, each once."""
    found = [HEARING, plan.scorer.listener(), CHROMA, *(e.listener for e in plan.extractors)]
    return list({listener.name: listener for listener in found}.values())


def make_report(plan: Plan, folder: Path, workers: int) -> Iterator[Stage | Results]:
    """Make, hear and compare; yields how far it is, and the results last. Players' files go into `folder`."""
    begun = time.monotonic()
    main = clips_of(plan.models, plan.prompts, plan.seeds)
    curve = policy_clips(plan)
    kept: Kept = {}
    listeners = listeners_of(plan)
    for step in hear_all(plan.studio, [*main, *curve], workers, listeners):
        if isinstance(step, Heard):
            yield Stage("playing", step.done, step.total)
        else:
            kept = step
    yield Stage("comparing", 0, 1)
    rows = Rows(plan, kept)
    left_out = ""
    policy: tuple[PolicyRow, ...] = ()
    try:
        policy = yield from policy_rows(plan, curve, kept, rows)
    except Problem as problem:
        left_out = str(problem)
    players = write_players(plan, folder / AUDIO)
    yield results_of(plan, rows, policy, left_out, players, time.monotonic() - begun)


class Rows:
    """What was heard, as arrays by model: S seeds, P prompts, M metrics, D the width of an embedding."""

    def __init__(self, plan: Plan, kept: Kept) -> None:
        self._plan, self._kept = plan, kept
        self.metric_texts = plan.scorer.embed_texts([metric.prompt for metric in METRICS])
        self.prompt_texts = plan.scorer.embed_texts(list(plan.prompts))
        self.embeddings = {model: self._embeddings(model) for model in plan.models}

    def heard(self, model: str, listener: Listener) -> list[Mapping[str, Any]]:
        """What a listener heard in a model's clips, seed after seed."""
        plan = self._plan
        knobs = model_knobs(model)
        return [self._kept[Wanted(p, s, knobs)][listener.name] for s in plan.seeds for p in plan.prompts]

    def _embeddings(self, model: str) -> Array:
        """[S, P, D], NaN for silence."""
        found = self._plan.scorer.embed(self.heard(model, self._plan.scorer.listener()))
        return found.reshape(len(self._plan.seeds), len(self._plan.prompts), -1)

    def metric_scores(self, model: str) -> Array:
        """Scores for the metric prompts, cosines times 100, means over seeds [P, M]."""
        return nan_mean(100 * scores(self.embeddings[model], self.metric_texts), axis=0)

    def prompt_scores(self, model: str) -> Array:
        """Scores for a clip's own prompt, cosines times 100, means over seeds [P]."""
        return nan_mean(100 * (self.embeddings[model] * self.prompt_texts).sum(axis=-1), axis=0)

    def labels(self, model: str) -> Array:
        """The measured metrics, means over seeds [P, M]."""
        heard = self.heard(model, HEARING)
        values = [
            [np.nan if (x := clip["labels"][name]) is None else x for name in METRIC_IDS] for clip in heard
        ]
        shaped = np.array(values, dtype=np.float64).reshape(len(self._plan.seeds), -1, len(METRIC_IDS))
        return nan_mean(shaped, axis=0)

    def chroma(self, model: str) -> Array:
        """How much of the base clip's chroma a model's clip keeps, means over seeds [P]."""
        pairs = zip(self.heard(BASE, CHROMA), self.heard(model, CHROMA), strict=True)
        found = [chroma_similarity(kept_chroma(a), kept_chroma(b)) for a, b in pairs]
        return nan_mean(np.array(found).reshape(len(self._plan.seeds), -1), axis=0)

    def silent(self) -> int:
        """How many clips are silent."""
        return sum(int((~np.isfinite(e).all(axis=-1)).sum()) for e in self.embeddings.values())


def policy_clips(plan: Plan) -> list[Wanted]:
    """The clips along which policies are compared: a knob's two values on the first prompts and seed."""
    return [
        Wanted(prompt, plan.seeds[0], model_knobs(model, value))
        for prompt in plan.prompts[:POLICY_PROMPTS]
        for model in plan.models[1:]
        for value in POLICY_VALUES
    ]


def policy_rows(
    plan: Plan, clips: Sequence[Wanted], kept: Kept, rows: Rows
) -> Generator[Stage, None, tuple[PolicyRow, ...]]:
    """KL of each turned knob from the base, and what it gained."""
    from evaluation.policy import policy_divergences

    divergences: Mapping[Wanted, float] = {}
    for step in policy_divergences(plan.studio, clips):
        if isinstance(step, Heard):
            yield Stage("comparing policies", step.done, step.total)
        else:
            divergences = step
    prompts, seed = plan.prompts[:POLICY_PROMPTS], plan.seeds[0]
    base_labels, base_scores = rows.labels(BASE), rows.metric_scores(BASE)
    found = []
    for model in plan.models[1:]:
        name = model[:-1]
        column = METRIC_IDS.index(name)
        sign = 1.0 if model.endswith("+") else -1.0
        for value in POLICY_VALUES:
            mine = [Wanted(p, seed, model_knobs(model, value)) for p in prompts]
            own = [Wanted(p, seed) for p in prompts]
            gains = []
            for of, base in (
                (_label_of(kept, name), base_labels[:, column]),
                (_score_of(plan, kept, rows.metric_texts[column]), base_scores[:, column]),
            ):
                turned, still = (np.array([of(clip) for clip in some]) for some in (mine, own))
                spread = nan_sd(base)
                gains.append(sign * (turned - still) / (spread if spread > 0 else np.nan))
            found.append(
                PolicyRow(
                    metric=name,
                    value=sign * value,
                    kl=estimate(np.array([divergences[clip] for clip in mine])),
                    reward=estimate(gains[0]),
                    reward_scorer=estimate(gains[1]),
                )
            )
    return tuple(found)


def _label_of(kept: Kept, name: str) -> Any:
    def label(clip: Wanted) -> float:
        value = kept[clip][HEARING.name]["labels"][name]
        return float("nan") if value is None else float(value)

    return label


def _score_of(plan: Plan, kept: Kept, text: Array) -> Any:
    listener = plan.scorer.listener().name

    def score(clip: Wanted) -> float:
        return float(100 * plan.scorer.embed([kept[clip][listener]])[0] @ text)

    return score


def write_players(plan: Plan, folder: Path) -> tuple[Player, ...]:
    """The clips of every model for the first prompt and seed, as Ogg files in `folder`."""
    from engine.audio import encode_audio
    from engine.files import replace_file

    players = []
    for model in plan.models:
        clip = Wanted(plan.prompts[0], plan.seeds[0], model_knobs(model))
        codes = read_codes(plan.studio, clip)
        if codes is None:
            continue
        audio, rate = audio_of(plan.studio.model, codes)
        name = model if model == BASE else f"{model[:-1]}-{'positive' if model[-1] == '+' else 'negative'}"
        file = f"{name}.ogg"
        replace_file(folder / file, encode_audio(np.clip(audio, -1, 1), rate, "ogg"))
        players.append(Player(prompt=clip.prompt, seed=clip.seed, model=model, file=f"{AUDIO}/{file}"))
    return tuple(players)


def results_of(
    plan: Plan,
    rows: Rows,
    policy: Sequence[PolicyRow],
    policy_left_out: str,
    players: Sequence[Player],
    seconds: float,
) -> Results:
    """The results, from what was heard."""
    studio, manifest = plan.studio, plan.studio.pack.manifest
    by_metric = {model: rows.metric_scores(model) for model in plan.models}
    own = {model: rows.prompt_scores(model) for model in plan.models}
    labels = {model: rows.labels(model) for model in plan.models}
    judges = {m.id: f"{plan.scorer.name}: '{m.prompt}'" for m in METRICS}
    directions: tuple[Direction, Direction] = ("positive", "negative")
    return Results(
        created=datetime.now(UTC).isoformat(timespec="seconds"),
        command=plan.command,
        versions={"tunedial": __version__, **{name: version(name) for name in ("torch", "transformers")}},
        pack=manifest.name,
        pack_version=manifest.version,
        base_model=manifest.base_model,
        base_sha256=studio.sha256,
        adapters={m: studio.choices(model_knobs(m))[0].sha256 for m in plan.models[1:]},
        scorer=ScorerRecord(
            name=plan.scorer.name, version=plan.scorer.version, starter=plan.scorer.name == STARTER
        ),
        prompts=tuple(plan.prompts),
        seeds=tuple(plan.seeds),
        settings=studio.settings.model_dump(),
        clips=len(plan.models) * len(plan.prompts) * len(plan.seeds),
        silent=rows.silent(),
        seconds=round(seconds, 1),
        scored=metric_table(by_metric, judges),
        measured=metric_table(labels, {name: ESTIMATORS[name].name for name in METRIC_IDS}),
        positive_prompts=prompt_table(own, directions[0]),
        negative_prompts=prompt_table(own, directions[1]),
        positive_heat=heat_map(by_metric, directions[0]),
        negative_heat=heat_map(by_metric, directions[1]),
        spread=tuple(spread_row(m, rows.embeddings[m], rows.embeddings[BASE]) for m in plan.models),
        distributions=tuple(_distribution(plan, rows, extractor) for extractor in plan.extractors),
        chroma=tuple(
            ChromaRow(model=m, similarity=estimate(rows.chroma(m))) for m in plan.models if m != BASE
        ),
        policy=tuple(policy),
        policy_left_out=policy_left_out,
        players=tuple(players),
    )


def _distribution(plan: Plan, rows: Rows, extractor: Extractor) -> Distribution:
    clips = {model: rows.heard(model, extractor.listener) for model in plan.models}
    if plan.reference is None:
        return distribution(extractor, clips)
    reference = [clip[extractor.listener.name] for clip in plan.reference]
    return distribution(extractor, clips, reference, plan.reference_name)
