"""The spectrogram of a clip: power in bands of equal steps in pitch, built while samples come in.

A column is one Hann window of 2048 samples, a new one every 512; a value is the strongest power in its
band, from 0 (FLOOR_DB and below) to 255 (full scale). Level by level, columns are gathered by four, the
strongest wins, so that any zoom is drawn from about as many columns as there are pixels.
"""

import numpy as np
from numpy.typing import NDArray

WINDOW = 2048
HOP = 512
BANDS = 160
LOWEST_HZ = 40.0
FLOOR_DB = -84.0
_STEP = 4
_PIECE = 256  # columns that are transformed at once


class Spectrogram:
    """One thread pushes, any thread may ask for an `image` meanwhile."""

    def __init__(self, sample_rate: int) -> None:
        self._edges = _edges(sample_rate)
        self._levels = [_Columns()]
        self._waiting = np.zeros(WINDOW // 2, np.float32)  # so that the first column is centred on the start

    def push(self, samples: NDArray[np.float32]) -> None:
        """Take in the next samples, float32 [C, n]; channels are averaged."""
        waiting = np.concatenate([self._waiting, samples.mean(axis=0)])
        count = max(0, (len(waiting) - WINDOW) // HOP + 1)
        for first in range(0, count, _PIECE):
            last = min(first + _PIECE, count)
            self._append(waiting[first * HOP : (last - 1) * HOP + WINDOW])
        self._waiting = waiting[count * HOP :].copy()

    def image(self, start: float, end: float, pixels: int) -> NDArray[np.uint8]:
        """What `pixels` columns show of samples `start` to `end`: uint8 [BANDS, pixels], high pitch first.

        What has not come in yet is 0.
        """
        width = (end - start) / pixels / HOP
        number = max([n for n in range(len(self._levels)) if _STEP**n <= width], default=0)
        columns = self._levels[number].columns()
        centres = (np.linspace(start, end, pixels, endpoint=False) + (end - start) / pixels / 2) / HOP
        at = np.floor((centres + 0.5) / _STEP**number).astype(int)
        if columns.shape[1] == 0:
            return np.zeros((BANDS, pixels), np.uint8)
        there = (at >= 0) & (at < columns.shape[1])
        taken = columns[:, np.clip(at, 0, columns.shape[1] - 1)]
        shown: NDArray[np.uint8] = np.where(there, taken, 0)[::-1].astype(np.uint8)
        return shown

    def _append(self, samples: NDArray[np.float32]) -> None:
        windows = np.lib.stride_tricks.sliding_window_view(samples, WINDOW)[::HOP]
        spectrum = np.abs(np.fft.rfft(windows * _HANN, axis=1)) * (2 / _HANN.sum())
        strongest = self._banded(spectrum.T)
        decibels = 20 * np.log10(np.maximum(strongest, 1e-9))
        values = np.clip((decibels - FLOOR_DB) / -FLOOR_DB * 255, 0, 255).astype(np.uint8)
        self._levels[0].append(values)
        self._gather()

    def _banded(self, spectrum: NDArray[np.float32]) -> NDArray[np.float32]:
        """Bins [bins, columns] as bands: the strongest bin, or where bands are narrower, between two bins."""
        last = len(spectrum) - 1
        starts = np.minimum(np.ceil(self._edges[:-1]).astype(int), last)
        strongest = np.maximum.reduceat(spectrum, starts, axis=0)
        middle = np.minimum((self._edges[:-1] + self._edges[1:]) / 2, last)
        below = np.minimum(middle.astype(int), last - 1)
        part = (middle - below)[:, None]
        between = spectrum[below] * (1 - part) + spectrum[below + 1] * part
        narrow = np.diff(self._edges) < 2
        return np.where(narrow[:, None], between, strongest)

    def _gather(self) -> None:
        number = 0
        while self._levels[number].count >= _STEP:
            if number + 1 == len(self._levels):
                self._levels.append(_Columns())
            above, below = self._levels[number + 1], self._levels[number].columns()
            fresh = below[:, above.count * _STEP :]
            whole = fresh.shape[1] - fresh.shape[1] % _STEP
            above.append(fresh[:, :whole].reshape(BANDS, -1, _STEP).max(axis=2))
            number += 1


class _Columns:
    def __init__(self) -> None:
        self.count = 0
        self._store = np.zeros((BANDS, 256), np.uint8)

    def append(self, columns: NDArray[np.uint8]) -> None:
        end = self.count + columns.shape[1]
        if end > self._store.shape[1]:
            grown = np.zeros((BANDS, max(end, 2 * self._store.shape[1])), np.uint8)
            grown[:, : self.count] = self._store[:, : self.count]
            self._store = grown
        self._store[:, self.count : end] = columns
        self.count = end

    def columns(self) -> NDArray[np.uint8]:
        count = self.count  # before the store: a store never holds less than was counted
        return self._store[:, :count]


_HANN = np.hanning(WINDOW + 1)[:-1].astype(np.float32)


def _edges(sample_rate: int) -> NDArray[np.float64]:
    """The edges of the bands in FFT bins, one more than there are bands."""
    highest = min(16_000.0, sample_rate / 2)
    hertz = LOWEST_HZ * (highest / LOWEST_HZ) ** (np.arange(BANDS + 1) / BANDS)
    return hertz / sample_rate * WINDOW
