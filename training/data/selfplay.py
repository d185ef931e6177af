"""Pairs from the base model itself: clips of one prompt, measured (Majumder et al., Tango 2, section 4.1).

Of the clips of a prompt those two make a pair that differ in a metric by no less than the band's low end and
no more than its high end; pairs of ADHERENCE differ in how well they fit the prompt. A clip that is silent,
clipped or stuck is the worse one of pairs of its own, which teach every adapter to keep away from such. Clips
of one prompt differ little; with hints, some are made from the prompt with words beside it (Tango 2's second
strategy), and stand in pairs under the prompt alone.
"""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, partial
from itertools import chain, combinations
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from engine import labels
from engine.batch import listen, make_clips
from engine.codecs import Codec, drawn_codebooks
from engine.faults import faults_of
from engine.generate import Clip
from engine.job import GenerationSettings
from engine.ledger import Ledger
from engine.metrics import ADHERENCE, METRIC_IDS
from engine.model import Model, load_model
from engine.pairs import SOUNDNESS, Pair, Side
from engine.parallel import in_processes, one_torch_thread
from engine.recipe import Direction
from training.cache import cache_folder
from training.data.clips import Tell, write_codes
from training.data.fit import embedding_of, fits, scorer_version
from training.data.second import second_of
from training.data.select import Rule, Values, select, select_adherent, spreads, values_of
from training.data.splits import split_of
from training.qualities import HINTS
from training.store import Written, write_pairs

VERSION = 4  # of what is noted of a clip
TOGETHER = 8  # prompts played at once: clips whose prompts have as many tokens share a step
ADHERENT = 5  # times as many pairs of adherence as of a metric: what fits differs from prompt to prompt
SOUND = 3  # pairs that a clip with a fault makes: more would weigh too much beside those of a metric


@dataclass(frozen=True)
class Play:
    """How clips are made: `clips` of each prompt by sampling alone, and one with each hint if `hints`."""

    clips: int = 8
    hints: bool = False
    seed: int = 0
    settings: GenerationSettings = field(default_factory=GenerationSettings)


@dataclass(frozen=True)
class Thresholds:
    """As in Tango 2, section 4.1.2, in standard deviations: the upper clip of a pair lies at least
    `upper_least` above the mean of all clips, the lower one at least `lower_least`, and `rule` says how far
    apart they are."""

    rule: Rule = field(default_factory=lambda: Rule(margin=0.5, most=4.0))
    upper_least: float = -np.inf
    lower_least: float = -np.inf


@dataclass(frozen=True)
class _Made:
    prompt: str
    source: str
    file: str
    labels: dict[str, float | None]
    second: dict[str, float]
    embedding: str | None
    faults: list[str]


def make_pairs(
    prompts: Sequence[str],
    out: Path,
    model: Path,
    sha256: str,
    play: Play,
    thresholds: Thresholds,
    workers: int,
    tell: Tell,
) -> Written:
    """Make, measure, pair and write. Prompts whose clips are there from before are not played again.

    Raises Problem if no pair is left.
    """
    left_out: Counter[str] = Counter()
    place = cache_folder() / "selfplay" / sha256[:16]
    ledger = Ledger(place / f"{labels.VERSION}.{VERSION}.{scorer_version()}")
    keys = {prompt: _key(prompt, play) for prompt in dict.fromkeys(prompts)}
    missing = [prompt for prompt, key in keys.items() if key not in ledger.known]
    done = len(keys) - len(missing)
    work = partial(_play, model=model, place=place, play=play)
    parts = [missing[start : start + TOGETHER] for start in range(0, len(missing), TOGETHER)]
    for found in in_processes(work, parts, workers, one_torch_thread):
        ledger.add({keys[prompt]: clips for prompt, clips in found.items()})
        done += len(found)
        tell("playing", done, len(keys), {})
    played = [_Made(prompt, **clip) for prompt, key in keys.items() for clip in ledger.known[key]]
    made, broken = ([clip for clip in played if bool(clip.faults) is faulty] for faulty in (False, True))
    values, fit, candidates = values_of([clip.labels for clip in made]), _fits(made), _candidates(made)
    pairs = chain(
        _pairs(made, values, fit, candidates, place, thresholds, left_out),
        _adherent(made, values, fit, candidates, place, thresholds.rule, left_out),
        _sound(made, broken, place),
    )
    estimators = {name: estimator.name for name, estimator in labels.ESTIMATORS.items()}
    source = f"self-play, {len(keys)} prompts"
    return write_pairs(out, pairs, source, left_out, estimators=estimators)


def _key(prompt: str, play: Play) -> str:
    return hashlib.sha256(f"{prompt}\n{play!r}".encode()).hexdigest()[:24]


@cache
def _model(folder: Path) -> Model:
    return load_model(folder)


def wordings(prompt: str, play: Play) -> list[tuple[str, int]]:
    """What each clip is made from, and its seed."""
    plain = [(prompt, play.seed + n) for n in range(play.clips)]
    if not play.hints:
        return plain
    return plain + [(f"{prompt}, {hint}", play.seed + n) for n, hint in enumerate(HINTS)]


