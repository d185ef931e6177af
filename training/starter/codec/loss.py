"""How far two sounds are apart: log-mels at four resolutions."""

from collections.abc import Sequence

import librosa
import torch
from torch import Tensor

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
        with torch.autocast("cpu", dtype=torch.bfloat16):
            a, b = mel_spectrogram(decoded, size).float(), mel_spectrogram(original, size).float()
        log_a, log_b = a.clamp(min=QUIETEST).log(), b.clamp(min=QUIETEST).log()
        relative = (a - b).abs().mean((1, 2)) / b.mean((1, 2)).clamp(min=1e-3)
        loss = loss + (log_a - log_b).abs().mean((1, 2)) + linear * relative
    return loss / len(sizes)
