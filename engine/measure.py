"""What a clip measures: seven of the metrics, tempo, key, loudness and duration.

The seven metrics are those of vibenet, a network distilled to predict Spotify's labels from audio;
all run from 0 to 1, and higher is more. Where a value is undefined (silence has no key) it is None.
Compare values only between measurements of the same `VERSION`.
"""

import functools
import multiprocessing
import os
import warnings
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from engine.audio import audio_info, loudness, read_audio
from engine.compiled import librosa
from engine.errors import Problem
from engine.windows import silent, windows

VERSION = 3
MAX_SECONDS = 300.0
MANY = 16  # files from which on processes of their own are worth their start, some seconds

_RATE = 16_000
_ONSET_HOP = _RATE // 100
_ONSETS_PER_MINUTE = 60 * _RATE / _ONSET_HOP
_SLOWEST, _FASTEST = 40.0, 240.0
_SHORTEST_FOR_TEMPO = 2 * _RATE

_SHORTEST_FOR_KEY = _RATE // 2
_CHROMA_HOP = 1024
_PITCHES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
# How well each pitch class fits a key on C: probe-tone ratings of Krumhansl & Kessler, "Tracing the
# dynamic changes in perceived tonal organization", Psychological Review 89 (1982), 334-368.
_PROFILES = {
    "major": (6.35, 2.23, 3.48, 2.33, 4.38, 4.09, 2.52, 5.19, 2.39, 3.66, 2.29, 2.88),
    "minor": (6.33, 2.68, 3.52, 5.38, 2.60, 3.53, 2.54, 4.75, 3.98, 2.69, 3.34, 3.17),
}


@dataclass(frozen=True)
class Measurement:
    """One clip, measured. The seven metrics are 0 to 1, None for silence."""

    acousticness: float | None
    danceability: float | None
    energy: float | None
    instrumentalness: float | None
    liveness: float | None
    speechiness: float | None
    valence: float | None
    tempo: float | None  # beats per minute; None without onsets or below 2 s
    tempo_confidence: float  # 0 to 1; see `tempo_of`
    key: str | None  # such as "A minor"; None for silence or below 0.5 s
    key_confidence: float  # 0 to 1; see `key_of`
    loudness: float | None  # integrated, LUFS; None for silence or below 0.4 s
    duration: float  # seconds

    def to_json(self) -> dict[str, float | str | None]:
        """The values as a JSON object, with the version of this way of measuring."""
        return {"version": VERSION, **asdict(self)}


@dataclass(frozen=True)
class Measured:
    """One of several files: file `number` of `total` (from 1), and what it measures or why it cannot be."""

    path: Path
    number: int
    total: int
    result: Measurement | Problem


def measure(path: Path) -> Measurement:
    """Measure an audio file. Of a file longer than five minutes, the middle five are measured.

    Raises Problem if it cannot be read.
    """
    return measure_audio(*measured_part(path))


def measured_part(path: Path) -> tuple[NDArray[np.float32], int, float]:
    """What of a file is measured: float32 [C, N], its sample rate, and the seconds of the whole file.

    Raises Problem if it cannot be read.
    """
    info = audio_info(path)
    start = max(0.0, (info.seconds - MAX_SECONDS) / 2)
    rate = min(info.sample_rate, 48_000)
    audio = read_audio(path, rate, min(info.channels, 2), start, start + MAX_SECONDS)
    return audio, rate, info.seconds


def measure_audio(audio: NDArray[np.float32], sample_rate: int, duration: float | None = None) -> Measurement:
    """Measure float32 [C, N], C 1 or 2. `duration` is that of the whole where this is a part of it."""
    mono = soxr.resample(audio.mean(axis=0), sample_rate, _RATE)
    metrics = vibes_of(mono)
    tempo, tempo_confidence = tempo_of(mono)
    key, key_confidence = key_of(mono)
    return Measurement(
        **metrics,
        tempo=tempo,
        tempo_confidence=tempo_confidence,
        key=key,
        key_confidence=key_confidence,
        loudness=loudness(audio, sample_rate),
        duration=audio.shape[1] / sample_rate if duration is None else duration,
    )


def measure_many(paths: Sequence[Path], workers: int | None = None) -> Iterator[Measured]:
    """Measure files, in their order; one that cannot be read does not stop the others.

    `workers` processes share the work; by default as many as there are cores if there are MANY files, else
    none. (Half of a file's time goes into filters that fit its tuning, and the network takes one clip at a
    time: there is nothing in it that many clips could share.)
    """
    if workers is None:
        workers = (os.cpu_count() or 1) if len(paths) >= MANY else 1
    total = len(paths)
    jobs = [(path, number, total) for number, path in enumerate(paths, 1)]
    if workers == 1:
        yield from map(_measured, jobs)
        return
    with ProcessPoolExecutor(workers, multiprocessing.get_context("spawn")) as pool:
        yield from pool.map(_measured, jobs)


def _measured(job: tuple[Path, int, int]) -> Measured:
    path, number, total = job
    try:
        return Measured(path, number, total, measure(path))
    except Problem as problem:
        return Measured(path, number, total, problem)


