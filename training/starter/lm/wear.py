"""Faults put into what the model reads while it learns to predict what is right.

Left to itself, a model reads its own mistakes. The worst is a chord or a silence that goes on: while
training, music that has stood still for a while mostly stands still on, so once it has begun it never ends.
Here a stretch is heard wrong, and what has to be predicted, in it and after it, is what was before:

    codes   a b c d a b c d a b c d
    heard   a b c d a b b b b b c d     held from the sixth frame on
    heard   a b c d c d a b c d c d     out of step by two in the middle

(the older idea is scheduled sampling, Bengio et al. 2015, https://arxiv.org/abs/1506.03099; this needs no
second pass.)
"""

import random

import torch
from torch import Tensor

_STRETCHES = 3  # at most, in a clip
_SHORTEST, _LONGEST = 4, 128  # frames
_NOISE = 0.1  # at most so many codes are any other of the same codebook in the clip


def worn(codes: Tensor, books: tuple[int, ...], share: float, rng: random.Random) -> Tensor:
    """Codes [B, K, T] -> as they are heard: a `share` of the clips has faults.

    `books` counts the codebooks of each stem; a fault is in one stem or in all.
    """
    heard = codes.clone()
    for clip in heard:
        if rng.random() < share:
            _wear(clip, books, rng)
    return heard


def _wear(clip: Tensor, books: tuple[int, ...], rng: random.Random) -> None:
    K, T = clip.shape
    generator = torch.Generator().manual_seed(rng.getrandbits(63))
    elsewhere = torch.randint(0, T, (K, T), generator=generator)
    noisy = torch.rand(K, T, generator=generator) < _NOISE * rng.random()
    clip.copy_(torch.where(noisy, clip.gather(1, elsewhere), clip))
    for _ in range(rng.randint(1, _STRETCHES)):
        length = min(T - 1, round(_SHORTEST * (_LONGEST / _SHORTEST) ** rng.random()))
        start = rng.randrange(T - length)
        stretch = clip[_stem(books, rng), start : start + length]
        if rng.random() < 0.6:
            stretch.copy_(stretch[:, :1].clone().expand_as(stretch))
        else:
            stretch.copy_(stretch.roll(rng.randrange(length), dims=1))


def _stem(books: tuple[int, ...], rng: random.Random) -> slice:
    """The codebooks of one stem, or (half of the times) of all."""
    if rng.random() < 0.5:
        return slice(None)
    stem = rng.randrange(len(books))
    return slice(sum(books[:stem]), sum(books[: stem + 1]))
