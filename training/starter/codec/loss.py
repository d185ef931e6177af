"""How far two sounds are apart: log-mels at four resolutions."""

from collections.abc import Sequence
from functools import cache

import librosa
import torch
from torch import Tensor

from engine.codecs.stem_network import LONG_FFT, StemCodecConfig, line_tones, semitone_bank
from engine.precision import quick

SAMPLE_RATE = 32_000
RESOLUTIONS: tuple[tuple[int, int], ...] = ((512, 40), (1024, 80), (2048, 128), (4096, 160))
QUIETEST = 1e-4

_BANKS = {
    size: torch.tensor(librosa.filters.mel(sr=SAMPLE_RATE, n_fft=size, n_mels=mels))
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


def spectral_loss(decoded: Tensor, original: Tensor, sizes: Sequence[int], linear: float = 0.3) -> Tensor:
    """Per row [B]: the log-mel distance at these FFT sizes, plus `linear` times the relative difference."""
    loss = torch.zeros(len(decoded))
    for size in sizes:
        with quick():
            a, b = mel_spectrogram(decoded, size).float(), mel_spectrogram(original, size).float()
        log_a, log_b = a.clamp(min=QUIETEST).log(), b.clamp(min=QUIETEST).log()
        relative = (a - b).abs().mean((1, 2)) / b.mean((1, 2)).clamp(min=1e-3)
        loss = loss + (log_a - log_b).abs().mean((1, 2)) + linear * relative
    return loss / len(sizes)


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
