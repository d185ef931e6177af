"""How well a clip fits its prompt, by the starter scorer: so that pairs do not teach to leave the prompt."""

import functools
from collections.abc import Sequence

import numpy as np
import soxr
import torch
from numpy.typing import NDArray

from engine.paths import resources
from engine.scorer.features import RATE, hear, pack, unpack
from engine.scorer.towers import Towers, load_towers, sentences
from engine.windows import windows

Array = NDArray[np.float64]


def scorer_version() -> str:
    """The first 16 digits of the hash of the scorer's weights."""
    return _towers()[1][:16]


@torch.inference_mode()
def embedding_of(audio: NDArray[np.float32], sample_rate: int) -> str | None:
    """The scorer's embedding of audio [C, N] as text, the mean over its windows; None of silence."""
    mono = soxr.resample(audio.mean(axis=0), sample_rate, RATE)
    heard = [hear(window).features for window in windows(mono, RATE)]
    if not heard:
        return None
    made = _towers()[0].embed_audio(torch.from_numpy(np.stack(heard))).mean(0)
    return pack(torch.nn.functional.normalize(made, dim=0).numpy())


@torch.inference_mode()
def fits(embeddings: Sequence[str | None], prompts: Sequence[str]) -> Array:
    """The cosine [N] of each clip's embedding and its prompt's, -1 to 1; NaN where the clip is silent."""
    different = list(dict.fromkeys(prompts))
    texts = dict(zip(different, _towers()[0].embed_text(sentences(different)).numpy(), strict=True))
    return np.array(
        [
            np.nan if embedding is None else float(unpack(embedding) @ texts[prompt])
            for embedding, prompt in zip(embeddings, prompts, strict=True)
        ],
        dtype=np.float64,
    )


@functools.cache
def _towers() -> tuple[Towers, str]:
    return load_towers(resources() / "scorer")
