"""Many clips in few batches, to be measured rather than kept: for self-play and evaluation."""

from collections.abc import Sequence
from itertools import groupby

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.decoder import Condition, rows_per_clip
from engine.generate import Clip, Request, generate
from engine.job import GenerationSettings
from engine.model import Model

ROWS = 48  # decoded at once: more would only take more memory


def make_clips(
    model: Model, prompts: Sequence[str], clips: Sequence[Clip], settings: GenerationSettings
) -> Tensor:
    """Codes [B, K, T] of `clips`, each from its own of `prompts`, as if it had been made alone.

    Many are decoded together, so it is cheap to give the clips of one tuning at once. (Where the prompt
    comes before a clip's first frame, only those of as many tokens are.) Raises Problem as `generate` does.
    """
    read = {prompt: model.condition(model.read_prompt(prompt)) for prompt in dict.fromkeys(prompts)}
    states = [read[prompt].each(1)[0] for prompt in prompts]
    frames = max(1, round(settings.seconds * model.frame_rate))
    most = ROWS // rows_per_clip(settings.sampling(model.sampling).guidance != 1)
    made = torch.empty(len(clips), model.codec.codebooks, frames, dtype=torch.int64)
    order = sorted(range(len(clips)), key=lambda number: len(states[number]))
    runs = groupby(order, key=lambda number: 0 if model.decoder.spec.cross_attention else len(states[number]))
    for numbers in (list(run) for _, run in runs):
        for part in (numbers[start : start + most] for start in range(0, len(numbers), most)):
            null = read[prompts[part[0]]].null
            condition = Condition([states[number] for number in part], null)
            made[part] = _together(model, condition, [clips[number] for number in part], frames, settings)
    return made


def _together(
    model: Model, condition: Condition, clips: Sequence[Clip], frames: int, settings: GenerationSettings
) -> Tensor:
    """Codes [B, K, frames] of clips from a condition that holds each one's own states."""
    request = Request(
        clips=clips,
        condition=lambda _: condition,
        frames=frames,
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
