"""The mix applied to a model: the weighted sum of the adapters' changes, added to the base.

W = W0 + amount * sum_m w_m * scale_m * B_m A_m

As the weights of `engine.mix.weights` sum to one, this is the average of the fully merged models
(Torrie et al., "Model Averaging"). The base is only ever read: to go back is to drop what was merged.
"""

from collections.abc import Mapping

import torch
from torch import Tensor

from engine.adapters import Adapter, LowRank
from engine.metrics import METRIC_IDS
from engine.mix import Mix, weights


def combine(mix: Mix, adapters: Mapping[str, Adapter]) -> dict[str, LowRank]:
    """All changes of a mix as one low-rank change (of scale 1) for each module that is touched.

    `adapters` holds, for each turned metric, the adapter that the knob's sign picked. The ranks are
    laid side by side, in the order of METRICS, so that the order of turning does not matter:

        A = [A_1; A_2; ...]             [R, in]
        B = [c_1 B_1, c_2 B_2, ...]     [out, R]     with c_m = amount * w_m * scale_m
    """
    if mix.neutral:
        return {}
    shares = weights(mix)
    parts: dict[str, list[tuple[float, LowRank]]] = {}
    for metric in (m for m in METRIC_IDS if m in mix.knobs):
        for module, change in adapters[metric].modules.items():
            parts.setdefault(module, []).append((mix.amount * shares[metric] * change.scale, change))
    return {module: _side_by_side(changes) for module, changes in parts.items()}


def merge(base: Mapping[str, Tensor], changes: Mapping[str, LowRank]) -> dict[str, Tensor]:
    """The changed weights only, named, typed and placed as in `base`: `<module>.weight` [out, in].

    The sum is worked out in float32 (float64 if the base is) and rounded once.
    """
    return {
        f"{module}.weight": _changed(base[f"{module}.weight"], change) for module, change in changes.items()
    }


def _side_by_side(changes: list[tuple[float, LowRank]]) -> LowRank:
    A = torch.cat([_exact(change.A) for _, change in changes], dim=0)
    B = torch.cat([factor * _exact(change.B) for factor, change in changes], dim=1)
    return LowRank(A, B, 1.0)


def _exact(tensor: Tensor) -> Tensor:
    return tensor.to(torch.promote_types(tensor.dtype, torch.float32))


def _changed(weight: Tensor, change: LowRank) -> Tensor:
    dtype = torch.promote_types(weight.dtype, torch.float32)
    A, B = change.A.to(weight.device, dtype), change.B.to(weight.device, dtype)
    return torch.addmm(weight.to(dtype), B, A, alpha=change.scale).to(weight.dtype)
