"""Do clips still follow their prompt? Told by the probe, and by a scorer.

The probe (`engine.probe`) says how probable the families of genre and instruments are that the prompt
names. A scorer says how much less clips of other prompts fit: the share of the base's clips of other prompts
that fit the prompt less than this one does, 1 if it fits best, 0.5 by chance. (Which prompt fits a clip best
tells less: some prompts fit all music.)
"""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from engine.probe import timbre
from engine.probe.families import Probe
from engine.scorer.features import pack, unpack
from engine.windows import silent
from evaluation.clips import HEARING, Listener, Wanted
from evaluation.scorers import Scorer, scores

Array = NDArray[np.float64]


def hear_timbre(audio: NDArray[np.float32], codes: Any, sample_rate: int) -> dict[str, str | None]:
    """The `timbre` of audio [C, N] as text; None for silence, or less than half a second."""
    mono = soxr.resample(audio.mean(axis=0), sample_rate, timbre.RATE)
    told = len(mono) >= timbre.RATE // 2 and not silent(mono)
    return {"timbre": pack(timbre.timbre(mono)) if told else None}


TIMBRE = Listener(f"timbre-{timbre.VERSION}", hear_timbre)


def with_adherence(
    heard: Mapping[Wanted, Mapping[str, Mapping[str, Any]]], scorer: Scorer, probe: Probe
) -> dict[Wanted, dict[str, Any]]:
    """What HEARING heard in each clip, and how well it fits its prompt.

    `probed` is what the probe says of what TIMBRE heard, `scored` what the scorer says of what its listener
    heard.
    """
    scored = _scored(heard, scorer)
    timbres = [kept[TIMBRE.name]["timbre"] for kept in heard.values()]
    probed = family_fits(probe, [clip.prompt for clip in heard], timbres)
    return {
        clip: {**kept[HEARING.name], "scored": float(score), "probed": float(fit)}
        for (clip, kept), score, fit in zip(heard.items(), scored, probed, strict=True)
    }


def family_fits(probe: Probe, prompts: Sequence[str], timbres: Sequence[str | None]) -> Array:
    """How well clips of packed timbres [N] fit their prompts [N] (see `Probe.fit`).

    0 for a clip that is silent, NaN for a prompt that names no family.
    """
    rows = [np.zeros(timbre.SIZE) if one is None else unpack(one) for one in timbres]
    fits = probe.fit(prompts, np.array(rows, dtype=np.float64).reshape(-1, timbre.SIZE))
    sounds = np.array([one is not None for one in timbres], dtype=bool)
    return np.where(np.isfinite(fits) & ~sounds, 0.0, fits)


def _scored(heard: Mapping[Wanted, Mapping[str, Mapping[str, Any]]], scorer: Scorer) -> Array:
    prompts = list(dict.fromkeys(clip.prompt for clip in heard))
    kept = [by_listener[scorer.listener().name] for by_listener in heard.values()]
    fits = scores(scorer.embed(kept), scorer.embed_texts(prompts))
    own = [prompts.index(clip.prompt) for clip in heard]
    return prompt_scores(fits, own, [not clip.knobs for clip in heard])


def prompt_scores(fits: Array, own: Sequence[int], base: Sequence[bool]) -> Array:
    """The score [N] of clips whose cosines with the prompts are `fits` [N, P], their own at `own` [N];
    `base` [N] says which are the base's.

    A clip without cosines (NaN), being silent, fits none: 0. NaN where there is no other prompt.

        own      0     1     2   of the base's clips with prompt 1, those of 0 and 2 fit it less than 0.6: 1;
        base 0   0.9   0.1   0.2     a tuned clip of prompt 1 that fits it 0.3: one of the two, 0.5
        base 1   0.2   0.6   0.1
        base 2   0.1   0.5   0.7
    """
    owns, bases = np.array(own), np.array(base)
    found = np.full(len(fits), np.nan)
    for prompt in range(fits.shape[1]):
        others = fits[bases & (owns != prompt), prompt]
        mine = fits[owns == prompt, prompt][:, None]
        if len(others):
            less = (others < mine) + 0.5 * (others == mine) + (np.isnan(others) & ~np.isnan(mine))
            found[owns == prompt] = less.mean(axis=1)
    return found


def adherence_ratio(base: Array, tuned: Array, chance: float = 0.0) -> float | None:
    """How much of the base's adherence tuned clips keep, from how well both fit their prompts, of one shape.

    It is the mean above `chance` over the base's. NaN, where nothing is told, is left out with its
    counterpart. None if nothing is known, or the base follows no prompt.
    """
    known = np.isfinite(base) & np.isfinite(tuned)
    if not known.any() or not (whole := base[known].mean() - chance) > 0:
        return None
    return float((tuned[known].mean() - chance) / whole)
