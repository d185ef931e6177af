"""Second opinions: estimators that no training ever saw, one for some of the metrics.

Higher is more of the metric. Audio is mono, 16 kHz, [N].

energy: level of the loudest quarter of half seconds, dB of full scale.
danceability: pulse clarity, the highest autocorrelation of onsets at 0.25 to 1.5 s, 0 to 1 (Lartillot et
    al. 2008, ISMIR).
tempo: the beat whose first four multiples together are strongest in the onsets' Fourier spectrum, favouring
    100, beats per minute (spectral sum of Alonso, Richard & David 2007, "Accurate Tempo Estimation Based on
    Harmonic + Noise Decomposition").
acousticness: minus the spectral flatness above 2 kHz, dB: noise and distortion fill gaps between partials.
speechiness: share of the voice band's level changes at the rate of syllables, 0 to 1 (4 Hz modulation energy,
    Scheirer & Slaney 1997).
"""

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

VERSION = 2
RATE = 16_000

_SIZE, _HOP = 1024, 160
_FRAMES_A_SECOND = RATE / _HOP

Mono = NDArray[np.float32]


def second_opinions(mono: Mono) -> dict[str, float | None]:
    """Every opinion on a clip, by metric; None for a clip without sound or below 2 s."""
    if len(mono) < 2 * RATE or not np.abs(mono).max(initial=0) > 1e-3:
        return dict.fromkeys(OPINIONS)
    spectrum = _spectrum(mono)
    return {name: opinion(mono, spectrum) for name, opinion in OPINIONS.items()}


def level(mono: Mono, spectrum: NDArray[np.float64]) -> float:
    """The level in dB of the loudest quarter of the half seconds."""
    size = RATE // 2
    pieces = mono[: len(mono) // size * size].reshape(-1, size).astype(np.float64)
    power = np.sort((pieces**2).mean(axis=1))[-max(1, len(pieces) // 4) :]
    return float(10 * np.log10(power.mean() + 1e-12))


def pulse_clarity(mono: Mono, spectrum: NDArray[np.float64]) -> float:
    """The highest autocorrelation of the onsets between 0.25 and 1.5 s."""
    onsets = _onsets(spectrum)
    onsets = onsets - onsets.mean()
    power = float(onsets @ onsets)
    if power <= 0:
        return 0.0
    lags = range(round(0.25 * _FRAMES_A_SECOND), round(1.5 * _FRAMES_A_SECOND))
    n = len(onsets)
    return float(max(0.0, max(onsets[lag:] @ onsets[:-lag] / power * n / (n - lag) for lag in lags)))


def fourier_tempo(mono: Mono, spectrum: NDArray[np.float64]) -> float:
    """The strongest beat of the onsets with its multiples in beats per minute, 40 to 240, favouring 100."""
    onsets = _onsets(spectrum)
    onsets = (onsets - onsets.mean()) * np.hanning(len(onsets))
    size = 1 << 15
    strength = np.abs(np.fft.rfft(onsets, size))
    places = 60 * _FRAMES_A_SECOND * np.arange(len(strength)) / size
    beats = np.arange(40, 240, 0.25)
    together = sum(np.interp(multiple * beats, places, strength) for multiple in range(1, 5))
    usual = np.exp(-0.5 * (np.log2(beats / 100) / 0.8) ** 2)
    return float(beats[(together * usual).argmax()])


def clear_partials(mono: Mono, spectrum: NDArray[np.float64]) -> float:
    """Minus the spectral flatness in dB above 2 kHz, of frames that sound."""
    power = spectrum[:, _SIZE // 8 :] ** 2 + 1e-12
    loud = power.sum(axis=1) > 1e-3 * power.sum(axis=1).max()
    flatness = np.log(power[loud]).mean(axis=1) - np.log(power[loud].mean(axis=1))
    return float(-10 / np.log(10) * flatness.mean())


def syllables(mono: Mono, spectrum: NDArray[np.float64]) -> float:
    """The share of the voice band's level changes (0.5 to 25 Hz) that lies at 2.5 to 6 Hz."""
    hertz = np.fft.rfftfreq(_SIZE, 1 / RATE)
    band = spectrum[:, (hertz >= 300) & (hertz <= 3400)]
    levels = np.log(np.maximum((band**2).sum(axis=1), 1e-6 * (band**2).sum(axis=1).max()))
    changes = np.abs(np.fft.rfft((levels - levels.mean()) * np.hanning(len(levels)))) ** 2
    rate = np.fft.rfftfreq(len(levels), 1 / _FRAMES_A_SECOND)
    total = changes[(rate >= 0.5) & (rate <= 25)].sum()
    return float(changes[(rate >= 2.5) & (rate <= 6)].sum() / total) if total > 0 else 0.0


OPINIONS: Mapping[str, Callable[[Mono, NDArray[np.float64]], float]] = {
    "energy": level,
    "danceability": pulse_clarity,
    "tempo": fourier_tempo,
    "acousticness": clear_partials,
    "speechiness": syllables,
}
NAMES: Mapping[str, str] = {
    "energy": "level of the loudest half seconds, dB",
    "danceability": "pulse clarity, 0 to 1",
    "tempo": "Fourier spectrum of onsets and its multiples, beats per minute",
    "acousticness": "clearness of partials above 2 kHz, dB",
    "speechiness": "share of syllable-rate modulation, 0 to 1",
}


def _spectrum(mono: Mono) -> NDArray[np.float64]:
    """Magnitudes [frames, bins] of Hann windows of 64 ms, 10 ms apart."""
    frames = np.lib.stride_tricks.sliding_window_view(mono.astype(np.float64), _SIZE)[::_HOP]
    return np.abs(np.fft.rfft(frames * np.hanning(_SIZE), axis=1))


def _onsets(spectrum: NDArray[np.float64]) -> NDArray[np.float64]:
    """How much the compressed spectrum rises from frame to frame [frames - 1]."""
    compressed = np.log1p(100 * spectrum)
    return np.maximum(np.diff(compressed, axis=0), 0).mean(axis=1)
