"""The waveform of a file of any length: read piece by piece, of which only columns are kept."""

from pathlib import Path

import numpy as np

from desktop.pair.peaks import Peaks, narrowed, of_samples
from engine.audio import audio_info, read_audio

COLUMNS = 2400  # as many pixels as the strip has on a large screen
_PIECE_S = 60  # so that a long file appears from left to right, and other work gets its turn


class Picture:
    """The peaks of all channels of a file. One thread advances, another may ask for `peaks` meanwhile."""

    def __init__(self, path: Path) -> None:
        """Look what the file is. Raises Problem if it holds no audio that can be read."""
        self.path, self._info = path, audio_info(path)
        self.seconds = self._info.seconds
        columns = min(COLUMNS, self._info.frames)
        self._edges = np.linspace(0, self._info.frames, columns + 1).round().astype(int)
        self._at_once = max(1, int(columns * _PIECE_S / self.seconds))
        self._kept = np.zeros((3, 1, columns), np.float32)
        self._columns = columns
        self._done = 0

    def advance(self) -> bool:
        """Take in the next piece; False if there is none. Raises Problem if it cannot be read."""
        if self._done == self._columns:
            return False
        stop = min(self._done + self._at_once, self._columns)
        edges, rate = self._edges[self._done : stop + 1], self._info.sample_rate
        part = read_audio(self.path, rate, self._info.channels, edges[0] / rate, edges[-1] / rate)
        peaks = of_samples(part, (edges - edges[0]).astype(np.float64)).merged()
        self._kept[:, :, self._done : stop] = peaks.least, peaks.greatest, peaks.rms
        self._done = stop
        return True

    def peaks(self, pixels: int) -> Peaks:
        """What `pixels` columns show of the whole file, [1, pixels]; what was not read yet is silent."""
        least, greatest, rms = self._kept
        return narrowed(Peaks(least, greatest, rms), pixels)
