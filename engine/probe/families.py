"""The probe: how probable families are for a timbre, and which families a prompt names.

    timbre [n, F] -> standardized -> W [C, F], b [C] of a question -> softmax [n, C]

A question, such as "genre", has C families to choose from. It is a logistic regression on rendered songs
(`python -m training.starter probe`). Beside it lie the words that name families in prompts.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, ValidationError

from engine.errors import Problem
from engine.files import replace_file, sha256_of
from engine.probe.timbre import SIZE, VERSION
from engine.validation import first_fault

CONFIG_FILE = "config.json"
WEIGHTS_FILE = "model.safetensors"
DRUMS = "drums"  # the family of instruments of what has no pitched one
GENRE, INSTRUMENT = "genre", "instrument"

_TODO = "Install Tunedial again."

Array = NDArray[np.float64]


class ProbeConfig(BaseModel):
    """The file beside the weights: the families of each question, in their order, and its words.

    A word or phrase that names no family, such as "bass guitar", has None: it hides the words in it.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    timbre_version: int
    families: dict[str, tuple[str, ...]]
    words: dict[str, dict[str, str | None]]


@dataclass(frozen=True)
class Probe:
    """`centre` [F] and `spread` [F] of timbres; of each question the weights [C, F] and biases [C]."""

    config: ProbeConfig
    centre: Array
    spread: Array
    questions: Mapping[str, tuple[Array, Array]]
    version: str

    def probabilities(self, question: str, timbres: Array) -> Array:
        """How probable each family is for timbres [n, F]: [n, C], rows sum to 1."""
        weight, bias = self.questions[question]
        logits = standardized(timbres, self.centre, self.spread) @ weight.T + bias
        powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=-1, keepdims=True))

    def named(self, prompt: str) -> dict[str, frozenset[str]]:
        """The families that `prompt` names, by question; drums only where no pitched instrument is named.

        Longer phrases hide the words in them: "jazz guitar" names a guitar and not jazz.
        """
        found: dict[str, set[str]] = {question: set() for question in self.config.words}
        for match in self._phrase.finditer(prompt.lower()):
            for question, words in self.config.words.items():
                family = words.get(match.group())
                if family is not None:
                    found[question].add(family)
        return {
            question: frozenset(families - {DRUMS} or families)
            for question, families in found.items()
            if families
        }

    def fit(self, prompts: Sequence[str], timbres: Array) -> Array:
        """How well timbres [n, F] fit their prompts [n]: the probability of the families a prompt names,
        the mean of the questions in which it names one. NaN if it names none, or the timbre is NaN.

            prompt "jazz, piano, trumpet"   genre: P(jazz)   instrument: P(keys) + P(wind)   fit: their mean
        """
        asked = [self.named(prompt) for prompt in prompts]
        shares = np.full((len(self.config.words), len(prompts)), np.nan)
        for row, question in enumerate(self.config.words):
            order = self.config.families[question]
            wanted = np.array([[family in named.get(question, ()) for family in order] for named in asked])
            if wanted.size:
                share = (self.probabilities(question, timbres) * wanted).sum(axis=1)
                shares[row] = np.where(wanted.any(axis=1), share, np.nan)
        known = np.isfinite(shares)
        total = np.where(known, shares, 0.0).sum(axis=0)
        found: Array = np.divide(
            total, known.sum(axis=0), out=np.full(len(prompts), np.nan), where=known.any(axis=0)
        )
        return found

    @cached_property
    def _phrase(self) -> re.Pattern[str]:
        phrases = {phrase for words in self.config.words.values() for phrase in words}
        longest_first = sorted(phrases, key=lambda phrase: (-len(phrase), phrase))
        return re.compile(rf"(?<!\w)(?:{'|'.join(map(re.escape, longest_first))})(?!\w)")


def standardized(timbres: Array, centre: Array, spread: Array) -> Array:
    """Timbres [n, F] as the regressions take and learn them: 0 at `centre`, 1 a `spread` above, cut at 8."""
    return np.asarray(((timbres - centre) / spread).clip(-8, 8))


def load_probe(folder: Path) -> Probe:
    """The probe in `folder`. Raises Problem if it is not there, damaged, or of another timbre."""
    from safetensors.numpy import load

    config_file, weights_file = folder / CONFIG_FILE, folder / WEIGHTS_FILE
    try:
        config = ProbeConfig.model_validate_json(config_file.read_bytes())
        tensors = load(weights_file.read_bytes())
    except OSError as error:
        raise Problem(f"The probe is not there: {error.filename}.", _TODO) from error
    except ValidationError as error:
        raise Problem(f"{config_file} is damaged: {first_fault(error)}.", _TODO) from error
    except Exception as error:
        raise Problem(f"{weights_file} is damaged: {' '.join(str(error).split())}.", _TODO) from error
    if config.timbre_version != VERSION:
        raise Problem(f"{folder} knows timbres of version {config.timbre_version}, not {VERSION}.", _TODO)
    found = {name: tensor.astype(np.float64) for name, tensor in tensors.items()}
    shapes: dict[str, tuple[int, ...]] = {"centre": (SIZE,), "spread": (SIZE,)}
    for question, families in config.families.items():
        shapes |= {f"{question}.weight": (len(families), SIZE), f"{question}.bias": (len(families),)}
    if {name: tensor.shape for name, tensor in found.items()} != shapes:
        raise Problem(f"{weights_file} does not fit {CONFIG_FILE} beside it.", _TODO)
    questions = {name: (found[f"{name}.weight"], found[f"{name}.bias"]) for name in config.families}
    version = f"{sha256_of(config_file)[:8]}{sha256_of(weights_file)[:8]}"
    return Probe(config, found["centre"], found["spread"], questions, version)


def write_probe(probe: Probe, folder: Path) -> int:
    """Write the probe to `folder`, in float32; returns the bytes of both files."""
    from safetensors.numpy import save

    tensors = {"centre": probe.centre, "spread": probe.spread}
    for question, (weight, bias) in probe.questions.items():
        tensors |= {f"{question}.weight": weight, f"{question}.bias": bias}
    contents = {
        CONFIG_FILE: probe.config.model_dump_json(indent=1).encode(),
        WEIGHTS_FILE: save({name: np.ascontiguousarray(t, np.float32) for name, t in tensors.items()}),
    }
    for name, content in contents.items():
        replace_file(folder / name, content)
    return sum(map(len, contents.values()))
