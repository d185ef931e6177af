"""What an evaluation found, as one JSON file: the one format that figures, tables and pages are made from.

Scores are cosines times 100, labels in their own unit (`engine.labels`). Higher is more. Intervals are of 95
%; None where there are too few clips for one. A file of another schema is refused.
"""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.errors import CallProblem, Problem
from engine.files import replace_file
from engine.validation import first_fault

SCHEMA: Literal[1] = 1
MAX_BYTES = 100_000_000

Finite = Annotated[float, Field(allow_inf_nan=False)]
Interval = tuple[Finite, Finite]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Estimate(_Part):
    """A mean over `n` prompts (their seeds averaged), and its bootstrap interval; None if n is 0 or 1."""

    mean: Finite | None
    interval: Interval | None
    n: int


class Comparison(_Part):
    """A model against another on the same prompts and seeds: mean difference, and whether it is chance.

    `effect` is Cohen's d of paired values, the mean difference in its standard deviations; `p` by Wilcoxon's
    signed ranks, `p_holm` corrected for all the tests of its table.
    """

    n: int
    difference: Finite | None
    interval: Interval | None
    effect: Finite | None
    p: Finite
    p_holm: Finite


class MetricRow(_Part):
    """One metric by base, positive and negative model. `up` is positive above base, `down` negative below.

    `ordered` is positive > base > negative by the means, `sure` if both steps are below 0.05 after Holm;
    None if a model is missing.
    """

    metric: str
    base: Estimate
    positive: Estimate | None
    negative: Estimate | None
    up: Comparison | None
    down: Comparison | None
    ordered: bool | None
    sure: bool | None


class MetricTable(_Part):
    """`rows` in the order of the metrics; `judge` says what the numbers are of which metric."""

    judge: dict[str, str]
    rows: tuple[MetricRow, ...]

    @property
    def ordered(self) -> int:
        """How many metrics have positive > base > negative."""
        return sum(row.ordered is True for row in self.rows)

    @property
    def sure(self) -> int:
        """How many of them surely."""
        return sum(row.sure is True for row in self.rows)


class PromptRow(_Part):
    """How well a model's clips fit the prompts they were made from; `against_base` is None for the base."""

    model: str
    score: Estimate
    against_base: Comparison | None


class HeatMap(_Part):
    """Mean scores of models (rows) for metric prompts (columns), and their shares: each column sums to 1.

    `lifted` says that shares are of (1 + cosine) / 2, since a score was not positive.
    """

    models: tuple[str, ...]
    columns: tuple[str, ...]
    scores: tuple[tuple[Finite | None, ...], ...]
    shares: tuple[tuple[Finite | None, ...], ...]
    lifted: bool


class SpreadRow(_Part):
    """How much a model's outputs vary: the mean cosine distance of two of its clips, 0 (all alike) to 2.

    `across` is between prompts, `within` between seeds of a prompt (None for one seed); the ratios are to
    the base's, with intervals over the same prompts.
    """

    model: str
    across: Finite | None
    across_ratio: Finite | None
    across_ratio_interval: Interval | None
    within: Finite | None
    within_ratio: Finite | None
    within_ratio_interval: Interval | None


class Measure(_Part):
    """A figure of a whole set of clips, and its jackknife interval."""

    value: Finite | None
    interval: Interval | None


class DistributionRow(_Part):
    """A model's clips against the reference (`Distribution.reference`).

    `fad`: Fréchet distance of features, lower is nearer. `kl`: mean KL(reference || model) of posteriors,
    paired by prompt, nats; None without pairs or posteriors. `inception`: 1 upwards, higher is clearer and
    more varied.
    """

    model: str
    fad: Measure
    kl: Measure | None
    inception: Measure | None


class Distribution(_Part):
    """Distribution metrics by one extractor. `floor` is the Fréchet distance of the reference's halves."""

    extractor: str
    version: str
    reference: str
    clips: int
    floor: Finite | None
    rows: tuple[DistributionRow, ...]


class ChromaRow(_Part):
    """How much of the base clip's harmony the model's clip of the same prompt and seed keeps, 0 to 1."""

    model: str
    similarity: Estimate


class PolicyRow(_Part):
    """A knob at `value`: KL of the tuned from the base policy, and what it gained.

    `kl` is in nats for each code, along clips that the tuned policy made. `reward` is how far the metric
    moved the knob's way, in standard deviations of the base's clips; `reward_scorer` the same of the scorer's
    score.
    """

    metric: str
    value: Finite
    kl: Estimate
    reward: Estimate
    reward_scorer: Estimate


class Player(_Part):
    """A clip to listen to, as a file beside the results."""

    prompt: str
    seed: int
    model: str
    file: Annotated[str, Field(pattern=r"^audio/[a-z_-]+\.ogg$")]


class ScorerRecord(_Part):
    """What scored: its name and the version of its weights, and whether it is the small one that ships."""

    name: str
    version: str
    starter: bool


class Results(_Part):
    """A whole report."""

    model_config = ConfigDict(serialize_by_alias=True, validate_by_name=True)

    schema_number: Literal[1] = Field(default=SCHEMA, alias="schema")
    created: str
    command: str
    versions: dict[str, str]
    pack: str
    pack_version: str
    base_model: str
    base_sha256: str
    adapters: dict[str, str]
    scorer: ScorerRecord
    prompts: tuple[str, ...]
    seeds: tuple[int, ...]
    settings: dict[str, Finite | str | None]
    clips: int
    silent: int
    seconds: Finite
    scored: MetricTable
    measured: MetricTable
    positive_prompts: tuple[PromptRow, ...]
    negative_prompts: tuple[PromptRow, ...]
    positive_heat: HeatMap | None
    negative_heat: HeatMap | None
    spread: tuple[SpreadRow, ...]
    distributions: tuple[Distribution, ...]
    chroma: tuple[ChromaRow, ...]
    policy: tuple[PolicyRow, ...]
    policy_left_out: str = ""
    players: tuple[Player, ...] = ()
    dose: dict[str, Any] | None = None
    listening: dict[str, Any] | None = None


def save_results(results: Results, file: Path) -> None:
    """Write the results as JSON. Raises Problem if they cannot be written."""
    replace_file(file, results.model_dump_json(indent=1).encode())


def load_results(file: Path) -> Results:
    """The results in `file`.

    Raises CallProblem if it is not there, Problem if it holds none or those of another version.
    """
    try:
        content = file.read_bytes()
    except OSError as error:
        raise CallProblem(f"{file} cannot be read: {error.strerror}.", "Name a report's JSON.") from error
    try:
        given = json.loads(content) if len(content) <= MAX_BYTES else None
    except (ValueError, RecursionError):
        given = None
    if not isinstance(given, dict) or "schema" not in given:
        raise Problem(f"{file} holds no results.", "Name the JSON that 'tunedial evaluate report' wrote.")
    if given["schema"] != SCHEMA:
        raise Problem(
            f"{file} holds results of version {given['schema']}, and this Tunedial reads {SCHEMA}.",
            "Make the report again; the clips that are kept are not generated again.",
        )
    try:
        return Results.model_validate_json(content)
    except ValidationError as error:
        raise Problem(f"{file} is damaged: {first_fault(error)}.", "Make the report again.") from error
