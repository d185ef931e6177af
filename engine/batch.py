"""Many clips in few batches, to be measured rather than kept: for self-play and evaluation."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.decoder import Condition
from engine.generate import Clip, Request, generate
from engine.job import GenerationSettings
from engine.model import Model

MOST = 32  # clips decoded at once: more would only take more memory


def make_clips(
    model: Model, prompts: Sequence[str], clips: Sequence[Clip], settings: GenerationSettings
) -> Tensor:
    """Codes [B, K, T] of `clips`, each from its own of `prompts`, as if it had been made alone.

    Prompts of as many tokens are decoded together, so it is cheap to give the clips of one tuning at once.
    Raises Problem as `generate` does.
    """
    read = {prompt: model.condition(model.read_prompt(prompt)) for prompt in dict.fromkeys(prompts)}
    by_length: dict[int, list[int]] = {}
    for number, prompt in enumerate(prompts):
        by_length.setdefault(len(read[prompt].states), []).append(number)
    frames = max(1, round(settings.seconds * model.frame_rate))
    made = torch.empty(len(clips), model.codec.codebooks, frames, dtype=torch.int64)
    for numbers in by_length.values():
        for part in (numbers[start : start + MOST] for start in range(0, len(numbers), MOST)):
            states = torch.stack([read[prompts[number]].states for number in part])
            condition = Condition(states, read[prompts[part[0]]].null)
            made[part] = _together(model, condition, [clips[number] for number in part], frames, settings)
    return made


def _together(
    model: Model, condition: Condition, clips: Sequence[Clip], frames: int, settings: GenerationSettings
) -> Tensor:
    """Codes [B, K, frames] of clips from a condition whose states [B, S, D] are each clip's own."""
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
