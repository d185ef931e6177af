"""What the codec keeps of held-out songs."""

from pathlib import Path

import numpy as np
import torch

from engine.codecs.stem import StemCodec
from training.starter.codec.data import load_stems
from training.starter.codec.loss import log_mel_distance
from training.starter.corpus.build import Rendering
from training.starter.corpus.synth import FRAME
from training.starter.report.features import LABELS, Heard, hear

CLIP_FRAMES = 500


def real_clip(corpus: Path, rendering: Rendering) -> np.ndarray:
    """The stems float32 [stem, sample] of ten seconds of a rendering, from its second bar."""
    start = rendering.bar_frames * FRAME
    return load_stems(corpus, rendering, start, CLIP_FRAMES * FRAME).astype(np.float32) / 32768


def codec_report(
    codec: StemCodec, corpus: Path, clips: list[Rendering]
) -> tuple[dict[str, object], list[Heard]]:
    """Log-mel distance of the mix, share of each codebook that is used, and correlation of vibenet's values.

    Also returns what is heard in the real clips, for the language model's report.
    """
    distances, used, real, decoded = [], np.zeros((codec.codebooks, codec.card), bool), [], []
    for rendering in clips:
        stems = torch.tensor(real_clip(corpus, rendering))[None]
        codes = codec.encode_stems(stems)
        for k in range(codec.codebooks):
            used[k, codes[0, k].unique().numpy()] = True
        mix, again = stems.sum(1), codec.decode(codes)[:, 0]
        distances.append(float(log_mel_distance(again, mix)))
        real.append(hear(mix[0].numpy()))
        decoded.append(hear(again[0].numpy()))
    before, after = (np.stack([clip.values for clip in heard]) for heard in (real, decoded))
    correlations = {
        label: float(np.corrcoef(before[:, i], after[:, i])[0, 1]) for i, label in enumerate(LABELS)
    }
    figures = {
        "logmel": float(np.mean(distances)),
        "logmel_sd": float(np.std(distances)),
        "codebook_use": used.mean(1).tolist(),
        "vibenet_r": correlations,
        "clips": len(clips),
    }
    return figures, real
