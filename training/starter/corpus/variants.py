"""Renderings of one composition that differ in one quality and share a caption.

The base model hears both sides of every quality, and preference training can pair them.
"""

import random
from collections.abc import Callable
from dataclasses import replace

from training.starter.corpus.song import SLOWER, Song


def _tempo(song: Song) -> Song:
    slow = song.beat_frames <= 24
    factor = SLOWER if slow else 1 / SLOWER
    return replace(song, beat_frames=round(song.beat_frames * factor))


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


def variants(song: Song, count: int) -> list[Song]:
    """`song` and `count` renderings of it, each changed along one axis that its texture allows."""
    rng = random.Random(f"variants {song.seed}")
    axes = [name for name in AXES if _audible(song, name)]
    chosen = rng.sample(axes, min(count, len(axes)))
    changed = [
        replace(AXES[axis](song), variant=number, axis=axis) for number, axis in enumerate(chosen, start=1)
    ]
    return [song, *changed]


def _audible(song: Song, axis: str) -> bool:
    if axis == "drums":
        return song.texture in ("full", "drums and bass", "no bass")
    if axis in ("mode", "timbre"):
        return song.texture != "drums only"
    return True
