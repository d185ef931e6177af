"""Where in its beat and in its bar a frame lies, as two codebooks of their own.

A language model of 20 ms frames has to count to 100 to know that a bar of 120 beats a minute is over. Given
the count as tokens, as Pop Music Transformer gives it to notes (Huang & Yang 2020,
https://arxiv.org/abs/2002.00212, section 3), it only has to read it. For beats of 3 or 4 frames and bars of 2
or 3 beats, in a bar of 3 beats of 3 frames:

    frame                    0   1   2   3   4   5   6   7   8   9
    in its beat of 3         0   1   2   0   1   2   0   1   2   0     codes 0 to 2; a beat of 4 has 3 to 6
    its beat in a bar of 3   2   2   2   3   3   3   4   4   4   2     codes 2 to 4; a bar of 2 has 0 and 1

So a code says how long the beat is, too, and each code but a beat's last has one successor.
"""

import math
from collections.abc import Sequence
from functools import cache
from itertools import accumulate

import torch
from torch import Tensor

BOOKS = 2  # frame in beat, beat in bar
_USUAL_BEAT = 25  # frames: 120 beats a minute
COMMON_TIME = 4  # beats of a bar, where nothing else is known


def card(beat_frames: Sequence[int], bar_beats: Sequence[int]) -> int:
    """How many codes the larger of the two books needs."""
    return max(sum(beat_frames), sum(bar_beats))


def metre_codes(
    frames: Tensor, beat: int, bar: int, beat_frames: Sequence[int], bar_beats: Sequence[int]
) -> Tensor:
    """Codes [2, T] of `frames` [T], counted from a bar line, in bars of `bar` beats of `beat` frames.

    Raises ValueError if `beat` or `bar` is not among those there are codes for.
    """
    in_beat = _first_codes(beat_frames)[beat_frames.index(beat)] + frames % beat
    in_bar = _first_codes(bar_beats)[bar_beats.index(bar)] + frames // beat % bar
    return torch.stack([in_beat, in_bar])


def next_metre(
    codes: Tensor, book: int, frame: int, beat_frames: tuple[int, ...], bar_beats: tuple[int, ...]
) -> Tensor:
    """What the metre's `book` is at `frame` of codes [B, 2, T], after those before it: [B].

    A beat goes on to its last frame and a bar to its last beat, then the same begins anew. Codes that stand
    for nothing stay as they are.
    """
    before = codes[:, book, frame - 1]
    if book == 0:
        return _successor(before, beat_frames)
    beat_begins = torch.isin(codes[:, 0, frame], torch.tensor(_first_codes(beat_frames), device=codes.device))
    return torch.where(beat_begins, _successor(before, bar_beats), before)


def beat_length(code: int, beat_frames: Sequence[int]) -> int | None:
    """The frames of the beat that a code of the first book belongs to; None if it stands for nothing."""
    found = _read(code, beat_frames)
    return found and found[0]


def bar_line(in_beat: int, in_bar: int, beat_frames: Sequence[int], bar_beats: Sequence[int]) -> int | None:
    """How many frames after one with these codes the next bar begins, 0 if there; None if they say nothing.

    In a bar of 3 beats of 3 frames, codes 1 and 3 are the second frame of the second beat: 9 - 3 - 1 = 5.
    """
    beat, bar = _read(in_beat, beat_frames), _read(in_bar, bar_beats)
    if beat is None or bar is None:
        return None
    (frames, frame), (beats, number) = beat, bar
    return (frames * (beats - number) - frame) % (frames * beats)


def _read(code: int, lengths: Sequence[int]) -> tuple[int, int] | None:
    """The length that a code belongs to, and its place in it; None if it stands for nothing."""
    for first, length in zip(_first_codes(lengths), lengths, strict=True):
        if first <= code < first + length:
            return length, code - first
    return None


def _successor(codes: Tensor, lengths: tuple[int, ...]) -> Tensor:
    table = _successors(lengths).to(codes.device)
    return torch.where(codes < len(table), table[codes.clamp(max=len(table) - 1)], codes)


@cache
def _successors(lengths: tuple[int, ...]) -> Tensor:
    """What follows each code: (2, 3) -> 1 0 3 4 2."""
    firsts = _first_codes(lengths)
    return torch.cat([first + torch.arange(n).roll(-1) for first, n in zip(firsts, lengths, strict=True)])


def _first_codes(lengths: Sequence[int]) -> list[int]:
    return [0, *accumulate(lengths)][:-1]


def find_metre(mels: Tensor, bands: Tensor, beat_frames: Sequence[int]) -> tuple[int, int]:
    """The beat's length and the first bar line, in frames, of music in four.

    `mels` [T, M] and `bands` [T, P] are log spectra of frames, P of semitones. Each length and phase is a
    comb; that on which most begins wins, 120 beats a minute if none stands out (as in Ellis 2007, Beat
    tracking by dynamic programming, section 3.2). The bar begins on the beat on which the chord changes most
    (Goto & Muraoka 1999, Real-time beat tracking for drumless audio signals).
    """
    onsets = onset_strength(mels)
    T = len(onsets)
    rises = (onsets - onsets.mean()) / onsets.std(correction=0).clamp(min=1e-6)
    best, beat, phase = -torch.inf, min(beat_frames, key=lambda n: abs(n - _USUAL_BEAT)), 0
    for length in beat_frames:
        means, counts = _comb(rises, length)
        score = means * counts.sqrt() - math.log2(length / _USUAL_BEAT) ** 2
        if 2 * length <= T and score.max() > best:
            best, beat, phase = float(score.max()), length, int(score.argmax())
    beats = (T - phase) // beat
    chords = bands[phase : phase + beats * beat].reshape(beats, beat, bands.shape[1]).mean(1)
    changes, _ = _comb(chords.diff(dim=0).abs().mean(1), COMMON_TIME)
    return beat, phase + beat * ((int(changes.argmax()) + 1) % COMMON_TIME)


def onset_strength(mels: Tensor) -> Tensor:
    """How much begins in each frame, [T]: the mean rise of log-mels [T, M], in nats, in the frame before it.

    Their windows are longer than a frame, and see what begins a frame before it does. The first two frames,
    of which nothing is known, get the mean of the others.
    """
    rises = mels.diff(dim=0)[:-1].clamp(min=0).mean(1)
    unknown = rises.mean() if len(rises) else mels.new_zeros(())
    return torch.cat([unknown.expand(2), rises])[: len(mels)]


def _comb(values: Tensor, period: int) -> tuple[Tensor, Tensor]:
    """Mean of every `period`th value from each place on, and how many there are: [period] each."""
    places = torch.arange(len(values)) % period
    counts = torch.bincount(places, minlength=period)
    sums = torch.zeros(period).index_add_(0, places, values)
    return sums / counts.clamp(min=1), counts.float()
