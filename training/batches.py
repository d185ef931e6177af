"""Pairs as a batch of tensors.

Two pairs, one codebook, chosen clips of 3 and 2 frames, rejected ones of 2 and 3; P is padding. The chosen
come first, then the rejected, as TRL has them; a pair's text is kept once, for both of its clips:

    codes      [[a a a],     frames  3    states  [[x x x],    mask  [[1 1 1],
                [b b P],             2             [y y 0]]           [1 1 0]]
                [c c P],             2
                [d d d]]             3
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from engine.pairs import SOUNDNESS, Pair, Side
from engine.recipe import Direction
from training.scoring import Clips, Layout


def sides(pair: Pair, direction: Direction) -> tuple[Side, Side]:
    """The clip to prefer and the other one: to lower a metric, they are swapped; soundness is not."""
    if direction == "positive" or pair.metric == SOUNDNESS:
        return pair.chosen, pair.rejected
    return pair.rejected, pair.chosen


@dataclass(frozen=True, eq=False)
class Example:
    """A pair ready to be collated. `states` [S, D] are its text's; `references` [2] the log-probabilities of
    its two clips under the reference, None if they are worked out while training."""

    better: np.ndarray
    worse: np.ndarray
    given: int
    states: Tensor
    references: tuple[float, float] | None


@dataclass(frozen=True, eq=False)
class Examples(torch.utils.data.Dataset[Example]):
    """The examples of `pairs`, in their order. References are looked up by `clip_key`."""

    pairs: Sequence[Pair]
    direction: Direction
    states: Mapping[str, Tensor]
    references: Mapping[str, float] | None

    def __len__(self) -> int:
        return len(self.pairs)

    def __getitem__(self, index: int) -> Example:
        pair = self.pairs[index]
        better, worse = sides(pair, self.direction)
        found = None
        if self.references is not None:
            first, second = (self.references[clip_key(pair, side)] for side in (better, worse))
            found = (first, second)
        return Example(better.codes, worse.codes, pair.prompt_frames, self.states[pair.prompt], found)


def clip_key(pair: Pair, side: Side) -> str:
    """Names a clip under its prompt, by content: what its log-probability depends on, beside the model."""
    text = f"{side.id} {pair.prompt_frames} {pair.prompt}"
    return hashlib.sha256(text.encode()).hexdigest()[:24]


def collate(examples: Sequence[Example], layout: Layout) -> dict[str, Tensor]:
    """A batch of B pairs: states [B, S, D] and mask [B, S]; codes [2B, K, T], frames and given [2B];
    references [2B] if all have them."""
    states, mask = padded_states([example.states for example in examples])
    codes, frames = padded_codes(
        [example.better for example in examples] + [example.worse for example in examples], layout.pad
    )
    batch = {
        "states": states,
        "mask": mask,
        "codes": codes,
        "frames": frames,
        "given": torch.tensor([example.given for example in examples] * 2),
    }
    references = [example.references for example in examples if example.references is not None]
    if len(references) == len(examples):
        batch["references"] = torch.tensor(references, dtype=torch.float32).T.flatten()
    return batch


def clips_of(batch: Mapping[str, Any]) -> Clips:
    """The 2B clips of a collated batch, each with its text."""
    return Clips(
        codes=batch["codes"],
        frames=batch["frames"],
        given=batch["given"],
        states=batch["states"].repeat(2, 1, 1),
        mask=batch["mask"].repeat(2, 1),
    )


def padded_codes(codes: Sequence[np.ndarray], pad: int) -> tuple[Tensor, Tensor]:
    """Codes [K, T_i] -> [B, K, T], padded on the right, and their frames [B]."""
    frames = torch.tensor([clip.shape[1] for clip in codes])
    batch = torch.full((len(codes), codes[0].shape[0], int(frames.max())), pad)
    for row, clip in zip(batch, codes, strict=True):
        row[:, : clip.shape[1]] = torch.from_numpy(clip.astype(np.int64))
    return batch, frames


def padded_states(states: Sequence[Tensor]) -> tuple[Tensor, Tensor]:
    """States [S_i, D] -> [B, S, D], zero where padded, and the mask [B, S] of what is not."""
    batch = torch.nn.utils.rnn.pad_sequence(list(states), batch_first=True)
    lengths = torch.tensor([len(text) for text in states])
    mask = torch.arange(batch.shape[1]) < lengths[:, None]
    return batch, mask.long()
