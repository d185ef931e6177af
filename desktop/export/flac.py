"""Vorbis comments in a FLAC file (RFC 9639, sections 8 and 8.6), which libsndfile cannot all write.

    "fLaC" | block header u8 (0x80: the last; else its type), length u24 big-endian | block | ... | frames

A comment block (type 4), all lengths u32 little-endian: vendor's length, vendor, count, then for each its
length and "NAME=value".
"""

import struct
from collections.abc import Mapping

_COMMENTS = 4


def with_comments(flac: bytes, comments: Mapping[str, str]) -> bytes:
    """A FLAC file with these comments after those it has. It must have a comment block."""
    at = 4
    while True:
        kind, length = flac[at] & 0x7F, int.from_bytes(flac[at + 1 : at + 4])
        if kind == _COMMENTS:
            break
        if flac[at] & 0x80:
            raise ValueError("the file has no comment block")
        at += 4 + length
    body = flac[at + 4 : at + 4 + length]
    vendor_end = 4 + struct.unpack("<I", body[:4])[0]
    count = struct.unpack("<I", body[vendor_end : vendor_end + 4])[0]
    added = [f"{name}={value}".encode() for name, value in comments.items()]
    packed = b"".join(struct.pack("<I", len(entry)) + entry for entry in added)
    grown = body[:vendor_end] + struct.pack("<I", count + len(added)) + body[vendor_end + 4 :] + packed
    return flac[: at + 1] + len(grown).to_bytes(3) + grown + flac[at + 4 + length :]
