"""Linear layers for decoding: a row's result depends neither on the number of threads nor on other rows.

A matrix product adds up in an order that its kernel chooses. MKL's choice depends on the number of
threads, so the last bits of a logit do, and once in a while a sampled token. These kernels do not:

* fp32, bf16: oneDNN's product with a weight it has packed adds up each element in one thread and in one
  order; it is also faster for the few rows of a decoding step. Rows are float32 going in and coming out.
* fp16: FBGEMM's product of float32 rows with a weight in half precision, which is summed up in float32. A
  step's time goes into reading weights, so it takes half of fp32's; weights that were stored in half
  precision, as the starter's, lose nothing. On CUDA it is CUDA's own.
* int8: FBGEMM's product of bytes adds up integers, whose order does not matter. A weight has a scale for
  each output, a row has its own: a scale for all rows, as torch's dynamic quantization has, would make a
  clip depend on those decoded beside it.

Among how many rows a row is the same bits as among ROWS is asked of the processor: `steady`. The small
factors of a few adapters are multiplied with each row by itself (`SmallChange`).
"""

import math
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.adapters import LowRank
from engine.job import Product
from engine.merge import merge

ROWS = 4  # oneDNN is faster with four rows than with two
MOST_ROWS = 48

Kernel = Callable[[Tensor], Tensor]

DTYPES: Mapping[Product, torch.dtype] = {
    "fp32": torch.float32,
    "fp16": torch.float16,
    "bf16": torch.bfloat16,
}
BYTES: Mapping[Product, int] = {"fp32": 4, "fp16": 2, "bf16": 2, "int8": 1}

# What a call costs beside its bytes, told in bytes that could have been read meanwhile (measured: 20 us
# at 30 GB/s; `tunedial bench decode --only pair` shows what is predicted beside what is measured).
CALL_BYTES = 600_000
# Numbers in the factors of a change up to which `SmallChange` is faster: two or three adapters of rank 8 at
# musicgen-small's width (measured with one to four, and with eight pairs at once).
SMALL = 200_000


class Linear:
    """Rows [N, in] -> [N, out] by a weight [out, in], no bias. Never changes its weight."""

    def __init__(self, weight: Tensor, product: Product = "fp32") -> None:
        self.shape = (weight.shape[0], weight.shape[1])
        self.product = product
        self._kernel = _kernel(weight, product)

    def __call__(self, rows: Tensor) -> Tensor:
        """The product [N, out], in the dtype of the rows."""
        return self._kernel(rows)

    @property
    def bytes(self) -> int:
        """What a product reads of the weight."""
        return math.prod(self.shape) * BYTES[self.product]


def has_fbgemm() -> bool:
    """Whether there are FBGEMM's products for this processor: they are for x86."""
    return "fbgemm" in torch.backends.quantized.supported_engines


def steady(linears: Iterable[Linear], most: int = MOST_ROWS) -> list[int]:
    """How many rows, up to `most`, these may read at once so that each gets the same bits as among ROWS.

    From the most down to ROWS itself, all multiples of it; tried once a shape, as far as it is asked for.
    """
    sizes = set(range(ROWS, most + 1, ROWS))
    for linear in linears:
        sizes &= _steady(linear.shape, linear.product, most)
    return sorted(sizes, reverse=True)


@cache
def _steady(shape: tuple[int, int], product: Product, most: int) -> frozenset[int]:
    random = torch.Generator().manual_seed(0)
    linear = Linear(torch.randn(shape, generator=random), product)
    rows = torch.randn(most, shape[1], generator=random)
    few = torch.cat([linear(some) for some in torch.split(rows, ROWS)])
    sizes = range(ROWS, most + 1, ROWS)
    return frozenset(size for size in sizes if torch.equal(linear(rows[:size]), few[:size]))


def _kernel(weight: Tensor, product: Product) -> Kernel:
    if product == "int8":
        return _bytes(weight)
    if product == "fp16" and weight.device.type == "cpu":
        return _halves(weight)
    return _floats(weight.to(DTYPES[product]))


def _halves(weight: Tensor) -> Kernel:
    packed = torch.ops.quantized.linear_prepack_fp16(weight.float(), None)
    product = torch.ops.quantized.linear_dynamic_fp16
    return lambda rows: product(rows.float(), packed).to(rows.dtype)


def _floats(weight: Tensor) -> Kernel:
    if weight.device.type != "cpu" or not _packs():
        return lambda rows: F.linear(rows.to(weight.dtype), weight).to(rows.dtype)
    packed = torch.ops.mkldnn._reorder_linear_weight(weight.contiguous(), ROWS)
    pointwise = torch.ops.mkldnn._linear_pointwise

    def product(rows: Tensor) -> Tensor:
        made: Tensor = pointwise(rows.to(weight_dtype), packed, None, "none", [], "")
        return made.to(rows.dtype)

    weight_dtype = weight.dtype
    return product


