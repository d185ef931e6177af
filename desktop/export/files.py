"""Writing a clip, or a stretch of it, as a finished file."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from mutagen.flac import FLAC
from mutagen.oggvorbis import OggVorbis
from numpy.typing import NDArray

from desktop.export.comments import with_comments
from desktop.export.naming import file_stem, short_key
from desktop.export.riff import acid_chunk, info_list, with_chunks
from desktop.pair.facts import Facts
from desktop.pairs import Pair
from desktop.state import Span
from desktop.texts import tr
from engine import __version__
from engine.audio import FORMATS, AudioFormat, encode_audio
from engine.errors import Problem
from engine.events import Which
from engine.files import replace_file
from engine.paths import home
from engine.recipe import recipe_json
from engine.take import read_recipe

LABELS: Mapping[AudioFormat, str] = {
    "wav24": "WAV, 24 bit",
    "wav16": "WAV, 16 bit",
    "wav32f": "WAV, 32 bit float",
    "flac": "FLAC, 24 bit",
    "ogg": "Ogg Vorbis",
}
COMMENTED: Mapping[AudioFormat, type[FLAC | OggVorbis]] = {"flac": FLAC, "ogg": OggVorbis}


@dataclass(frozen=True)
class Excerpt:
    """What to export: one clip of a finished pair, all of it or the stretch `span`."""

    pair: Pair
    which: Which
    facts: Facts
    span: Span | None = None

    @property
    def stem(self) -> str:
        """The file's name without its ending."""
        job = self.pair.job
        return file_stem(job.prompt, job.seed, self.which, self.facts, self.span)

    @property
    def samples(self) -> NDArray[np.float32]:
        """Float32 [C, N], as it is heard between the same two places of a loop."""
        audio, rate = self.pair.clip(self.which).audio, self.pair.sample_rate
        if self.span is None:
            return audio
        return audio[:, round(self.span.start * rate) : round(self.span.end * rate)]


def exports_dir() -> Path:
    """Where files lie that were dragged or copied: a DAW may play them from there for years."""
    return home() / "exports"


def encode(excerpt: Excerpt, kind: AudioFormat = "wav24") -> bytes:
    """The bytes of the finished file, with title, tempo, key and recipe in its metadata.

    Raises Problem if the pair is not written yet or the stretch holds nothing.
    """
    if excerpt.pair.folder is None:
        raise Problem(tr("This take is not finished yet."), tr("Wait until it is, then export it."))
    samples, rate = excerpt.samples, excerpt.pair.sample_rate
    if samples.shape[1] == 0:
        raise Problem(tr("The selection holds no audio."), tr("Select a stretch inside the clip."))
    recipe = recipe_json(read_recipe(excerpt.pair.folder))
    facts = excerpt.facts
    if kind in COMMENTED:
        plain = encode_audio(samples, rate, kind, comment=recipe, title=excerpt.stem)
        return with_comments(plain, COMMENTED[kind], _comments(facts))
    fields = {"INAM": excerpt.stem, "ISFT": f"Tunedial {__version__}", "ICMT": recipe}
    if words := _words(facts):
        fields["IKEY"] = words  # RIFF's keywords
    chunks = [(b"LIST", info_list(fields))]
    if facts.tempo:
        chunks.insert(0, (b"acid", acid_chunk(samples.shape[1] / rate, facts.tempo, facts.key)))
    return with_chunks(encode_audio(samples, rate, kind), chunks)


def save(excerpt: Excerpt, path: Path, kind: AudioFormat = "wav24") -> Path:
    """Write the file to `path`, complete or not at all. Raises Problem if it cannot be."""
    replace_file(path, encode(excerpt, kind))
    return path


def keep(excerpt: Excerpt, kind: AudioFormat = "wav24") -> Path:
    """The finished file in the exports folder, written if it is not there.

    A file that is there is never changed, since a project may use it: another one of the same name gets a
    number. Raises Problem if it cannot be written.
    """
    data = encode(excerpt, kind)
    ending = FORMATS[kind][0]
    for number in range(1, 10_000):
        name = excerpt.stem + (f" {number}" if number > 1 else "") + ending
        path = exports_dir() / name
        if not path.exists():
            replace_file(path, data)
            return path
        if path.stat().st_size == len(data) and path.read_bytes() == data:
            return path
    raise Problem(
        tr("{} holds too many files of this name.").format(exports_dir()), tr("Move some of them away.")
    )


def _comments(facts: Facts) -> dict[str, str]:
    known = {"BPM": f"{facts.tempo:.4g}" if facts.tempo else "", "INITIALKEY": short_key(facts.key or "")}
    return {name: value for name, value in known.items() if value}


def _words(facts: Facts) -> str:
    """Tempo and key in words: "120 BPM; A minor"."""
    return "; ".join(
        word for word in (f"{facts.tempo:.4g} BPM" if facts.tempo else "", facts.key or "") if word
    )