def _play(prompts: Sequence[str], model: Path, place: Path, play: Play) -> dict[str, list[dict[str, Any]]]:
    """What is noted of the clips of each prompt."""
    from engine.precision import quick

    loaded = _model(model)
    drawn = drawn_codebooks(loaded.codec)
    wanted = [(prompt, *wording) for prompt in prompts for wording in wordings(prompt, play)]
    texts, clips = [words for _, words, _ in wanted], [Clip(seed) for *_, seed in wanted]
    played = make_clips(loaded, texts, clips, play.settings)
    made: dict[str, list[dict[str, Any]]] = {prompt: [] for prompt in prompts}
    for (prompt, words, seed), codes in zip(wanted, played, strict=True):
        with quick():
            audio = listen(loaded, codes)
        name = f"{_key(words, play)}-{seed}.npy"
        write_codes(place / "codes" / name, codes.numpy().astype(np.int16))
        made[prompt].append(
            {
                "source": f"'{words}', seed {seed}",
                "file": name,
                "labels": labels.label_audio(audio, loaded.codec.sample_rate),
                "second": second_of(audio, loaded.codec.sample_rate) | _counted(loaded.codec, codes),
                "embedding": embedding_of(audio, loaded.codec.sample_rate),
                "faults": faults_of(audio, codes[drawn].numpy(), loaded.codec.sample_rate),
            }
        )
    return made


def _counted(codec: Codec, codes: Tensor) -> dict[str, float]:
    """The tempo of codes [K, T] if they say it, which is surer than any estimator."""
    tempo = codec.tempo(codes)
    return {} if tempo is None else {"tempo": tempo}


def _pairs(
    made: list[_Made],
    values: Values,
    fit: NDArray[np.float64],
    candidates: NDArray[np.int64],
    place: Path,
    thresholds: Thresholds,
    left_out: Counter[str],
) -> Iterator[Pair]:
    ways: list[tuple[Direction | None, NDArray[np.float64] | None]] = [(None, None)]
    if thresholds.rule.faithful:  # downwards, the lower clip is the one that has to fit
        ways = [("positive", fit), ("negative", -fit)]
    for column, metric in enumerate(METRIC_IDS):
        for direction, better in ways:
            agreed = _agreed(candidates, made, values[:, column], metric, left_out)
            chosen = select(agreed, values, metric, thresholds.rule, left_out, better)
            for upper, lower in _inside(chosen, values, column, thresholds, left_out):
                best, other = (_side(made[i], place, float(values[i, column])) for i in (upper, lower))
                prompt = made[upper].prompt
                yield Pair(prompt, metric, split_of(prompt), best, other, direction=direction)


def _adherent(
    made: list[_Made],
    values: Values,
    fit: NDArray[np.float64],
    candidates: NDArray[np.int64],
    place: Path,
    rule: Rule,
    left_out: Counter[str],
) -> Iterator[Pair]:
    rule = replace(rule, limit=rule.limit and ADHERENT * rule.limit)
    for upper, lower in select_adherent(candidates, values, fit, rule, left_out):
        best, other = (_side(made[i], place, float(fit[i])) for i in (upper, lower))
        prompt = made[upper].prompt
        yield Pair(prompt, ADHERENCE, split_of(prompt), best, other)


def _candidates(made: list[_Made]) -> NDArray[np.int64]:
    """All pairs [C, 2] of clips of one prompt."""
    by_prompt: dict[str, list[int]] = {}
    for i, clip in enumerate(made):
        by_prompt.setdefault(clip.prompt, []).append(i)
    pairs = [pair for clips in by_prompt.values() for pair in combinations(clips, 2)]
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def _fits(made: list[_Made]) -> NDArray[np.float64]:
    return fits([clip.embedding for clip in made], [clip.prompt for clip in made])


def _sound(made: list[_Made], broken: list[_Made], place: Path) -> Iterator[Pair]:
    """Each clip that has a fault, beside a few clips of its prompt that have none."""
    for bad in broken:
        for good in [clip for clip in made if clip.prompt == bad.prompt][:SOUND]:
            sides = _side(good, place, 1.0), _side(bad, place, 0.0)
            yield Pair(bad.prompt, SOUNDNESS, split_of(bad.prompt), *sides)


def _side(clip: _Made, place: Path, value: float) -> Side:
    return Side(np.load(place / "codes" / clip.file), value, clip.source)


def _agreed(
    candidates: NDArray[np.int64],
    made: list[_Made],
    first: NDArray[np.float64],
    metric: str,
    left_out: Counter[str],
) -> NDArray[np.int64]:
    """The candidates of which the second estimator, where there is one, says the same as the `first` [N]."""
    second = np.array([clip.second.get(metric, np.nan) for clip in made])
    differences = [values[candidates[:, 0]] - values[candidates[:, 1]] for values in (first, second)]
    against = differences[0] * differences[1] <= 0  # False where one is not known
    left_out[f"{metric}: a second estimator disagrees"] += int(against.sum())
    return candidates[~against]


def _inside(
    pairs: np.ndarray, values: Values, column: int, thresholds: Thresholds, left_out: Counter[str]
) -> np.ndarray:
    spread = spreads(values)[column]
    known = values[np.isfinite(values[:, column]), column]
    if not len(known) or not spread > 0:
        return pairs
    place = (values[:, column] - known.mean()) / spread
    inside = (place[pairs[:, 0]] >= thresholds.upper_least) & (place[pairs[:, 1]] >= thresholds.lower_least)
    left_out[f"{METRIC_IDS[column]}: below the thresholds"] += int((~inside).sum())
    return pairs[inside]
