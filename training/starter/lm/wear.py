"""Faults put into what the model reads while it learns to predict what is right.

Left to itself, a model reads its own mistakes. The worst is a chord or a silence that goes on: while
training, music that has stood still for a while mostly stands still on, so once it has begun it never ends.
Here a stretch is heard wrong, and what has to be predicted, in it and after it, is what was before:

    codes   a b c d a b c d a b c d
    heard   a b c d a b b b b b c d     held from the sixth frame on
    heard   a b c d c d a b c d c d     out of step by two in the middle
    heard   . . . . . . . . a b c d     silent up to the middle, all stems together

(the older idea is scheduled sampling, Bengio et al. 2015, https://arxiv.org/abs/1506.03099; this needs no
second pass.)
"""

import random

import torch
from torch import Tensor

_SHORTEST = 4  # frames of a stretch
_STEM_SHARE = 0.4  # of the stems of a clip with faults
_NOISE = 0.1  # at most so many codes are any other of the same codebook in the clip
_LOST = 0.2  # of the clips with faults: nothing but noise is heard over the metre
_MUTE = 0.2  # of them: nothing is heard over the metre for a while, half of the times from the beginning


def worn(codes: Tensor, parts: tuple[int, ...], silence: Tensor, share: float, rng: random.Random) -> Tensor:
    """Codes [B, K, T] -> as they are heard: a `share` of the clips has faults.

    `parts` counts the codebooks of the metre, which never fails, and of each stem; `silence` are the stems'
    codes for it. Stems fail one by one, so that a stem learns to go on as it was while another has left the
    way; half of the times all fail together, too. In some clips nothing is left but the metre: it must be
    counted whatever sounds, or it is lost with the first wrong notes, and what sounds must be found from it
    again. In some it is so silent as music never is for long; a model that has not heard that goes on with
    it, and its clip stays silent.
    """
    heard = codes.clone()
    for clip in heard:
        if rng.random() < share:
            _wear(clip[parts[0] :], parts[1:], silence, rng)
    return heard


def _wear(clip: Tensor, stems: tuple[int, ...], silence: Tensor, rng: random.Random) -> None:
    generator = torch.Generator().manual_seed(rng.getrandbits(63))
    kind = rng.random()
    if kind < _LOST:
        clip.copy_(_noisy(clip, 1.0, generator))
        return
    if kind < _LOST + _MUTE:
        start, length = _stretch(clip.shape[1], clip.shape[1], rng)
        start = start if rng.random() < 0.5 else 0
        clip[:, start : start + length] = silence[:, None]
        return
    clip.copy_(_noisy(clip, _NOISE * rng.random(), generator))
    for stem in clip.split(stems):
        if rng.random() < _STEM_SHARE:
            _fail(stem, stem.shape[1] - 1, rng, generator)
    if rng.random() < 0.5:
        _fail(clip, clip.shape[1] // 4, rng, generator)


def _fail(rows: Tensor, longest: int, rng: random.Random, generator: torch.Generator) -> None:
    """A stretch of `rows` [k, T] is held, out of step, or noise."""
    start, length = _stretch(max(longest, 1), rows.shape[1] - 1, rng)
    stretch = rows[:, start : start + length]
    match rng.choice(("held", "out of step", "noise")):
        case "held":
            stretch.copy_(stretch[:, :1].clone().expand_as(stretch))
        case "out of step":
            stretch.copy_(stretch.roll(rng.randrange(length), dims=1))
        case _:
            stretch.copy_(_noisy(rows, rng.random(), generator)[:, start : start + length])


def _stretch(longest: int, frames: int, rng: random.Random) -> tuple[int, int]:
    """Where a stretch begins in `frames` frames, and its length: up to `longest`, as often short as long."""
    shortest = min(_SHORTEST, longest)
    length = round(shortest * (longest / shortest) ** rng.random())
    return rng.randint(0, frames - length), length


def _noisy(rows: Tensor, share: float, generator: torch.Generator) -> Tensor:
    """Rows [k, T], a `share` of whose codes are those of any other frame."""
    elsewhere = torch.randint(0, rows.shape[1], rows.shape, generator=generator)
    return torch.where(torch.rand(rows.shape, generator=generator) < share, rows.gather(1, elsewhere), rows)
