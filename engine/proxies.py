"""Stand-ins for the five metrics that only listeners could tell, computed from the audio.

There are no listeners' labels without listeners. Each proxy takes one thing that published work ties to
what the metric counts, and measures that; what it says about listeners is no more than a guess, so cards
and interface call it a proxy. All run from 0 to 1, and higher is more.

popularity: danceable, happy, not acoustic, not instrumental. Songs that chart are more danceable, happier
    and more "party-like" than others (Interiano et al. 2018, doi 10.1098/rsos.171274).
interactions: contrast, how much the sound changes from second to second. What is new draws attention;
    measured in the spirit of Foote's novelty (2000, doi 10.1109/ICME.2000.869637).
like_ratio: tonal clarity, how well the pitches fit one key. Consonant, harmonic sounds are preferred (Bowling
    & Purves 2015, doi 10.1073/pnas.1505768112); the keys' profiles are Krumhansl & Kessler's (1982).
views: hookiness, how exactly what sounded comes back. What repeats is remembered and played again
    (Margulis 2014, "On Repeat"); recurrence as a correlate of hooks: Van Balen et al. 2015, ISMIR.
rating: cleanness, peaks that stand clear of noise and levels that were not clipped. Distortion and lost
    dynamics lower judged quality (Wilson & Fazenda 2016, doi 10.17743/jaes.2015.0090).

Audio is mono, 16 kHz, [N]; spectra are [frames, bins].
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

VERSION = 1
RATE = 16_000
PROXIES = ("popularity", "interactions", "like_ratio", "views", "rating")

_SIZE = 2048
_HOP = 512
_BANDS = 24
_PROFILES = np.array(  # Krumhansl & Kessler's probe-tone ratings, major and minor
    [
        [6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88],
        [6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17],
    ]
)

Spectrum = NDArray[np.float64]


def proxies_of(mono: NDArray[np.float32], vibes: Mapping[str, float | None]) -> dict[str, float | None]:
    """All five proxies of a clip of at least 3 s; None where it is silent.

    `vibes` are what `engine.measure.vibes_of` gives for it.
    """
    spectrum = spectrum_of(mono)
    if len(spectrum) * _HOP < 3 * RATE or not spectrum.max(initial=0) > 1e-3:
        return dict.fromkeys(PROXIES)
    return {
        "popularity": popularity(vibes),
        "interactions": contrast(spectrum),
        "like_ratio": tonal_clarity(spectrum),
        "views": recurrence(spectrum),
        "rating": cleanness(spectrum, mono),
    }


def spectrum_of(mono: NDArray[np.float32]) -> Spectrum:
    """Magnitudes [frames, 1025] of Hann windows of 2048 samples, 512 apart."""
    if len(mono) < _SIZE:
        return np.zeros((0, _SIZE // 2 + 1))
    frames = np.lib.stride_tricks.sliding_window_view(mono.astype(np.float64), _SIZE)[::_HOP]
    return np.abs(np.fft.rfft(frames * np.hanning(_SIZE), axis=1))


def popularity(vibes: Mapping[str, float | None]) -> float | None:
    """The mean of danceability, valence, 1 - acousticness and 1 - instrumentalness."""
    up, down = ("danceability", "valence"), ("acousticness", "instrumentalness")
    values = [vibes.get(name) for name in (*up, *down)]
    if any(value is None for value in values):
        return None
    liked = [value if i < len(up) else 1 - value for i, value in enumerate(values) if value is not None]
    return float(np.mean(liked))


def contrast(spectrum: Spectrum) -> float:
    """How much the timbre changes from one second to the next, 0 (not at all) to 1.

    Band levels in dB, above 60 dB below the loudest, are averaged over seconds; the mean absolute
    difference between neighbours, of which 12 dB is 0.63: 1 - exp(-d / 12).
    """
    levels = _per_second(_band_levels(spectrum))
    if len(levels) < 2:
        return 0.0
    return float(1 - np.exp(-np.abs(np.diff(levels, axis=0)).mean() / 12))


def tonal_clarity(spectrum: Spectrum) -> float:
    """How well the clip's pitch classes fit the best of 24 keys: the correlation, 0 if it is negative."""
    profile = chroma_of(spectrum).mean(0)
    if not profile.std() > 0:
        return 0.0
    keys = np.stack([np.roll(shape, tonic) for shape in _PROFILES for tonic in range(12)])
    return float(max(0.0, max(np.corrcoef(profile, key)[0, 1] for key in keys)))


