"""The melody of a clip as MusicGen-melody takes it: the strongest pitch class of each moment.

As transformers' MusicgenMelodyFeatureExtractor, which needs torchaudio: power spectrogram of 16384
samples every 4096, folded onto twelve pitch classes (librosa's chroma filters), then one-hot.
"""

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

N_FFT = 16384
HOP = 4096
MAX_SECONDS = 30


def chroma(audio: NDArray[np.float32], sample_rate: int, num_chroma: int = 12) -> Tensor:
    """Mono audio [N] -> one-hot pitch classes [T, num_chroma] from C, T = 1 + N // HOP, float32.

    Audio shorter than N_FFT is padded on both sides; what is beyond MAX_SECONDS is left out.
    """
    from transformers.audio_utils import chroma_filter_bank  # costs every start, and few have a melody

    wave = torch.from_numpy(np.ascontiguousarray(audio[: MAX_SECONDS * sample_rate], dtype=np.float32))
    missing = max(0, N_FFT - len(wave))
    wave = F.pad(wave, (missing // 2, missing - missing // 2))
    window = torch.hann_window(N_FFT)
    power = torch.stft(wave, N_FFT, HOP, window=window, return_complex=True).abs().square()
    filters = chroma_filter_bank(num_frequency_bins=N_FFT, num_chroma=num_chroma, sampling_rate=sample_rate)
    strongest = (torch.from_numpy(filters).float() @ power).argmax(0)
    return F.one_hot(strongest, num_chroma).float()


def no_melody(frames: int, num_chroma: int = 12) -> Tensor:
    """What stands for no melody, [frames, num_chroma]: always the first pitch class."""
    return F.one_hot(torch.zeros(frames, dtype=torch.int64), num_chroma).float()


def fitted(melody: Tensor, frames: int) -> Tensor:
    """A melody [T, num_chroma] repeated or cut to [frames, num_chroma]."""
    return melody.repeat(-(-frames // len(melody)), 1)[:frames]


def from_second(audio: NDArray[np.float32], sample_rate: int, seconds: float) -> NDArray[np.float32]:
    """Mono audio [N] turned so that it begins at `seconds`; it goes round and round."""
    return np.roll(audio, -(round(seconds * sample_rate) % len(audio)))
