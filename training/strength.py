"""How strong an adapter is: what training found is a direction, and its length is set afterwards.

Training may end when an adapter has hardly moved the model, or when it has gone too far for the prompt to be
kept. KL(policy || reference) grows with the scale s of the LoRA, near 0 as s squared; so a few tries
find the scale at which it is what was asked for, and the knobs of a pack turn alike.
"""

import math
from typing import Any

import torch

from training.scoring import Clips, Layout, divergence, predictions

_TRIES = 6
_NEAR = 1.05  # times the divergence that was asked for
_LEAST, _MOST = 1 / 8, 16.0


@torch.no_grad()
def scale_for(policy: Any, clips: Clips, layout: Layout, wanted: float) -> float:
    """By what to multiply the LoRA of `policy` to diverge from the base by `wanted` nats a code of `clips`.

    It lies between 1/8 and 16. The policy is left as it was.
    """
    with policy.disable_adapter():
        base = predictions(policy, clips, layout)
    parts = [module for module in policy.modules() if isinstance(getattr(module, "scaling", None), dict)]
    before = [dict(module.scaling) for module in parts]
    scale = 1.0
    try:
        for _ in range(_TRIES):
            found = float(divergence(predictions(policy, clips, layout), base, clips, layout).mean())
            if wanted / _NEAR <= found <= wanted * _NEAR:
                break
            scale = min(_MOST, max(_LEAST, scale * math.sqrt(wanted / max(found, 1e-9))))
            for module, own in zip(parts, before, strict=True):
                module.scaling = {name: value * scale for name, value in own.items()}
    finally:
        for module, own in zip(parts, before, strict=True):
            module.scaling = own
    return scale