def recurrence(spectrum: Spectrum) -> float:
    """How exactly the sound comes back after 1 s or more: the best mean similarity at one lag, 0 to 1.

    Frames are chroma beside standardised band levels; the similarity of two is their cosine. The lags
    are those up to half of the clip, and what every pair of frames shares is taken off first.
    """
    levels = _band_levels(spectrum)
    levels = (levels - levels.mean(0)) / (levels.std() + 1e-9)
    chroma = chroma_of(spectrum)
    frames = np.concatenate([levels, 3 * (chroma - chroma.mean(0))], axis=1)
    frames /= np.linalg.norm(frames, axis=1, keepdims=True) + 1e-9
    first, last = RATE // _HOP, len(frames) // 2
    if last <= first:
        return 0.0
    alike = [float((frames[lag:] * frames[:-lag]).sum(1).mean()) for lag in range(first, last)]
    return float(np.clip(max(alike), 0, 1))


def cleanness(spectrum: Spectrum, mono: NDArray[np.float32]) -> float:
    """How clear the peaks stand out of noise, times how free of clipping the levels are, 0 to 1.

    The first is 1 - the mean spectral flatness (geometric over arithmetic mean of power, 50 Hz to 8 kHz);
    the second is the crest factor of the middle 0.4 s pieces over 12 dB, at most 1.
    """
    power = spectrum[:, 6:] ** 2 + 1e-10
    loud = power.sum(1) > 1e-4 * power.sum(1).max()
    flatness = np.exp(np.log(power[loud]).mean(1)) / power[loud].mean(1)
    piece = int(0.4 * RATE)
    pieces = mono[: len(mono) // piece * piece].reshape(-1, piece).astype(np.float64)
    level = np.sqrt((pieces**2).mean(1))
    heard = level > 1e-3
    if not heard.any():
        return 0.0
    crest = 20 * np.log10(np.abs(pieces[heard]).max(1) / level[heard])
    return float((1 - flatness.mean()) * min(1.0, float(np.median(crest)) / 12))


def chroma_of(spectrum: Spectrum) -> Spectrum:
    """Pitch classes [frames, 12] from C, of the bins between 65 Hz and 2 kHz; each frame sums to 1."""
    hertz = np.fft.rfftfreq(_SIZE, 1 / RATE)
    bins = np.flatnonzero((hertz >= 65) & (hertz <= 2000))
    classes = np.round(12 * np.log2(hertz[bins] / 440) + 9).astype(int) % 12
    fold = np.zeros((len(bins), 12))
    fold[np.arange(len(bins)), classes] = 1
    found = spectrum[:, bins] ** 2 @ fold
    total = found.sum(1, keepdims=True)
    shares: Spectrum = np.divide(found, total, out=np.zeros_like(found), where=total > 0)
    return shares


def _band_levels(spectrum: Spectrum) -> Spectrum:
    """Levels in dB of bands that grow with frequency [frames, bands], none lower than 60 dB below the top."""
    edges = np.unique(np.geomspace(3, spectrum.shape[1], _BANDS + 1).round().astype(int))
    power = np.add.reduceat(spectrum**2, edges[:-1], axis=1) / np.diff(edges)
    levels: Spectrum = 10 * np.log10(np.maximum(power, power.max() * 1e-6))
    return levels


def _per_second(levels: Spectrum) -> Spectrum:
    size = RATE // _HOP
    whole = len(levels) // size * size
    seconds: Spectrum = levels[:whole].reshape(-1, size, levels.shape[1]).mean(1)
    return seconds