def _packs() -> bool:
    return hasattr(torch.ops.mkldnn, "_linear_pointwise")


def _bytes(weight: Tensor) -> Kernel:
    """W ~ s_out * q_W, x ~ s_row * q_x with whole q in [-127, 127]: W x ~ s_out * s_row * (q_W q_x).

    The rows are brought into [-1, 1] and FBGEMM rounds them to multiples of 1 / levels, which it stores
    from 1 on. Without VNNI it adds up two products in 16 bits: those of 255 and 127 overflow, those of
    127 and 127 do not.
    """
    levels = 127 if torch.cpu._is_vnni_supported() else 63
    scales = weight.abs().amax(1).clamp_(min=1e-30).div_(127)
    with warnings.catch_warnings():
        # torch.quantize_per_channel is the only way to FBGEMM's packed weight, and is to go.
        warnings.simplefilter("ignore", UserWarning)
        zeros = torch.zeros(len(scales), dtype=torch.int64)
        quantized = torch.quantize_per_channel(weight, scales, zeros, 0, torch.qint8)
    packed = torch.ops.quantized.linear_prepack(quantized, None)
    pointwise = torch.ops.quantized.linear_with_input_q_dq_qweight_dq_output_fp32

    def product(rows: Tensor) -> Tensor:
        size = rows.abs().amax(-1, keepdim=True).clamp_(min=1e-30)
        made: Tensor = pointwise(rows / size, 1 / levels, levels + 1, packed)
        return made.mul_(size)

    return product


@dataclass(frozen=True)
class Change:
    """A low-rank change of a projection: rows [N, in] -> up(down(rows)) [N, out], to be added."""

    down: Linear
    up: Linear

    def __call__(self, rows: Tensor) -> Tensor:
        """What the change adds to the projection of `rows`."""
        return self.up(self.down(rows))


@dataclass(frozen=True)
class SmallChange:
    """A change whose factors A [in, r] and B [r, out] are so small that calls cost more than products.

    A batch of products [1, in] [in, r] [r, out] takes each row by itself: no row that is not tuned is
    multiplied, and the second product adds to what is there. Whether the bits of a row are then its own
    is asked of the processor, `alone`; with MKL they are not where r is 1, 5, 6, 7 or 9.
    """

    A: Tensor
    B: Tensor

    def __call__(self, rows: Tensor) -> Tensor:
        """What the change adds to the projection of `rows` [N, in]: [N, out]."""
        return torch.bmm(self._inner(rows), self.B.expand(len(rows), *self.B.shape))[:, 0]

    def add(self, out: Tensor, rows: Tensor) -> None:
        """Add it to `out` [N, out], the projection of `rows` [N, in]."""
        out[:, None].baddbmm_(self._inner(rows), self.B.expand(len(rows), *self.B.shape))

    def _inner(self, rows: Tensor) -> Tensor:
        return torch.bmm(rows[:, None], self.A.expand(len(rows), *self.A.shape))  # [N, 1, r]


@cache
def alone(into: int, r: int, out: int) -> bool:
    """Whether a row gets the same bits from a `SmallChange` of these sizes by itself and among others."""
    random = torch.Generator().manual_seed(0)
    change = SmallChange(*(torch.randn(shape, generator=random) for shape in ((into, r), (r, out))))
    rows, zeros = torch.randn(MOST_ROWS, into, generator=random), torch.zeros(MOST_ROWS, out)
    for size in (1, 2, 3, 4, 16, MOST_ROWS):
        made = zeros.clone()
        for some, onto in zip(torch.split(rows, size), torch.split(made, size), strict=True):
            change.add(onto, some)
        if size == 1:
            first = made
        elif not torch.equal(made, first):
            return False
    return True


