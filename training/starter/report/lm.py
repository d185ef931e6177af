"""What the language model makes of held-out captions."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from engine.faults import FAULTS
from engine.frechet import frechet_distance
from training.starter.corpus.caption import paper_caption
from training.starter.lm.train import TextStates, hub_decoder, loss_by_codebook
from training.starter.report.clips import MadeClip, RealClip
from training.starter.report.features import PULSE_FOUND, Heard


@torch.no_grad()
def validation_loss(folder: Path, clips: Sequence[RealClip]) -> list[float]:
    """Cross-entropy in nats of each codebook on held-out clips under their captions."""
    decoder, text = hub_decoder(folder), TextStates()
    losses = []
    for first in range(0, len(clips), 8):
        some = clips[first : first + 8]
        states, mask = text([paper_caption(clip.description) for clip in some])
        codes = torch.stack([clip.codes for clip in some])
        losses.append(loss_by_codebook(decoder, codes, states, mask) * len(some))
    return (torch.stack(losses).sum(0) / len(clips)).tolist()


def generation_figures(real: Sequence[RealClip], made: Sequence[MadeClip]) -> dict[str, object]:
    """Tempo found, Fréchet distance against that of two halves of the real clips, and faults.

    `distance_ratio` compares all generated clips with all real ones; `distance_ratio_equal` compares halves
    with halves, since the distance shrinks as clips are added.
    """
    heard_real, heard_made = [clip.heard for clip in real], [clip.heard for clip in made]
    a, b = _deep(heard_real[0::2]), _deep(heard_real[1::2])
    halves = frechet_distance(a, b)
    crossed = (
        frechet_distance(_deep(heard_made[0::2]), b) + frechet_distance(_deep(heard_made[1::2]), a)
    ) / 2
    return {
        "tempo_found": {"real": _tempo_found(heard_real), "generated": _tempo_found(heard_made)},
        "distance_ratio": frechet_distance(_deep(heard_made), _deep(heard_real)) / halves,
        "distance_ratio_equal": crossed / halves,
        "faults": {name: sum(name in clip.faults for clip in made) for name in FAULTS},
        "clips": len(made),
    }


def _deep(clips: Sequence[Heard]) -> np.ndarray:
    return np.stack([clip.deep for clip in clips])


def _tempo_found(clips: Sequence[Heard]) -> float:
    return float(np.mean([clip.pulse >= PULSE_FOUND for clip in clips]))
