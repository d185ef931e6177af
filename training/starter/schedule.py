"""Learning rates and moving averages shared by the starter's trainers."""

import math

import torch
from torch import nn


def cosine_rate(peak: float, step: int, total: int, warmup: int, floor: float = 0.05) -> float:
    """Linear warm-up to `peak`, then half a cosine down to `floor * peak` at `total`."""
    rise = min(1.0, (step + 1) / warmup)
    fall = 0.5 * (1 + math.cos(math.pi * min(1.0, step / total)))
    return peak * rise * (fall * (1 - floor) + floor)


class MovingAverage:
    """Weights averaged over the last steps; at the end they are better than any single step's."""

    def __init__(self, module: nn.Module, decay: float) -> None:
        self.decay = decay
        self.values = {name: p.detach().clone() for name, p in module.named_parameters() if p.requires_grad}

    @torch.no_grad()
    def update(self, module: nn.Module, step: int) -> None:
        """Move towards the weights of `module`; early steps move faster."""
        decay = min(self.decay, (1 + step) / (10 + step))
        for name, p in module.named_parameters():
            if name in self.values:
                self.values[name].lerp_(p.detach(), 1 - decay)

    @torch.no_grad()
    def copy_to(self, module: nn.Module) -> None:
        """Give `module` the averaged weights."""
        for name, p in module.named_parameters():
            if name in self.values:
                p.copy_(self.values[name])
