"""The mix applied to a model: the weighted sum of the adapters' changes, added to the base.

W = W0 + amount * sum_m w_m * scale_m * B_m A_m

As the weights of `engine.mix.weights` sum to one, this is the average of the fully merged models
(Torrie et al., "Model Averaging"). The base is only ever read: to go back is to drop what was merged.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from engine.adapters import Adapter, LowRank
from engine.metrics import METRIC_IDS
from engine.mix import Mix, weights


@dataclass(frozen=True)
class Stacked:
    """The factors of several adapters at one module, side by side in the order of METRICS.

    A = [A_1; A_2; ...] [R, in], B = [B_1, B_2, ...] [out, R], and for each (metric, rank, scale).
    """

    A: Tensor
    B: Tensor
    parts: tuple[tuple[str, int, float], ...]


Stack = Mapping[str, Stacked]


def stack(adapters: Mapping[str, Adapter]) -> Stack:
    """The factors of `adapters`, by metric, side by side for each module that one of them changes.

    What of a mix does not depend on how far the knobs are turned: kept, it makes the next turn cheaper.
    """
    parts: dict[str, list[tuple[str, LowRank]]] = {}
    for metric in (m for m in METRIC_IDS if m in adapters):
        for module, change in adapters[metric].modules.items():
            parts.setdefault(module, []).append((metric, change))
    return {module: _side_by_side(changes) for module, changes in parts.items()}


def mixed(mix: Mix, stacked: Stack) -> dict[str, LowRank]:
    """All changes of a mix as one low-rank change (of scale 1) for each module that is touched.

    `stacked` is of the adapters that the knobs' signs picked, one for each turned metric. Of the order of
    turning nothing depends:

        A = [A_1; A_2; ...]             [R, in]      that of `stacked` itself
        B = [c_1 B_1, c_2 B_2, ...]     [out, R]     with c_m = amount * w_m * scale_m
    """
    if mix.neutral:
        return {}
    shares = weights(mix)
    return {module: _scaled(module_stack, mix.amount, shares) for module, module_stack in stacked.items()}


def combine(mix: Mix, adapters: Mapping[str, Adapter]) -> dict[str, LowRank]:
    """`mixed` of the adapters of the turned knobs, from `adapters` by metric."""
    if mix.neutral:
        return {}
    return mixed(mix, stack({metric: adapters[metric] for metric in mix.knobs}))


def merge(
    base: Mapping[str, Tensor], changes: Mapping[str, LowRank], factors: torch.dtype = torch.float32
) -> dict[str, Tensor]:
    """The changed weights only, named, typed and placed as in `base`: `<module>.weight` [out, in].

    The sum is worked out in float32 (float64 if the base is) and rounded once. With `factors` bfloat16, A, B
    and their product are rounded to it before: 0.4 % of a change at most, as much as bf16 weights lose
    of themselves, for the speed of processors that multiply it.
    """
    return {
        f"{module}.weight": _changed(base[f"{module}.weight"], change, factors)
        for module, change in changes.items()
    }


def _side_by_side(changes: list[tuple[str, LowRank]]) -> Stacked:
    return Stacked(
        torch.cat([_exact(change.A) for _, change in changes], dim=0),
        torch.cat([_exact(change.B) for _, change in changes], dim=1),
        tuple((metric, len(change.A), change.scale) for metric, change in changes),
    )


def _scaled(stacked: Stacked, amount: float, shares: Mapping[str, float]) -> LowRank:
    columns = [amount * shares[metric] * scale for metric, rank, scale in stacked.parts for _ in range(rank)]
    return LowRank(stacked.A, stacked.B * stacked.B.new_tensor(columns), 1.0)


def _exact(tensor: Tensor) -> Tensor:
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))


def _changed(weight: Tensor, change: LowRank, factors: torch.dtype) -> Tensor:
    dtype = torch.promote_types(weight.dtype, torch.float32)
    A, B = change.A.to(weight.device, dtype), change.B.to(weight.device, dtype)
    if factors == torch.bfloat16:
        return weight.to(dtype).add((B * change.scale).bfloat16() @ A.bfloat16()).to(weight.dtype)
    return torch.addmm(weight.to(dtype), B, A, alpha=change.scale).to(weight.dtype)
