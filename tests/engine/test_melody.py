import librosa
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from engine.melody import HOP, N_FFT, chroma, fitted, from_second, no_melody

RATE = 32_000
PITCHES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")


def tone(pitch: str, seconds: float) -> NDArray[np.float32]:
    times = np.arange(round(seconds * RATE)) / RATE
    return (0.3 * np.sin(2 * np.pi * librosa.note_to_hz(f"{pitch}4") * times)).astype(np.float32)


def independent(audio: NDArray[np.float32]) -> NDArray[np.int64]:
    """The strongest pitch class of each frame, by librosa in float64."""
    missing = max(0, N_FFT - len(audio))
    padded = np.pad(audio.astype(np.float64), (missing // 2, missing - missing // 2))
    power = np.abs(librosa.stft(padded, n_fft=N_FFT, hop_length=HOP, pad_mode="reflect")) ** 2
    filters = librosa.filters.chroma(sr=RATE, n_fft=N_FFT, tuning=0.0)
    return (filters @ power).argmax(0)


def test_a_scale_is_heard_note_by_note() -> None:
    audio = np.concatenate([tone(pitch, 2) for pitch in PITCHES])
    heard = chroma(audio, RATE).argmax(-1).numpy()
    middles = [round((2 * note + 1) * RATE / HOP) for note in range(12)]
    assert [PITCHES[heard[frame]] for frame in middles] == list(PITCHES)


@pytest.mark.parametrize("samples", [1000, 16_383, 16_384, 100_001, 5 * RATE])
def test_the_chroma_is_librosas(samples: int) -> None:
    random = np.random.default_rng(samples)
    audio = random.normal(0, 0.1, samples).cumsum().astype(np.float32) * 0.01
    one_hot = chroma(audio, RATE)
    assert one_hot.shape == (1 + max(samples, N_FFT) // HOP, 12)
    assert torch.equal(one_hot.sum(-1), torch.ones(len(one_hot)))
    assert one_hot.argmax(-1).tolist() == independent(audio).tolist()


def test_what_is_beyond_thirty_seconds_is_left_out() -> None:
    audio = np.concatenate([tone("A", 30), tone("C", 10)])
    heard = chroma(audio, RATE)
    assert heard.shape == (235, 12)
    assert (heard.argmax(-1) == PITCHES.index("A")).all()


def test_no_melody_is_that_of_silence() -> None:
    assert torch.equal(no_melody(9), chroma(np.zeros(8 * HOP, np.float32), RATE))


def test_a_melody_is_repeated_or_cut() -> None:
    melody = torch.eye(12)[:3]
    assert fitted(melody, 7).argmax(-1).tolist() == [0, 1, 2, 0, 1, 2, 0]
    assert fitted(melody, 2).argmax(-1).tolist() == [0, 1]


def test_audio_goes_round() -> None:
    audio = np.arange(6, dtype=np.float32)
    assert from_second(audio, 2, 0).tolist() == [0, 1, 2, 3, 4, 5]
    assert from_second(audio, 2, 1).tolist() == [2, 3, 4, 5, 0, 1]
    assert from_second(audio, 2, 4).tolist() == [2, 3, 4, 5, 0, 1]