def vibes_of(mono: NDArray[np.float32]) -> dict[str, float | None]:
    """The seven metrics of 16 kHz audio [N]: vibenet's values, averaged over windows of 10 s.

    The windows are spread evenly so that all are whole and cover the clip; silent ones do not count.
    All values are None if every window is silent (no sample above -60 dBFS). A clip shorter than 1 s
    gives values that say little.
    """
    from vibenet import labels

    heard = windows(mono, _RATE)
    if not heard:
        return dict.fromkeys(labels)
    with warnings.catch_warnings(action="ignore"):  # its imports speak of ffmpeg and audioop, unused here
        results = [_vibenet().predict(window, _RATE)[0].to_dict() for window in heard]
    return {label: float(np.mean([result[label] for result in results])) for label in labels}


def tempo_of(mono: NDArray[np.float32]) -> tuple[float | None, float]:
    """The tempo of 16 kHz audio [N] in beats per minute, 40 to 240, and how sure it is, 0 to 1.

    From the autocorrelation of the onset strength, 1 where onsets repeat exactly and 0 where they do
    not. A lag's pulse is its mean at one, two and four times the lag, as far as the clip allows, give or
    take what a lag of whole frames may be off there; the beat is the lag whose pulse, weighted by how
    usual its tempo is (Ellis, "Beat Tracking by Dynamic Programming", 2007), is highest. The confidence
    is that pulse. The beat may be felt at twice or half the tempo found.
    """
    if len(mono) < _SHORTEST_FOR_TEMPO or silent(mono):
        return None, 0.0
    onsets = librosa().onset.onset_strength(y=mono, sr=_RATE, n_fft=1024, hop_length=_ONSET_HOP)
    onsets = onsets - onsets.mean()
    power = float(np.mean(onsets**2))
    if power <= 1e-12:
        return None, 0.0
    overlap = len(onsets) - np.arange(len(onsets))
    similarity = librosa().autocorrelate(onsets) / overlap / power
    half = len(onsets) // 2  # beyond, too little is compared
    slowest = min(round(_ONSETS_PER_MINUTE / _SLOWEST), half)
    lags = np.arange(round(_ONSETS_PER_MINUTE / _FASTEST), slowest + 1)
    multiples = lags[:, None] * np.array([1, 2, 4])  # [L, 3]
    off = np.array([[0, 0, 0, 0, 0], [-1, 0, 1, 0, 0], [-2, -1, 0, 1, 2]])
    near = multiples[..., None] + off  # [L, 3, 5]
    highest = similarity[np.minimum(near, half)].max(axis=2)
    pulse = np.mean(highest, axis=1, where=multiples <= half)
    usual = np.exp(-0.5 * np.log2(_ONSETS_PER_MINUTE / lags / 120) ** 2)
    peaks = (similarity[lags] >= similarity[lags - 1]) & (similarity[lags] >= similarity[lags + 1])
    score = np.where(peaks, pulse * usual, 0.0)
    best = int(score.argmax())
    if score[best] <= 0:
        return None, 0.0
    tempo = _ONSETS_PER_MINUTE / refined_lag(similarity[: half + 2], int(lags[best]))
    return tempo, float(np.clip(pulse[best], 0, 1))


def key_of(mono: NDArray[np.float32]) -> tuple[str | None, float]:
    """The key of 16 kHz audio [N], such as "A minor", and how sure it is, 0 to 1.

    The key is the one of 24 whose Krumhansl-Kessler profile correlates best with the clip's chroma;
    the confidence is that correlation (0 if it is negative).
    """
    if len(mono) < _SHORTEST_FOR_KEY or silent(mono):
        return None, 0.0
    with warnings.catch_warnings(action="ignore"):  # a short clip leaves its longest filters half empty
        chroma = librosa().feature.chroma_cqt(y=mono, sr=_RATE, hop_length=_CHROMA_HOP).mean(axis=1)
    if not chroma.std() > 0:
        return None, 0.0
    keys = [(tonic, mode) for mode in _PROFILES for tonic in range(12)]
    fits = [np.corrcoef(chroma, np.roll(_PROFILES[mode], tonic))[0, 1] for tonic, mode in keys]
    best = int(np.argmax(fits))
    tonic, mode = keys[best]
    return f"{_PITCHES[tonic]} {mode}", float(np.clip(fits[best], 0, 1))


def refined_lag(similarity: NDArray[np.float32], lag: int) -> float:
    """The lag of the beat to a fraction of a frame, from its peak at `lag` in the similarity [L] of onsets.

    A peak 8, 4 or 2 beats later, where there is one, tells it finer. A parabola through a peak and its
    neighbours gives its top.
    """
    beats, at = 1, lag
    while beats < 8 and 2 * at + 3 < len(similarity):
        around = np.arange(2 * at - 2, 2 * at + 3)
        nearest = int(around[similarity[around].argmax()])
        height = similarity[nearest]
        on_a_slope = height < max(similarity[nearest - 1], similarity[nearest + 1])
        if on_a_slope or height < 0.5 * similarity[lag]:
            break
        beats, at = 2 * beats, nearest
    before, top, after = (float(value) for value in similarity[at - 1 : at + 2])
    bend = before - 2 * top + after
    return (at + (0.5 * (before - after) / bend if bend < 0 else 0.0)) / beats


@functools.cache
def _vibenet() -> Any:
    """vibenet's model in one thread: a second gains nothing, and spins on a core that others need."""
    import importlib.resources

    import onnxruntime
    import vibenet

    librosa()  # which vibenet hears with
    model = vibenet.load_model()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    with importlib.resources.path("vibenet.artifacts", "efficientnet_model.onnx") as file:
        model.ort_sess = onnxruntime.InferenceSession(str(file), options)
    return model
