"""Exact log-probabilities of clips under a MusicGen decoder.

A decoder reads the delayed codes and predicts column j + 1 from the columns up to j (see `engine.delay`). For
two codebooks, three frames, waits 0 and 1 (P is padding; kt is codebook k's code at frame t):

    read     P   00  01  02        predicted    00  01  02  P         counts    1  1  1  0
             P   P   10  11                     P   10  11  12                  0  1  1  1

Codes stay in their columns: to line the logits up by frames would copy the largest tensor there is.
Shapes: B clips, K codebooks, T frames, C = T + the longest wait columns, V codes, S text tokens, D hidden.
"""

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.delay import delayed


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


def counted(clips: Clips, layout: Layout) -> Tensor:
    """Which predictions count, bool [B, K, C]."""
    return delayed(clips.scored.long(), list(layout.waits), 0)[..., 1:].bool()


def token_logps(logits: Tensor, clips: Clips, layout: Layout) -> Tensor:
    """The log-probability of the code in each column [B, K, C] in float32, 0 where it does not count."""
    V = logits.shape[-1]
    codes = delayed(clips.codes, list(layout.waits), layout.pad)[..., 1:].clamp(max=V - 1)
    logps = -F.cross_entropy(logits.float().flatten(0, 2), codes.flatten(), reduction="none")
    return logps.view_as(codes).masked_fill(~counted(clips, layout), 0.0)


def divergence(policy: Tensor, reference: Tensor, clips: Clips, layout: Layout) -> Tensor:
    """KL(policy || reference) in nats, mean over each clip's counted codes [B], from logits [B, K, C, V]."""
    theirs, ours = policy.float().log_softmax(-1), reference.float().log_softmax(-1)
    counts = counted(clips, layout)
    by_code = (theirs.exp() * (theirs - ours)).sum(-1).masked_fill(~counts, 0.0)
    return by_code.sum((1, 2)) / counts.sum((1, 2))
