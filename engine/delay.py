"""MusicGen's delay pattern: a frame's codebooks are predicted one step after another.

Four codebooks, mono, three frames (P is padding; kt is codebook k's code at frame t):

    column      0   1   2   3   4   5   6
    codebook 0  P   00  01  02  P   P   P
    codebook 1  P   P   10  11  12  P   P
    codebook 2  P   P   P   20  21  22  P
    codebook 3  P   P   P   P   30  31  32

The model reads column j and predicts column j + 1. In stereo the codebooks of left and right are
interleaved and wait in pairs: four codebooks are delayed by 0, 0, 1, 1 (Copet et al., Simple and
Controllable Music Generation, section 2.2; transformers' `build_delay_pattern_mask`).
"""

from torch import Tensor


def delays(codebooks: int, channels: int) -> list[int]:
    """How many steps each of the K codebooks waits: codebook k's frame t stands in column t + delay + 1."""
    return [k // channels for k in range(codebooks)]


def columns(frames: int, waits: list[int]) -> int:
    """The columns of the delayed sequence of `frames` frames, the first being all padding."""
    return frames + max(waits) + 1


def delayed(codes: Tensor, waits: list[int], pad: int) -> Tensor:
    """Codes [..., K, T] -> their delayed sequence [..., K, columns(T)], padded with `pad`."""
    *rows, _, T = codes.shape
    sequence = codes.new_full((*rows, len(waits), columns(T, waits)), pad)
    for k, wait in enumerate(waits):
        sequence[..., k, wait + 1 : wait + 1 + T] = codes[..., k, :]
    return sequence
