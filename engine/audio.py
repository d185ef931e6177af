"""Audio files: reading any of them as a model wants it, writing takes and exports.

Audio in memory is float32 [C, N] with full scale at 1.0. Files are read through libsndfile (WAV,
FLAC, Ogg, MP3, AIFF and more).
"""

import io
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import soundfile
import soxr
from numpy.typing import NDArray

from engine.errors import CallProblem, Problem
from engine.files import replace_file

AudioFormat = Literal["wav16", "wav24", "wav32f", "flac", "ogg"]

# name -> (file ending, container, encoding), in libsndfile's words
FORMATS: dict[AudioFormat, tuple[str, str, str]] = {
    "wav16": (".wav", "WAV", "PCM_16"),
    "wav24": (".wav", "WAV", "PCM_24"),
    "wav32f": (".wav", "WAV", "FLOAT"),
    "flac": (".flac", "FLAC", "PCM_24"),
    "ogg": (".ogg", "OGG", "VORBIS"),
}

_BLOCK = 1 << 16

# Where the channels of a file with more than two stand, in WAVE's order: (L)eft, (R)ight, (C)entre
# and the (-) low-frequency channel, which a fold to two leaves out (ITU-R BS.775).
_LAYOUTS = {3: "LRC", 4: "LRLR", 5: "LRCLR", 6: "LRC-LR", 7: "LRC-CLR", 8: "LRC-LRLR"}
_CENTRE = 0.5**0.5


@dataclass(frozen=True)
class AudioInfo:
    """What a file holds, before any of it is read."""

    sample_rate: int
    channels: int
    frames: int

    @property
    def seconds(self) -> float:
        """How long the file plays."""
        return self.frames / self.sample_rate


def audio_info(path: Path) -> AudioInfo:
    """What the audio file `path` holds. Raises Problem if it is not one or is empty."""
    with _opened(path) as file:
        return AudioInfo(file.samplerate, file.channels, file.frames)


def read_audio(
    path: Path, sample_rate: int, channels: int, start: float = 0.0, end: float | None = None
) -> NDArray[np.float32]:
    """The seconds `start` to `end` of a file as float32 [C, N], resampled and folded to `channels`.

    `end` None, or beyond the file, means its end. Only the asked range is read, block by block.
    Raises CallProblem if the file is not there or the range lies outside it, Problem if the file
    cannot be read, is empty, or holds samples that are not numbers.
    """
    with _opened(path) as file:
        rate = file.samplerate
        first = round(start * rate)
        last = file.frames if end is None else min(round(end * rate), file.frames)
        if not 0 <= first < last:
            raise CallProblem(
                f"{path} has no audio between {start:g} s and {last / rate if end is None else end:g} s:"
                f" it is {file.frames / rate:.2f} s long.",
                "Choose a range inside it.",
            )
        try:
            file.seek(first)
            blocks = list(_resampled(_folded(file, last - first, channels), rate, sample_rate, channels))
        except (soundfile.LibsndfileError, ValueError) as error:
            raise _unreadable(path, str(error)) from error
    audio = np.concatenate(blocks).T if blocks else np.zeros((channels, 0), np.float32)
    if audio.shape[1] == 0:
        raise _unreadable(path, "no samples could be decoded")
    if not np.isfinite(audio).all():
        raise Problem(
            f"{path} holds samples that are not numbers (NaN or infinite).",
            "Export it again, for example as a 24-bit WAV.",
        )
    return np.ascontiguousarray(audio, dtype=np.float32)


def encode_audio(
    audio: NDArray[np.float32],
    sample_rate: int,
    kind: AudioFormat = "wav24",
    comment: str = "",
    title: str = "",
) -> bytes:
    """The bytes of an audio file of float32 [C, N], with `comment` in its metadata, and if not WAV `title`.

    Integer formats clip at full scale. The same audio and comment give the same bytes in every
    format but wav32f and ogg, which hold a time or a serial number. Raises Problem on samples that
    are not numbers.
    """
    if not np.isfinite(audio).all():
        raise Problem(
            "The audio holds samples that are not numbers.", "Generate it again with smaller knob values."
        )
    _, container, encoding = FORMATS[kind]
    buffer = io.BytesIO()
    with soundfile.SoundFile(buffer, "w", sample_rate, audio.shape[0], encoding, format=container) as file:
        if comment and container != "WAV":
            file.comment = comment
        if title and container != "WAV":
            file.title = title
        for start in range(0, audio.shape[1], _BLOCK):
            file.write(audio[:, start : start + _BLOCK].T)
    encoded = buffer.getvalue()
    return _with_wav_comment(encoded, comment) if comment and container == "WAV" else encoded


def write_audio(
    path: Path,
    audio: NDArray[np.float32],
    sample_rate: int,
    kind: AudioFormat = "wav24",
    comment: str = "",
) -> None:
    """Write float32 [C, N] to `path` at once: complete or not at all. Raises Problem if it cannot be."""
    replace_file(path, encode_audio(audio, sample_rate, kind, comment))


