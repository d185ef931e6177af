"""Vorbis comments that libsndfile cannot write, in FLAC and Ogg Vorbis files."""

import io
from collections.abc import Mapping

from mutagen.flac import FLAC
from mutagen.oggvorbis import OggVorbis


def with_comments(data: bytes, kind: type[FLAC | OggVorbis], comments: Mapping[str, str]) -> bytes:
    """A file of this kind, its audio as it was, with these comments beside those it has."""
    file = io.BytesIO(data)
    tags = kind(file)
    for name, value in comments.items():
        tags[name] = value
    file.seek(0)
    tags.save(file)
    return file.getvalue()
