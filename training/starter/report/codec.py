"""What the codec keeps of held-out clips."""

from collections.abc import Sequence

import numpy as np
import torch

from engine.codecs.stem import StemCodec
from training.starter.codec.loss import log_mel_distance
from training.starter.report.clips import RealClip
from training.starter.report.features import LABELS, Heard


def codec_figures(
    codec: StemCodec, clips: Sequence[RealClip], decoded: Sequence[torch.Tensor], heard: Sequence[Heard]
) -> dict[str, object]:
    """Log-mel distance of the mix, share of each codebook that is used, and correlation of vibenet's values.

    `decoded` [N] and `heard` are of the clips after the codec.
    """
    distances = [
        float(log_mel_distance(after[None], clip.mix[None]))
        for clip, after in zip(clips, decoded, strict=True)
    ]
    used = [
        float(torch.cat([clip.codes[k] for clip in clips]).unique().numel() / codec.card)
        for k in range(codec.codebooks)
    ]
    before, after = (np.stack([h.values for h in found]) for found in ([c.heard for c in clips], heard))
    correlations = {
        name: float(np.corrcoef(before[:, i], after[:, i])[0, 1]) for i, name in enumerate(LABELS)
    }
    return {
        "logmel": float(np.mean(distances)),
        "logmel_sd": float(np.std(distances)),
        "codebook_use": used,
        "vibenet_r": correlations,
        "clips": len(clips),
    }