class Projection:
    """Linear modules that read the same rows, fused into one: rows [N, in] -> [N, out_1 + out_2 + ...]."""

    def __init__(self, weights: Mapping[str, Tensor], product: Product = "fp32") -> None:
        """`weights` [out_i, in] by module name, in the order of the outputs."""
        self.name = next(iter(weights))
        self.shapes = {module: tuple(weight.shape) for module, weight in weights.items()}
        self._like = next(iter(weights.values())).new_empty(0)
        self.linear = Linear(torch.cat(list(weights.values())), product)
        self._last: tuple[list[Tensor], Linear] | None = None

    def touched(self, changes: Mapping[str, LowRank]) -> dict[str, LowRank]:
        """Those of `changes` that change one of these modules."""
        return {module: changes[module] for module in self.shapes if module in changes}

    def change(self, changes: Mapping[str, LowRank]) -> Change | SmallChange | None:
        """The changes of these modules as one, None if none of them is changed.

        For q, k, v of which q and v are changed:

            A = [A_q; A_v]  [R_q + R_v, in]        B = [s_q B_q  0     ]
                                                       [0        0     ]
                                                       [0        s_v B_v]
        """
        changed = self.touched(changes)
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
        factors = [change.A for change in changed.values()]
        if self._is_small(ranks):
            return SmallChange(torch.cat(factors).to(up).T.contiguous(), up.T.contiguous())
        return Change(self._down(factors), Linear(up, self.change_product))

    def _is_small(self, ranks: int) -> bool:
        out, into = self.linear.shape
        return ranks * (out + into) <= SMALL and alone(into, ranks, out)

    def change_cost(self, ranks: int) -> int:
        """What a step pays for changes of so many ranks in all: bytes, see `costs`."""
        numbers = ranks * sum(self.linear.shape)
        if self._is_small(ranks):
            return numbers * self._like.itemsize + 2 * CALL_BYTES
        return numbers * BYTES[self.change_product] + 3 * CALL_BYTES

    @property
    def change_product(self) -> Product:
        """What changes are multiplied in: as the weights are, but fp16 beside int8."""
        return "fp16" if self.linear.product == "int8" else self.linear.product

    def _down(self, factors: list[Tensor]) -> Linear:
        """The factors A as one. A knob that is turned on does not change them: the last ones are kept."""
        if self._last is None or [*map(id, self._last[0])] != [*map(id, factors)]:
            self._last = factors, Linear(torch.cat(factors).to(self._like), self.change_product)
        return self._last[1]

    def merged(self, weights: Mapping[str, Tensor], changes: Mapping[str, LowRank]) -> Linear | None:
        """The changed projection as a weight of its own, None if nothing changes; `weights` by name."""
        changed = self.touched(changes)
        if not changed:
            return None
        base = {f"{module}.weight": weights[f"{module}.weight"] for module in self.shapes}
        factors = torch.bfloat16 if self.linear.product == "bf16" else torch.float32
        made = [weight.to(factors) for weight in (base | merge(base, changed, factors)).values()]
        return Linear(torch.cat(made), self.linear.product)


@dataclass(frozen=True)
class Tuning:
    """The changes of a mix by the name of the projection they belong to; a Linear takes its place."""

    parts: Mapping[str, Change | SmallChange | Linear]

    @property
    def merged(self) -> bool:
        """Whether the changed weights are a second copy beside the base's."""
        return any(isinstance(part, Linear) for part in self.parts.values())

    @property
    def linears(self) -> list[Linear]:
        """Its products of several rows at once."""
        changes = [(part.down, part.up) for part in self.parts.values() if isinstance(part, Change)]
        merged = [part for part in self.parts.values() if isinstance(part, Linear)]
        return merged + [linear for both in changes for linear in both]


def tune(
    projections: Sequence[Projection],
    changes: Mapping[str, LowRank],
    weights: Mapping[str, Tensor],
    merged: bool | None = None,
) -> Tuning:
    """The changes of a mix, added while decoding or merged into a second copy: what `costs` finds cheaper.

    `weights` holds the base's, `<module>.weight`; `merged` asks for one of the two whatever it costs.
    Raises KeyError if `changes` has a module that none of the projections holds.
    """
    known = {module for projection in projections for module in projection.shapes}
    if unknown := sorted(changes.keys() - known):
        raise KeyError(f"no projection holds {unknown[0]}")
    if merged is None:
        live, copy = costs(projections, changes)
        merged = copy < live
    made: dict[str, Change | SmallChange | Linear | None] = {
        p.name: p.merged(weights, changes) if merged else p.change(changes) for p in projections
    }
    return Tuning({name: part for name, part in made.items() if part is not None})


def costs(projections: Sequence[Projection], changes: Mapping[str, LowRank]) -> tuple[int, int]:
    """What a step pays for changes that are added while decoding, and for a second, merged copy: in bytes.

    A function of shapes alone, so that a mix is decoded in the same way every time: which of the two it is
    changes the last bits. Cost is bytes to be read + CALL_BYTES for each product and each sum.
    """
    live = copy = 0
    for projection in projections:
        if changed := projection.touched(changes):
            live += projection.change_cost(sum(len(change.A) for change in changed.values()))
            copy += projection.linear.bytes + 2 * CALL_BYTES
    return live, copy
