"""What rounding the language model's weights costs on held-out clips, by the engine's own decoder."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.codecs import drawn_codebooks
from engine.decoder import Condition, Decoder
from engine.delay import columns, delayed, delays
from engine.job import Product
from engine.linear import has_fbgemm
from engine.model import Model, load_model
from engine.precision import multiplies_bf16
from training.starter.corpus.caption import paper_caption
from training.starter.report.clips import RealClip

_TOGETHER = 16  # clips read at once


@dataclass(frozen=True)
class Rounding:
    """Mean loss in nats a drawn code, over that of float32, and KL(float32 || rounded) in nats a code."""

    loss_ratio: float
    kl: float


def rounded_products() -> list[Product]:
    """The products of this processor that round more than float32's."""
    found: list[Product] = []
    if has_fbgemm():
        found += ["fp16", "int8"]
    if multiplies_bf16():
        found += ["bf16"]
    return found


@torch.inference_mode()
def roundings_of(
    folder: Path, products: Sequence[Product], clips: Sequence[RealClip]
) -> dict[Product, Rounding]:
    """What each product costs on clips under their captions, each code predicted from the true ones before
    it; float32 is read once beside all of them."""
    exact = load_model(folder, precision="fp32")
    decoders = [load_model(folder, precision=product).decoder for product in products]
    drawn = drawn_codebooks(exact.codec)
    exactly, count = 0.0, 0
    rounded = torch.zeros(len(products), 2, dtype=torch.float64)  # loss and divergence of each
    for states, codes in _together(exact, clips):
        read = [predictions(decoder, states, codes) for decoder in (exact.decoder, *decoders)]
        for (k, target, logits), *others in zip(*read, strict=True):
            if k in drawn:
                p = F.log_softmax(logits, -1)
                exactly += float(F.nll_loss(p, target, reduction="sum"))
                count += len(target)
                for row, (_, _, near) in zip(rounded, others, strict=True):
                    q = F.log_softmax(near, -1)
                    row[0] += F.nll_loss(q, target, reduction="sum")
                    row[1] += F.kl_div(q, p, reduction="sum", log_target=True)
    found = zip(products, rounded.tolist(), strict=True)
    return {product: Rounding(loss / exactly, divergence / count) for product, (loss, divergence) in found}


def predictions(
    decoder: Decoder, states: Sequence[Tensor], codes: Tensor
) -> Iterator[tuple[int, Tensor, Tensor]]:
    """Of each codebook and frame of codes [B, K, T] under text states [S, D], one of each clip: its number,
    the codes [B] and the logits [B, V] that predict them from all before."""
    spec = decoder.spec
    B, _, T = codes.shape
    waits = delays(spec.codebooks, spec.channels)
    block, _ = decoder.start([None] * B, False, Condition(states), columns(T, waits))
    sequence = F.pad(delayed(codes, waits, spec.pad), (0, 0, 0, 0, 0, block.rows - B), value=spec.pad)
    for column in range(columns(T, waits) - 1):
        logits = decoder.step(block, sequence[..., column])[:B]
        for k, wait in enumerate(waits):
            if 0 <= column - wait < T:
                yield k, codes[:, k, column - wait], logits[:, k]


def _together(model: Model, clips: Sequence[RealClip]) -> Iterator[tuple[list[Tensor], Tensor]]:
    """States [S, D] of each of some clips' captions, and their codes [B, K, T]."""
    by_length = sorted(clips, key=lambda clip: len(paper_caption(clip.description)))
    for start in range(0, len(clips), _TOGETHER):
        some = by_length[start : start + _TOGETHER]
        states = [model.read_prompt(paper_caption(clip.description)) for clip in some]
        yield states, torch.stack([clip.codes for clip in some])
