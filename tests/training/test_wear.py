import random

import torch
from hypothesis import given
from hypothesis import strategies as st

from training.starter.lm.wear import worn

PARTS = (1, 2, 2, 4)
SILENCE = -torch.arange(1, 9)


def clips(count: int, frames: int = 200) -> torch.Tensor:
    """Codes [count, 9, frames] that tell their clip, codebook and frame."""
    return torch.arange(count * 9 * frames).view(count, 9, frames)


@given(st.integers(0, 2**32), st.integers(2, 80))
def test_a_code_is_heard_in_its_own_codebook_of_its_own_clip(seed: int, frames: int) -> None:
    codes = clips(3, frames)
    heard = worn(codes, PARTS, SILENCE, 1.0, random.Random(seed))
    mute = heard[:, 1:] == SILENCE[:, None]
    heard[:, 1:][mute] = codes[:, 1:][mute]
    assert torch.equal(heard // frames, codes // frames)
    assert torch.equal(codes, clips(3, frames))


def test_only_a_share_of_the_clips_has_faults() -> None:
    codes = clips(400, 40)
    touched = (worn(codes, PARTS, SILENCE, 0.3, random.Random(0)) != codes).flatten(1).any(1)
    assert 0.22 < touched.float().mean() < 0.36


def test_stretches_stand_still_in_all_stems_or_in_one() -> None:
    heard = worn(clips(100), PARTS, SILENCE, 1.0, random.Random(0))
    still = (heard[..., 1:] == heard[..., :-1]).float().unfold(2, 20, 1).mean(3).gt(0.8).any(2)  # [B, K]
    together = {tuple(clip.tolist()) for clip in still[:, 1:]}
    assert (True,) * 8 in together
    assert any(clip[:4] == (False,) * 4 and clip[4:] == (True,) * 4 for clip in together)


def test_silence_comes_over_all_stems_of_a_fifth_of_the_clips_often_from_the_beginning() -> None:
    mute = worn(clips(400), PARTS, SILENCE, 1.0, random.Random(0))[:, 1:] == SILENCE[:, None]
    assert torch.equal(mute.any(1), mute.all(1))
    silent = mute.all(1)  # [B, T]
    some = silent.any(1)
    assert 0.14 < some.float().mean() < 0.26
    assert 0.35 < silent[some, 0].float().mean() < 0.65
    starts = (silent[:, 1:] & ~silent[:, :-1]).sum(1) + silent[:, 0]
    assert starts.max() == 1
    lengths = silent[some].sum(1)
    assert lengths.min() < 8 and lengths.max() > 150


def test_the_metre_never_fails() -> None:
    codes = clips(100)
    assert torch.equal(worn(codes, PARTS, SILENCE, 1.0, random.Random(0))[:, 0], codes[:, 0])


def test_stretches_are_out_of_step() -> None:
    codes = clips(100)
    moved = worn(codes, PARTS, SILENCE, 1.0, random.Random(0)) - codes
    forward = (moved[..., 1:] == moved[..., :-1]) & (moved[..., 1:] != 0)
    assert forward.float().unfold(2, 10, 1).mean(3).gt(0.8).any(2).any(1).float().mean() > 0.15
