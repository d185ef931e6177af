"""What the codec keeps of held-out clips."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from training.starter.codec.loss import log_mel_distance
from training.starter.report.clips import RealClip
from training.starter.report.features import LABELS, Heard


def codec_figures(
    clips: Sequence[RealClip],
    decoded: Sequence[torch.Tensor],
    heard: Sequence[Heard],
    used: NDArray[np.bool_],
) -> dict[str, object]:
    """Log-mel distance of the mix, share of each codebook that is used, and correlation of vibenet's values.

    `decoded` [N] and `heard` are of the clips after the codec; `used` [K, V] says which codes occur.
    """
    distances = [
        float(log_mel_distance(after[None], clip.mix[None]))
        for clip, after in zip(clips, decoded, strict=True)
    ]
    before, after = (np.stack([h.values for h in found]) for found in ([c.heard for c in clips], heard))
    correlations = {
        name: float(np.corrcoef(before[:, i], after[:, i])[0, 1]) for i, name in enumerate(LABELS)
    }
    return {
        "logmel": float(np.mean(distances)),
        "logmel_sd": float(np.std(distances)),
        "codebook_use": used.mean(1).tolist(),
        "vibenet_r": correlations,
        "clips": len(clips),
    }
