"""Renderings of one composition that differ in one quality and share a caption.

The base model hears both sides of every quality, and preference training can pair them.
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import replace

from training.starter.corpus.score import Part, arrange
from training.starter.corpus.song import OTHER_TEMPO, Song


def _tempo(song: Song) -> Song:
    return replace(song, beat_frames=OTHER_TEMPO[song.beat_frames])


def _mode(song: Song) -> Song:
    return replace(song, mode="minor" if song.mode == "major" else "major")


def _intensity(song: Song) -> Song:
    if song.drive > 0 or song.loudness > -17:
        return replace(song, drive=0.0, compression=0.0, loudness=-25.0)
    return replace(song, drive=0.8, compression=0.9, loudness=-12.0)


def _live(song: Song) -> Song:
    if song.audience:
        return replace(song, audience=False, room="dry")
    return replace(song, audience=True, room="hall")


def _speech(song: Song) -> Song:
    return replace(song, voice="none" if song.voice == "rap" else "rap")


def _singing(song: Song) -> Song:
    return replace(song, voice="none" if song.voice == "singing" else "singing")


def _timbre(song: Song) -> Song:
    return replace(song, timbre="electric" if song.seed % 2 else "acoustic")


def _drums(song: Song) -> Song:
    return replace(song, drums="sparse" if song.drums == "steady" or song.seed % 2 else "steady")


AXES: dict[str, Callable[[Song], Song]] = {
    "tempo": _tempo,
    "mode": _mode,
    "intensity": _intensity,
    "live": _live,
    "speech": _speech,
    "singing": _singing,
    "timbre": _timbre,
    "drums": _drums,
}
_IN_THE_SCORE = ("mode", "timbre", "drums")  # axes that change notes or instruments


def variants(song: Song, count: int) -> Iterator[tuple[Song, list[Part]]]:
    """`song`, then up to `count` renderings of it, each changed along one axis; with their parts.

    An axis whose change would not be heard in this song is passed over. Raises AccompanimentError.
    """
    parts = arrange(song)
    yield song, parts
    axes = list(AXES)
    random.Random(f"variants {song.seed}").shuffle(axes)
    number = 0
    for axis in axes:
        if number == count:
            return
        changed = replace(AXES[axis](song), variant=number + 1, axis=axis)
        changed_parts = arrange(changed) if axis in _IN_THE_SCORE else parts
        if axis in _IN_THE_SCORE and changed_parts == parts:
            continue
        number += 1
        yield changed, changed_parts
