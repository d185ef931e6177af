"""Linear layers for decoding: a row's result does not depend on the number of threads.

A matrix product adds up in an order that its kernel chooses. MKL's choice depends on the number of
threads, so the last bits of a logit do, and once in a while a sampled token. oneDNN's product with a
weight it has packed adds up each element in one thread and in one order; it is also faster for the
few rows of a decoding step (1.3 to 3 times, measured at 4 rows).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.adapters import LowRank

PACK_ROWS = 4  # the layout is chosen for this many rows


class Linear:
    """Rows [N, in] -> [N, out] by a weight [out, in], no bias. Never changes its weight."""

    def __init__(self, weight: Tensor) -> None:
        self.packed = _packs(weight)
        self._weight = (
            torch.ops.mkldnn._reorder_linear_weight(weight.contiguous(), PACK_ROWS) if self.packed else weight
        )

    def __call__(self, rows: Tensor) -> Tensor:
        """The product [N, out], in the dtype of the weight."""
        if not self.packed:
            return F.linear(rows, self._weight)
        product: Tensor = torch.ops.mkldnn._linear_pointwise(rows, self._weight, None, "none", [], "")
        return product


def _packs(weight: Tensor) -> bool:
    return (
        weight.device.type == "cpu"
        and weight.dtype == torch.float32
        and hasattr(torch.ops.mkldnn, "_linear_pointwise")
    )


@dataclass(frozen=True)
class Change:
    """A low-rank change of a projection: rows [N, in] -> up(down(rows)) [N, out], to be added."""

    down: Linear
    up: Linear

    def __call__(self, rows: Tensor) -> Tensor:
        """What the change adds to the projection of `rows`."""
        return self.up(self.down(rows))


class Projection:
    """Linear modules that read the same rows, fused into one: rows [N, in] -> [N, out_1 + out_2 + ...]."""

    def __init__(self, weights: Mapping[str, Tensor]) -> None:
        """`weights` [out_i, in] by module name, in the order of the outputs."""
        self.name = next(iter(weights))
        self.shapes = {module: tuple(weight.shape) for module, weight in weights.items()}
        self._like = next(iter(weights.values())).new_empty(0)
        self.linear = Linear(torch.cat(list(weights.values())))

    def change(self, changes: Mapping[str, LowRank]) -> Change | None:
        """The changes of these modules as one, None if none of them is changed.

        For q, k, v of which q and v are changed:

            A = [A_q; A_v]  [R_q + R_v, in]        B = [s_q B_q  0     ]
                                                       [0        0     ]
                                                       [0        s_v B_v]
        """
        changed = {module: changes[module] for module in self.shapes if module in changes}
        if not changed:
            return None
        ranks = sum(len(change.A) for change in changed.values())
        up = self._like.new_zeros(sum(out for out, _ in self.shapes.values()), ranks)
        row = column = 0
        for module, (out, _) in self.shapes.items():
            if module in changed:
                B = changed[module].scale * changed[module].B
                up[row : row + out, column : column + B.shape[1]] = B
                column += B.shape[1]
            row += out
        down = torch.cat([change.A for change in changed.values()]).to(self._like)
        return Change(Linear(down), Linear(up))


Tuning = Mapping[str, Change]


def tune(projections: Sequence[Projection], changes: Mapping[str, LowRank]) -> Tuning:
    """The changes of a mix, by the name of the projection they belong to.

    Raises KeyError if `changes` has a module that none of the projections holds.
    """
    known = {module for projection in projections for module in projection.shapes}
    if unknown := sorted(changes.keys() - known):
        raise KeyError(f"no projection holds {unknown[0]}")
    made = {projection.name: projection.change(changes) for projection in projections}
    return {name: change for name, change in made.items() if change is not None}
