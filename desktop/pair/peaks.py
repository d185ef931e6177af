"""Peaks of a clip at any zoom, built piece by piece while its samples come in.

A bin holds the least, the greatest and the mean square of its samples. Level 0 has bins of 64
samples, and each level above bins of four from the one below:

    samples   ................................................................ ...
    level 0   |              64              |              64              |  ...
    level 1   |                             256                                ...
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BIN = 64
_STEP = 4
_PIECE = 1 << 18


@dataclass(frozen=True, eq=False)
class Peaks:
    """For each pixel, the least and greatest sample and the root mean square: three of float32 [C, pixels].

    A pixel that shows no sample has least 0, greatest 0 and root mean square 0.
    """

    least: NDArray[np.float32]
    greatest: NDArray[np.float32]
    rms: NDArray[np.float32]

    def merged(self) -> "Peaks":
        """All channels as one, [1, pixels]."""
        return Peaks(
            self.least.min(axis=0, keepdims=True),
            self.greatest.max(axis=0, keepdims=True),
            np.sqrt(np.square(self.rms).mean(axis=0, keepdims=True)),
        )


class Pyramid:
    """The peaks of a clip. One thread pushes, any thread may ask for `peaks` meanwhile.

    It keeps no samples: what is finer than a bin is asked of the samples themselves.
    """

    def __init__(self, channels: int) -> None:
        self._levels = [_Level(channels)]
        self._waiting = np.zeros((channels, 0), np.float32)

    @property
    def covered(self) -> int:
        """How many samples from the start are in complete bins of level 0."""
        return self._levels[0].count * BIN

    def push(self, samples: NDArray[np.float32]) -> None:
        """Take in the next samples, float32 [C, n]."""
        for start in range(0, samples.shape[1], _PIECE):
            self._push(samples[:, start : start + _PIECE])

    def _push(self, samples: NDArray[np.float32]) -> None:
        waiting = np.concatenate([self._waiting, samples], axis=1)
        whole = waiting.shape[1] - waiting.shape[1] % BIN
        self._waiting = waiting[:, whole:].copy()
        cells = waiting[:, :whole].reshape(waiting.shape[0], -1, BIN)
        self._levels[0].append(cells.min(axis=2), cells.max(axis=2), np.square(cells).mean(axis=2))
        below = self._levels[0]
        for number in range(1, 32):
            if number == len(self._levels):
                if below.count < _STEP:
                    return
                self._levels.append(_Level(samples.shape[0]))
            level = self._levels[number]
            level.append(*below.gathered(level.count))
            below = level

    def peaks(self, samples: NDArray[np.float32], start: float, end: float, pixels: int) -> Peaks:
        """What `pixels` columns show of samples `start` to `end` of the clip `samples` [C, N].

        A column that covers less than two bins is exact. A wider one covers whole bins: it never misses a
        peak, and reaches beyond its edges by less than a bin that is at most half as wide as it is. The
        end of a clip is taken from its samples until its bin is complete; what was not pushed yet is
        not shown.
        """
        edges = np.linspace(start, end, pixels + 1)
        width = (end - start) / pixels
        fitting = [number for number in range(len(self._levels)) if BIN * _STEP**number * 2 <= width]
        if not fitting:
            return of_samples(samples, edges)
        level, size = self._levels[fitting[-1]], BIN * _STEP ** fitting[-1]
        kept = level.bins()
        begun = samples[:, kept.shape[2] * size :][:, : 2 * size]
        bins = np.concatenate([kept, _binned(begun, size)], axis=2)
        return _reduced(bins[0], bins[1], bins[2], edges / size, min(bins.shape[2], samples.shape[1] / size))


class _Level:
    def __init__(self, channels: int) -> None:
        self.count = 0
        self._store = np.zeros((3, channels, 1024), np.float32)

    def append(
        self, least: NDArray[np.float32], greatest: NDArray[np.float32], power: NDArray[np.float32]
    ) -> None:
        end = self.count + least.shape[1]
        if end > self._store.shape[2]:
            grown = np.zeros((3, self._store.shape[1], max(end, 2 * self._store.shape[2])), np.float32)
            grown[..., : self.count] = self._store[..., : self.count]
            self._store = grown
        self._store[:, :, self.count : end] = least, greatest, power
        self.count = end

    def bins(self) -> NDArray[np.float32]:
        count = self.count  # before the store, as in Clip.samples
        return self._store[..., :count]

    def gathered(self, above: int) -> tuple[NDArray[np.float32], ...]:
        """The complete bins of the next level that follow the `above` it has."""
        fresh = self.bins()[..., above * _STEP :]
        whole = fresh.shape[2] - fresh.shape[2] % _STEP
        cells = fresh[..., :whole].reshape(3, fresh.shape[1], -1, _STEP)
        return cells[0].min(axis=2), cells[1].max(axis=2), cells[2].mean(axis=2)


def _binned(samples: NDArray[np.float32], size: int) -> NDArray[np.float32]:
    """Bins of `size` samples; the last may be incomplete."""
    length = samples.shape[1]
    if length == 0:
        return np.zeros((3, samples.shape[0], 0), np.float32)
    starts = np.arange(0, length, size)
    sizes = np.diff(np.append(starts, length))
    return np.stack(
        [
            np.minimum.reduceat(samples, starts, axis=1),
            np.maximum.reduceat(samples, starts, axis=1),
            np.add.reduceat(np.square(samples), starts, axis=1) / sizes,
        ]
    )


def narrowed(peaks: Peaks, pixels: int) -> Peaks:
    """Peaks [C, n] of equally wide columns brought to `pixels` columns."""
    n = peaks.least.shape[1]
    edges = np.linspace(0, n, pixels + 1)
    return _reduced(peaks.least, peaks.greatest, np.square(peaks.rms), edges, n)


def of_samples(samples: NDArray[np.float32], edges: NDArray[np.float64]) -> Peaks:
    """The exact peaks of samples [C, N] in the columns between `edges`, which are counted in samples."""
    first, last = max(0, int(edges[0])), max(0, int(np.ceil(edges[-1])) + 1)
    near = samples[:, first:last]
    return _reduced(near, near, np.square(near), edges - first, near.shape[1])


def _reduced(
    least: NDArray[np.float32],
    greatest: NDArray[np.float32],
    power: NDArray[np.float32],
    edges: NDArray[np.float64],
    length: float,
) -> Peaks:
    """Bins, or samples, brought to columns whose `edges` are counted in bins; `length` bins hold sound."""
    channels, count = least.shape
    pixels = len(edges) - 1
    shown = (edges[1:] > 0) & (edges[:-1] < length)
    if count == 0 or not shown.any():
        nothing = np.zeros((channels, pixels), np.float32)
        return Peaks(nothing, nothing, nothing)
    starts = np.clip(np.floor(edges[:-1]).astype(int), 0, count - 1)
    ends = np.clip(np.ceil(edges[1:]).astype(int), starts + 1, count)
    pairs = np.stack([starts, ends], axis=1).ravel()

    def columns(reduce: np.ufunc, values: NDArray[np.float32]) -> NDArray[np.float32]:
        # reduceat takes start, end, start, ...; every second result is the gap between two columns
        padded = np.concatenate([values, values[:, -1:]], axis=1)  # so that an end may be the end
        return np.where(shown, reduce.reduceat(padded, pairs, axis=1)[:, ::2], 0).astype(np.float32)

    mean = columns(np.add, power) / (ends - starts)
    return Peaks(columns(np.minimum, least), columns(np.maximum, greatest), np.sqrt(mean))
