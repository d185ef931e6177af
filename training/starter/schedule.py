"""Learning rates and moving averages shared by the starter's trainers."""

from collections.abc import Mapping

import torch
from torch import Tensor, nn


def trapezoid_rate(peak: float, step: int, total: int, warmup: int, cooldown: float = 0.3) -> float:
    """Linear warm-up to `peak`, which holds, then linear down to nothing over the last `cooldown` of `total`.

    Unlike a cosine's, its middle does not depend on `total`: a run can be made longer before it cools down.
    """
    rise = min(1.0, (step + 1) / warmup)
    fall = min(1.0, (1 - step / total) / cooldown)
    return peak * min(rise, fall)


def smoothed(before: float | None, value: float, keep: float) -> float:
    """A loss as people like to watch it: `keep` of what it was `before`, the rest of its new `value`."""
    return value if before is None else keep * before + (1 - keep) * value


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
def put_values(values: Mapping[str, Tensor], module: nn.Module) -> None:
    """Give the parameters of `module` these values, by name."""
    for name, value in values.items():
        module.get_parameter(name).copy_(value)
