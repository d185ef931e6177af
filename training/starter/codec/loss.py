"""How far two sounds are apart: log-mels at four resolutions."""

from collections.abc import Sequence
from functools import cache

import torch
from torch import Tensor

from engine.codecs.stem_network import LONG_FFT, StemCodecConfig, line_tones, semitone_bank
from engine.compiled import librosa
from engine.precision import quick

SAMPLE_RATE = 32_000
RESOLUTIONS: tuple[tuple[int, int], ...] = ((512, 40), (1024, 80), (2048, 128), (4096, 160))
QUIETEST = 1e-4

_BANKS = {
    size: torch.tensor(librosa().filters.mel(sr=SAMPLE_RATE, n_fft=size, n_mels=mels))
    for size, mels in RESOLUTIONS
}


def mel_spectrogram(audio: Tensor, size: int) -> Tensor:
    """Mel magnitudes of audio [B, N] -> [B, mels, frames]; `size` as in RESOLUTIONS, hop size / 4."""
    spectrum = torch.stft(audio, size, size // 4, window=torch.hann_window(size), return_complex=True)
    power = spectrum.real.square() + spectrum.imag.square()
    return _BANKS[size] @ power.clamp(min=1e-14).sqrt()


def log_mel_distance(decoded: Tensor, original: Tensor) -> Tensor:
    """Mean absolute difference of natural-log mels, per row: [B, N] x 2 -> [B]. Lower is better."""
    total = torch.zeros(len(decoded))
    for size, _ in RESOLUTIONS:
        a, b = (mel_spectrogram(audio, size).clamp(min=QUIETEST).log() for audio in (decoded, original))
        total = total + (a - b).abs().mean((1, 2))
    return total / len(RESOLUTIONS)


def energy_loss(
    decoded: tuple[Tensor, Tensor],
    original: Tensor,
    sizes: Sequence[int],
    spread: float = 1.0,
    linear: float = 0.3,
) -> Tensor:
    """Per row [B], for decodings y, y' of the original x that differ in noise:

        (d(y, x) + d(y', x) - spread d(y, y')) / 2

    d is the log-mel distance at these FFT sizes, plus `linear` times the difference in units of x's mean mel.
    With `spread` 1 that is half of the energy distance (Gritsenko et al. 2020, "A Spectral Energy Distance
    for Parallel Speech Synthesis", section 3), which is least when decodings spread as originals of the same
    codes do. Without its last term, the best decoding is the middle of these, and has no noise.
    """
    loss = torch.zeros(len(original))
    for size in sizes:
        a, b, x = (_mels(audio, size) for audio in (*decoded, original))
        near = _apart(a, x, x, linear) + _apart(b, x, x, linear)
        loss = loss + (near - spread * _apart(a, b, x, linear)) / 2
    return loss / len(sizes)


def _mels(audio: Tensor, size: int) -> Tensor:
    with quick():
        return mel_spectrogram(audio, size).float()


def _apart(a: Tensor, b: Tensor, original: Tensor, linear: float) -> Tensor:
    """How far mels a and b [B, mels, frames] are apart, with the mean of `original` as the linear unit."""
    logs = [mels.clamp(min=QUIETEST).log() for mels in (a, b)]
    relative = (a - b).abs().mean((1, 2)) / original.mean((1, 2)).clamp(min=1e-3)
    return (logs[0] - logs[1]).abs().mean((1, 2)) + linear * relative


def pitch_loss(config: StemCodecConfig, sizes: Tensor, heard: Tensor) -> Tensor:
    """Mean absolute difference of the log semitones that oscillators would give and `heard` [B, T, bands].

    `sizes` [B, 2 * T, lines] are the oscillators' log amplitudes. A spectral loss hardly tells an untrained
    decoder which of them to raise; this does, though it knows no phases.
    """
    amplitudes = sizes.exp().unflatten(1, (-1, 2)).mean(2)
    expected = (amplitudes @ _line_bands(config).T).clamp(min=QUIETEST).log()
    return (expected - heard).abs().mean()


@cache
def _line_bands(config: StemCodecConfig) -> Tensor:
    """What each band of the encoder sees of an oscillator of amplitude 1, [bands, lines]."""
    waves = line_tones(config, LONG_FFT) * torch.hann_window(LONG_FFT)
    return semitone_bank(config) @ torch.fft.rfft(waves).abs().T * 4 / 3  # as overlapping windows add up
