"""What a WAV tells a DAW: an `acid` chunk with tempo and root note, and an INFO list.

The layout of `acid` was never published; it is that of ExifTool's RIFF tables (Acidizer), which Reaper,
FL Studio and libsndfile agree with:

    flags u32 | root note u16 | ? u16 | ? f32 | beats u32 | denominator u16 | numerator u16 | tempo f32
"""

import struct
from collections.abc import Iterator, Mapping, Sequence

from desktop.draft import BEATS_PER_BAR

_ROOT_NOTE, _STRETCH, _DISK_BASED = 2, 4, 8
_C = 48  # ExifTool: 0x30 is C
_PITCHES = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_WHOLE = 0.02  # beats; a clip this close to a whole number of them is a loop, others only have a tempo


def acid_chunk(seconds: float, tempo: float, key: str | None) -> bytes:
    """The body of an `acid` chunk for a clip of this length at `tempo` beats a minute; key as "A minor"."""
    beats = seconds * tempo / 60
    flags = _STRETCH
    if round(beats) < 1 or abs(beats - round(beats)) > _WHOLE:
        flags |= _DISK_BASED
    root = _C
    if key is not None:
        flags |= _ROOT_NOTE
        root += _PITCHES.index(key.split()[0])
    whole = max(1, round(beats))
    return struct.pack("<IHHfIHHf", flags, root, 0x8000, 0.0, whole, 4, BEATS_PER_BAR, tempo)


def info_list(fields: Mapping[str, str]) -> bytes:
    """The body of a `LIST` chunk of kind INFO: four letters of each field's name, and its text."""
    return b"INFO" + b"".join(
        _chunk(name.encode("ascii"), text.encode() + b"\0") for name, text in fields.items()
    )


def with_chunks(wav: bytes, chunks: Sequence[tuple[bytes, bytes]]) -> bytes:
    """A WAV with more chunks, each an id of four letters and a body, after those it has."""
    whole = wav + b"\0" * (len(wav) % 2) + b"".join(_chunk(name, body) for name, body in chunks)
    return whole[:4] + struct.pack("<I", len(whole) - 8) + whole[8:]


def chunks_of(wav: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The chunks of a WAV in order: id and body."""
    at = 12
    while at + 8 <= len(wav):
        name, size = struct.unpack("<4sI", wav[at : at + 8])
        yield name, wav[at + 8 : at + 8 + size]
        at += 8 + size + size % 2


def _chunk(name: bytes, body: bytes) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)
