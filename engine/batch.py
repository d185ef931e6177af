"""Many clips of one prompt in one batch, to be measured rather than kept: for self-play and evaluation."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.generate import Clip, Request, generate
from engine.job import GenerationSettings
from engine.model import Model


def make_clips(model: Model, prompt: str, clips: Sequence[Clip], settings: GenerationSettings) -> Tensor:
    """Codes [B, K, T] of `clips`, each as if it had been made alone. Raises Problem as `generate` does."""
    states = model.read_prompt(prompt)
    condition = model.condition(states)
    request = Request(
        clips=clips,
        condition=lambda _: condition,
        frames=max(1, round(settings.seconds * model.frame_rate)),
        window=model.window(condition),
        sampling=settings.sampling(model.sampling),
        prompt=torch.zeros(model.codec.codebooks, 0, dtype=torch.int64),
        counted=model.codec.counted,
    )
    for decoded in generate(model.decoder, request):
        codes = decoded.codes
    return codes


@torch.inference_mode()
def listen(model: Model, codes: Tensor) -> NDArray[np.float32]:
    """The audio [C, N] of one clip's codes [K, T]."""
    audio: NDArray[np.float32] = model.codec.decode(codes[None].to(model.device))[0].float().cpu().numpy()
    return audio
