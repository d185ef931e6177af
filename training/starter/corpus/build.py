"""Render the corpus: every song in its variants, resumable, one process a core."""

import json
import random
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cache, partial
from pathlib import Path

import numpy as np
from pydantic import BaseModel, ConfigDict

from engine.files import replace_file
from engine.parallel import in_processes
from training.starter.corpus.caption import Description
from training.starter.corpus.instruments import DRUMS, STEMS, instrument_name
from training.starter.corpus.mixing import mix_stems
from training.starter.corpus.score import AccompanimentError, Part
from training.starter.corpus.song import Song, compose
from training.starter.corpus.styles import Style, styles
from training.starter.corpus.synth import SAMPLE_RATE, StemSynth
from training.starter.corpus.variants import variants
from training.starter.corpus.voices import audience, voice_stem

VARIANTS = 2
_SILENT = 1e-4


class Rendering(BaseModel):
    """One rendered song: where its stems lie and what sounds in them. `active` names the rows of the file."""

    model_config = ConfigDict(frozen=True)

    name: str
    seed: int
    variant: int
    split: str
    axis: str
    style: str
    bar_frames: int
    beat_frames: int
    mode: str
    texture: str
    samples: int
    active: tuple[str, ...]
    description: Description


@cache
def groove_deck() -> list[tuple[Style, str]]:
    """Every style and groove, shuffled, so that any run of seeds is a fair sample."""
    deck = [(style, groove) for style in styles() for groove in style.grooves]
    random.Random(0).shuffle(deck)
    return deck


def build(folder: Path, songs: Sequence[int], workers: int) -> Iterator[tuple[int, int, float]]:
    """Render the songs of these seeds below `folder`; those already there are kept.

    Yields (songs done, songs failed, hours of audio) after each song. The same seed gives the same song.
    """
    (folder / "audio").mkdir(parents=True, exist_ok=True)
    wanted = [number for number in songs if not (folder / "songs" / f"{number:06d}.json").exists()]
    done, failed, hours = len(songs) - len(wanted), 0, 0.0
    for seconds in in_processes(partial(_render_song, folder), wanted, workers):
        done, failed, hours = done + 1, failed + (seconds == 0), hours + seconds / 3600
        yield done, failed, hours


@cache
def _synth() -> StemSynth:
    return StemSynth()


def _render_song(folder: Path, number: int) -> float:
    """Render a song and its variants, then list them in `folder/songs`; returns the seconds of audio."""
    found = []
    with suppress(AccompanimentError):
        for song, parts in variants(compose(number, groove_deck()), VARIANTS):
            found.append(render(song, parts, _synth(), folder / "audio"))
    listed = json.dumps([rendering.model_dump() for rendering in found])
    replace_file(folder / "songs" / f"{number:06d}.json", listed.encode())
    return sum(rendering.samples for rendering in found) / SAMPLE_RATE


def render(song: Song, parts: list[Part], synth: StemSynth, folder: Path) -> Rendering:
    """Play `parts`, sing, mix and write one song: `folder/NAME.npy`, int16 `[active stem, sample]`."""
    beats = song.bars * song.style.beats
    stems = synth.play(parts, song.beat_frames, beats)
    voice = STEMS.index("voice")
    sung = voice_stem(song, stems.shape[1])
    music = max(float(np.sqrt(np.mean(stems.sum(0) ** 2))), 1e-3)
    if sung.any():
        level = 1.8 if song.voice in ("rap", "speech") else 1.2
        stems[voice] += sung * (level * music / max(1e-3, float(np.sqrt(np.mean(sung**2)))))
    if song.audience:
        stems[voice] += audience(song, stems.shape[1]) * music / 0.05
    mixed = mix_stems(song, stems)
    active = [stem for stem, samples in enumerate(mixed) if np.abs(samples).max() > _SILENT]
    np.save(folder / f"{song.name}.npy", (mixed[active] * 32767).round().astype(np.int16))
    return Rendering(
        name=song.name,
        seed=song.seed,
        variant=song.variant,
        split=song.split,
        axis=song.axis,
        style=f"{song.style.path.parent.name}/{song.style.path.stem}",
        bar_frames=song.style.beats * song.beat_frames,
        beat_frames=song.beat_frames,
        mode=song.mode,
        texture=song.texture,
        samples=mixed.shape[1],
        active=tuple(STEMS[stem] for stem in active),
        description=_describe(song, parts),
    )


def _describe(song: Song, parts: list[Part]) -> Description:
    heard: dict[str, float] = {}
    for part in parts:
        name = DRUMS if part.drums else instrument_name(part.program)
        heard[name] = heard.get(name, 0.0) + part.weight
    return Description(
        genre=song.style.genre,
        family=song.style.family,
        instruments=tuple(sorted(heard, key=lambda name: -heard[name])),
        tempo=song.tempo,
        voice=song.voice,
        audience=song.audience,
        varied=song.axis in ("tempo", "live", "speech", "singing"),
    )


def renderings(folder: Path, split: str | None = None) -> list[Rendering]:
    """All renderings below `folder`, or those of one split, in the order of their seeds."""
    found = [
        Rendering.model_validate(row)
        for path in sorted((folder / "songs").glob("*.json"))
        for row in json.loads(path.read_text())
    ]
    return [rendering for rendering in found if split in (None, rendering.split)]
