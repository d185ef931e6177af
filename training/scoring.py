"""Exact log-probabilities of clips under a MusicGen decoder.

A decoder reads the delayed codes and predicts column j + 1 from the columns up to j (see `engine.delay`). For
two codebooks, three frames, waits 0 and 1 (P is padding; kt is codebook k's code at frame t):

    read     P   00  01  02        predicted    00  01  02  P         counts    1  1  1  0
             P   P   10  11                     P   10  11  12                  0  1  1  1

Codes stay in their columns: to line the logits up by frames would copy the largest tensor there is.
Shapes: B clips, K codebooks, T frames, C = T + the longest wait columns, V codes, S text tokens, D hidden.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from engine.delay import delayed

_ROWS = 1024  # so many positions at a time: their logits of one codebook stay in the processor's cache


@dataclass(frozen=True)
class Layout:
    """How a model's codes lie: the `waits` of its K codebooks, and the token that is padding (V)."""

    waits: tuple[int, ...]
    pad: int


@dataclass(frozen=True, eq=False)
class Clips:
    """Clips to score. `codes` [B, K, T] are padded on the right with V; `frames` [B] counts those that are
    not padding, `given` [B] those at the front that are not to be scored; the text is `states` [B, S, D],
    of which `mask` [B, S] marks the tokens."""

    codes: Tensor
    frames: Tensor
    given: Tensor
    states: Tensor
    mask: Tensor

    @property
    def scored(self) -> Tensor:
        """Which codes count, bool [B, K, T]."""
        B, K, T = self.codes.shape
        frame = torch.arange(T, device=self.codes.device)
        counts = (frame < self.frames[:, None]) & (frame >= self.given[:, None])
        return counts[:, None].expand(B, K, T)


def predictions(decoder: Any, clips: Clips, layout: Layout) -> Tensor:
    """The logits [B, K, C, V] of each column of `clips`. `decoder` is a MusicgenForCausalLM, bare or wrapped
    by PEFT or accelerate."""
    B, K, _ = clips.codes.shape
    sequence = delayed(clips.codes, list(layout.waits), layout.pad)
    logits: Tensor = decoder(
        input_ids=sequence[..., :-1].reshape(B * K, -1),
        encoder_hidden_states=clips.states,
        encoder_attention_mask=clips.mask,
        use_cache=False,
    ).logits
    return logits.view(B, K, -1, logits.shape[-1])


def code_logps(decoder: Any, clips: Clips, layout: Layout) -> Tensor:
    """The log-probability of the code in each column [B, K, C] in float32, 0 where it does not count.

    As `token_logps` of `predictions`, but no logits are kept: each head scores its codes and works out the
    gradient for its input on the way, so that the largest tensors there are, [B, K, C, V], never exist.
    """
    heads = _heads_of(decoder)
    if not all(type(head) is nn.Linear and not head.weight.requires_grad for head in heads):
        return token_logps(predictions(decoder, clips, layout), clips, layout)
    codes = _codes_of(clips, layout).clamp(max=heads[0].out_features - 1)
    with _heads_score(heads, codes.unbind(1)):
        found = predictions(decoder, clips, layout)[..., 0]
    return found.masked_fill(~counted(clips, layout), 0.0)


def counted(clips: Clips, layout: Layout) -> Tensor:
    """Which predictions count, bool [B, K, C]."""
    return delayed(clips.scored.long(), list(layout.waits), 0)[..., 1:].bool()


def token_logps(logits: Tensor, clips: Clips, layout: Layout) -> Tensor:
    """The log-probability of the code in each column [B, K, C] in float32, 0 where it does not count."""
    V = logits.shape[-1]
    codes = _codes_of(clips, layout).clamp(max=V - 1)
    logps = -F.cross_entropy(logits.float().flatten(0, 2), codes.flatten(), reduction="none")
    return logps.view_as(codes).masked_fill(~counted(clips, layout), 0.0)


def divergence(policy: Tensor, reference: Tensor, clips: Clips, layout: Layout) -> Tensor:
    """KL(policy || reference) in nats, mean over each clip's counted codes [B], from logits [B, K, C, V]."""
    theirs, ours = policy.float().log_softmax(-1), reference.float().log_softmax(-1)
    counts = counted(clips, layout)
    by_code = (theirs.exp() * (theirs - ours)).sum(-1).masked_fill(~counts, 0.0)
    return by_code.sum((1, 2)) / counts.sum((1, 2))


def _codes_of(clips: Clips, layout: Layout) -> Tensor:
    """The code that each column predicts [B, K, C]."""
    return delayed(clips.codes, list(layout.waits), layout.pad)[..., 1:]


def _heads_of(decoder: Any) -> Any:
    """The heads of a MusicgenForCausalLM, bare or wrapped, in the order of the codebooks."""
    return next(module for name, module in decoder.named_modules() if name.split(".")[-1] == "lm_heads")


@contextmanager
def _heads_score(heads: Any, codes: Sequence[Tensor]) -> Iterator[None]:
    """Within, a head gives the log-probability [B, C, 1] of its `codes` [B, C] instead of logits."""
    for head, wanted in zip(heads, codes, strict=True):
        head.forward = partial(_head_logps, head, wanted)
    try:
        yield
    finally:
        for head in heads:
            del head.forward


def _head_logps(head: nn.Linear, codes: Tensor, states: Tensor) -> Tensor:
    kind = states.device.type
    dtype = torch.get_autocast_dtype(kind) if torch.is_autocast_enabled(kind) else states.dtype
    with torch.autocast(kind, enabled=False):
        rows, weight = states.reshape(-1, states.shape[-1]).to(dtype), head.weight.to(dtype)
        found: Tensor = _Logps.apply(rows, weight, codes.flatten())
    return found.view(*codes.shape, 1)


class _Logps(torch.autograd.Function):
    """Log-probabilities [N] of codes [N] from states [N, D] and a frozen head [V, D].

    d log p(c) / d state = W[c] - sum_v p(v) W[v]: known as soon as the probabilities are, which then need not
    be kept.
    """

    @staticmethod
    def forward(ctx: Any, states: Tensor, weight: Tensor, codes: Tensor) -> Tensor:
        found = torch.empty(len(states), dtype=torch.float32, device=states.device)
        pull = torch.empty_like(states) if ctx.needs_input_grad[0] else None
        for start in range(0, len(states), _ROWS):
            part = slice(start, start + _ROWS)
            logps = (states[part] @ weight.T).float().log_softmax(-1)
            found[part] = logps.gather(-1, codes[part, None])[:, 0]
            if pull is not None:
                pull[part] = weight[codes[part]] - logps.exp_().to(weight.dtype) @ weight
        if pull is not None:
            ctx.save_for_backward(pull)
        return found

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor, None, None]:
        (pull,) = ctx.saved_tensors
        return gradient[:, None].to(pull.dtype) * pull, None, None
