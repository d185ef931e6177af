"""Muon (Jordan et al. 2024, https://kellerjordan.github.io/posts/muon/), quick on every processor.

torch.optim.Muon always multiplies in bf16: where a CPU has no instructions for that, a step of the starter
takes a minute instead of some seconds.
"""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from engine.precision import multiplies_bf16

_POLYNOMIAL = (3.4445, -4.7750, 2.0315)
_STEPS = 5


class Muon(torch.optim.Optimizer):
    """Steps along the orthogonalised momentum of matrices, scaled to AdamW's usual size of a step (Liu et
    al. 2025, https://arxiv.org/abs/2502.16982, section 2.2), so that its rates and weight decay serve."""

    def __init__(
        self, params: Iterable[nn.Parameter], lr: float, weight_decay: float, momentum: float = 0.95
    ) -> None:
        super().__init__(params, {"lr": lr, "weight_decay": weight_decay, "momentum": momentum})

    @torch.no_grad()
    def step(self, closure: Callable[[], float] | None = None) -> float | None:  # type: ignore[override]
        """Move every matrix [M, N] that has a gradient."""
        loss = closure() if closure else None
        for group in self.param_groups:
            for matrix in group["params"]:
                if matrix.grad is not None:
                    self._move(matrix, matrix.grad, group)
        return loss

    def _move(self, matrix: Tensor, grad: Tensor, group: dict[str, Any]) -> None:
        state = self.state[matrix]
        if not state:
            state["momentum_buffer"] = torch.zeros_like(matrix)
        mean = state["momentum_buffer"].lerp_(grad, 1 - group["momentum"])
        direction = orthogonal(grad.lerp(mean, group["momentum"]))  # Nesterov's
        rate = group["lr"]
        matrix.mul_(1 - rate * group["weight_decay"])
        matrix.add_(direction, alpha=-rate * 0.2 * max(matrix.shape) ** 0.5)


def orthogonal(matrix: Tensor) -> Tensor:
    """About U V^T of a matrix [M, N] = U S V^T, by Newton-Schulz: its singular values become 0.7 to 1.2."""
    a, b, c = _POLYNOMIAL
    halves = matrix.is_cuda or multiplies_bf16()
    wide = matrix if matrix.shape[0] <= matrix.shape[1] else matrix.T
    found = wide.to(torch.bfloat16 if halves else torch.float32)
    found = found / found.norm().clamp(min=1e-7)
    for _ in range(_STEPS):
        gram = found @ found.T
        found = torch.addmm(found, torch.addmm(gram, gram, gram, beta=b, alpha=c), found, beta=a)
    return (found if wide is matrix else found.T).to(matrix.dtype)