def read_comment(path: Path) -> str:
    """The comment in a file's metadata, "" if it has none. Raises like `audio_info`."""
    with _opened(path) as file:
        if file.format not in ("WAV", "WAVEX"):
            return str(file.comment)
    return _wav_comment(path)


def peak_db(audio: NDArray[np.float32]) -> float | None:
    """The largest sample of [C, N] in dB relative to full scale; None for silence."""
    peak = float(np.abs(audio).max(initial=0.0))
    return 20 * float(np.log10(peak)) if peak > 0 else None


def loudness(audio: NDArray[np.float32], sample_rate: int) -> float | None:
    """Integrated loudness of [C, N] in LUFS (ITU-R BS.1770-4, gated, by pyloudnorm).

    None where it is undefined: silence, or less than one gating block of 0.4 s.
    """
    import warnings

    import pyloudnorm

    if audio.shape[1] < 0.4 * sample_rate:
        return None
    with warnings.catch_warnings(), np.errstate(divide="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)  # pyloudnorm averages an empty set on silence
        lufs = float(pyloudnorm.Meter(sample_rate).integrated_loudness(audio.T.astype(np.float64)))
    return lufs if np.isfinite(lufs) else None


def _opened(path: Path) -> soundfile.SoundFile:
    if path.is_dir():
        raise CallProblem(f"{path} is a folder, not an audio file.", "Choose a file in it.")
    if not path.exists():
        raise CallProblem(f"{path} does not exist.", "Check the name.")
    try:
        file = soundfile.SoundFile(path)
    except (soundfile.LibsndfileError, OSError, TypeError) as error:
        raise _unreadable(path, str(getattr(error, "error_string", error))) from error
    if file.frames <= 0:
        file.close()
        raise Problem(f"{path} is empty: it holds no audio.", "Choose a file with sound in it.")
    return file


def _unreadable(path: Path, reason: str) -> Problem:
    return Problem(
        f"{path} could not be read as audio: {reason.strip().rstrip('.')}.",
        "Convert it to WAV, FLAC, Ogg or MP3 and try again.",
    )


def _fold(have: int, want: int) -> NDArray[np.float32]:
    """The matrix [have, want] that brings `have` channels to `want`; every column sums to 1."""
    if have == want:
        return np.eye(have, dtype=np.float32)
    if have == 1 or want > 2:
        return np.full((have, want), 1 / have, np.float32)
    layout = "LR" if have == 2 else _LAYOUTS.get(have, "C" * have)
    left = np.array([{"L": 1.0, "C": _CENTRE}.get(place, 0.0) for place in layout])
    right = np.array([{"R": 1.0, "C": _CENTRE}.get(place, 0.0) for place in layout])
    stereo = np.stack([left / left.sum(), right / right.sum()], axis=1)
    return (stereo if want == 2 else stereo.mean(axis=1, keepdims=True)).astype(np.float32)


def _folded(file: soundfile.SoundFile, frames: int, channels: int) -> Iterator[NDArray[np.float32]]:
    matrix = _fold(file.channels, channels)
    for block in file.blocks(_BLOCK, frames=frames, dtype="float32", always_2d=True):
        yield block @ matrix


def _resampled(
    blocks: Iterator[NDArray[np.float32]], have: int, want: int, channels: int
) -> Iterator[NDArray[np.float32]]:
    if have == want:
        yield from blocks
        return
    stream = soxr.ResampleStream(have, want, channels, dtype="float32")
    for block in blocks:
        yield stream.resample_chunk(block)
    yield stream.resample_chunk(np.zeros((0, channels), np.float32), last=True)


def _with_wav_comment(wav: bytes, comment: str) -> bytes:
    """Append an INFO list with the comment; libsndfile drops comments of more than 2 kB.

    Layout: "RIFF" size "WAVE" ... | "LIST" size "INFO" "ICMT" size text 0 [pad]
    """
    text = comment.encode() + b"\0"
    padded = text + b"\0" * (len(text) % 2)
    body = b"INFO" + b"ICMT" + struct.pack("<I", len(text)) + padded
    whole = wav + b"\0" * (len(wav) % 2) + b"LIST" + struct.pack("<I", len(body)) + body
    return whole[:4] + struct.pack("<I", len(whole) - 8) + whole[8:]


def _wav_comment(path: Path) -> str:
    with path.open("rb") as file:
        file.seek(12)
        while len(header := file.read(8)) == 8:
            size = struct.unpack("<I", header[4:])[0]
            if header[:4] != b"LIST":
                file.seek(size + size % 2, io.SEEK_CUR)
                continue
            found = _info_comment(file.read(size + size % 2))
            if found is not None:
                return found
    return ""


def _info_comment(body: bytes) -> str | None:
    at = 4
    while body[:4] == b"INFO" and at + 8 <= len(body):
        size = struct.unpack("<I", body[at + 4 : at + 8])[0]
        if body[at : at + 4] == b"ICMT":
            return body[at + 8 : at + 8 + size].split(b"\0", 1)[0].decode("utf-8", errors="replace")
        at += 8 + size + size % 2
    return None
