"""The mixing stage: drive, rooms, compression and loudness, such that the mix stays the sum of its stems."""

import numpy as np
from numpy.typing import NDArray
from pedalboard import Distortion, LowpassFilter, Pedalboard, Reverb

from training.starter.corpus.instruments import STEMS
from training.starter.corpus.song import Song
from training.starter.corpus.synth import FRAME, SAMPLE_RATE

Stems = NDArray[np.float32]  # [stem, sample]

_ROOMS = {
    "room": Reverb(room_size=0.25, damping=0.6, wet_level=0.16, dry_level=0.45, width=0.0),
    "plate": Reverb(room_size=0.55, damping=0.2, wet_level=0.18, dry_level=0.45, width=0.0),
    "hall": Reverb(room_size=0.85, damping=0.4, wet_level=0.24, dry_level=0.4, width=0.0),
}
_PEAK = 0.97


def mix_stems(song: Song, stems: Stems) -> Stems:
    """`stems` as they sound on the record, `[stem, sample]`; their sum is the mix, below full scale."""
    out = stems.copy()
    bass = STEMS.index("bass")
    if song.drive > 0:
        for name, share in (("plucked", 1.0), ("sustained", 1.0), ("bass", 0.3)):
            row = STEMS.index(name)
            out[row] = drive(out[row], share * song.drive)
    if song.room != "dry":
        for stem, samples in enumerate(out):
            if stem != bass and samples.any():
                out[stem] = _effect(Pedalboard([_ROOMS[song.room]]), samples)
    if song.compression > 0:
        out *= compression_gain(out.sum(0), song.compression)
    rms = float(np.sqrt(np.mean(np.square(out.sum(0), dtype=np.float64))))
    out *= 10 ** (song.loudness / 20) / max(rms, 1e-5)
    return (out * limiter_gain(np.vstack([out, out.sum(0, keepdims=True)]))).astype(np.float32)


def drive(samples: NDArray[np.float32], amount: float) -> NDArray[np.float32]:
    """`samples` through a distortion pedal and a cabinet's low-pass, at their old loudness."""
    if not samples.any():
        return samples
    level = np.sqrt(np.mean(samples**2))
    board = Pedalboard([Distortion(drive_db=12 + 24 * amount), LowpassFilter(cutoff_frequency_hz=6500)])
    driven = _effect(board, samples / max(1e-5, float(np.abs(samples).max())))
    driven *= np.abs(np.convolve(np.abs(samples), np.ones(FRAME) / FRAME, "same")) > 1e-5
    return driven * level / max(1e-6, float(np.sqrt(np.mean(driven**2))))


def _effect(board: Pedalboard, samples: NDArray[np.float32]) -> NDArray[np.float32]:
    processed: NDArray[np.float32] = board(samples[None], SAMPLE_RATE, reset=True)[0]
    return processed


def compression_gain(mix: NDArray[np.float32], amount: float) -> NDArray[np.float32]:
    """The gain curve `[sample]` of a bus compressor: ratio up to 6 above 14 dB below the loudest frame."""
    level = _frames(mix).astype(np.float64)
    decibels = 20 * np.log10(np.sqrt(np.mean(level**2, axis=1)) + 1e-6)
    over = np.maximum(0, decibels - (decibels.max() - 14))
    reduction = over * (1 - 1 / (1 + 5 * amount))
    return _curve(10 ** (-_smooth(reduction, 3) / 20), len(mix))


def limiter_gain(signals: NDArray[np.float32]) -> NDArray[np.float32]:
    """The gain curve `[sample]` that keeps all `signals` `[row, sample]` below full scale; it looks ahead."""
    peaks = np.abs(_frames(np.abs(signals).max(0))).max(1)
    padded = np.pad(peaks, 2, mode="edge")
    around = np.max([padded[shift : shift + len(peaks)] for shift in range(5)], axis=0)
    return _curve(np.minimum(1.0, _PEAK / np.maximum(around, 1e-6)), signals.shape[1])


def _frames(mix: NDArray[np.float32]) -> NDArray[np.float32]:
    return mix[: len(mix) // FRAME * FRAME].reshape(-1, FRAME)


def _smooth(values: NDArray[np.float64], width: int) -> NDArray[np.float64]:
    return np.convolve(np.pad(values, width // 2, mode="edge"), np.ones(width) / width, "valid")


def _curve(gains: NDArray[np.float64], length: int) -> NDArray[np.float32]:
    centres = np.arange(len(gains)) * FRAME + FRAME / 2
    return np.interp(np.arange(length), centres, gains).astype(np.float32)
