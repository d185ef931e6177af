"""Ten seconds of real songs, and ten seconds made from their captions."""

import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.codecs import drawn_codebooks
from engine.codecs.stem import StemCodec
from engine.faults import faults_of
from engine.generate import Clip, Request, generate
from engine.model import Model, load_model
from training.starter.codec.data import played_stems
from training.starter.corpus.build import Rendering
from training.starter.corpus.caption import Description, paper_caption
from training.starter.corpus.synth import FRAME
from training.starter.lm.tokens import known_metre, song_codes
from training.starter.report.features import Heard, hear

FRAMES = 500


@dataclass(frozen=True)
class RealClip:
    """Ten seconds of a rendering: its codes [K, T], its mix [N], and what is heard in it."""

    description: Description
    codes: Tensor
    mix: Tensor
    heard: Heard


@dataclass(frozen=True)
class MadeClip:
    """Ten seconds made from a caption: samples [N], what is heard, and what is wrong."""

    mix: Tensor
    heard: Heard
    faults: tuple[str, ...]


def pick(renderings: Sequence[Rendering], count: int) -> list[tuple[Rendering, int]]:
    """`count` clips (rendering, first sample) on bar lines, from as many songs as there are."""
    places = []
    for rendering in renderings:
        bar = rendering.bar_frames * FRAME
        last = (rendering.samples - FRAMES * FRAME) // bar
        places += [(rendering, bar * n) for n in sorted({min(1, last), max(0, last)}) if last >= 0]
    random.Random(0).shuffle(places)
    return places[:count]


@cache
def _model(folder: Path) -> Model:
    torch.set_num_threads(1)
    return load_model(folder)


def starter_codec(folder: Path) -> StemCodec:
    """The codec of the model in `folder`."""
    codec = _model(folder).codec
    assert isinstance(codec, StemCodec), f"{folder} has no stem codec"
    return codec


def real_clips(
    pool: ProcessPoolExecutor, model: Path, corpus: Path, places: Sequence[tuple[Rendering, int]]
) -> Iterator[RealClip]:
    """Read, encode and listen to clips of the corpus."""
    n = len(places)
    yield from pool.map(_real, [model] * n, [corpus] * n, *zip(*places, strict=True), chunksize=4)


def clip_stems(corpus: Path, rendering: Rendering, start: int) -> NDArray[np.float32]:
    """The stems [S, N] of ten seconds of a rendering, from the sample `start` on."""
    return played_stems(corpus, rendering, start, FRAMES * FRAME)


def _real(model: Path, corpus: Path, rendering: Rendering, start: int) -> RealClip:
    stems = clip_stems(corpus, rendering, start)
    codec = starter_codec(model)
    codes = codec.encode_stems(torch.from_numpy(stems)[None])[0]
    metre = known_metre(codec.config, rendering, start // FRAME, FRAMES)
    codes[: len(metre)] = torch.from_numpy(metre)
    mix = stems.sum(0)
    return RealClip(rendering.description, codes, torch.from_numpy(mix), hear(mix))


def used_codes(
    pool: ProcessPoolExecutor, model: Path, corpus: Path, songs: Sequence[Rendering]
) -> NDArray[np.bool_]:
    """Which codes of each codebook of the stems are in use in whole renderings, [K, V]."""
    n = len(songs)
    found = pool.map(_used, [model] * n, [corpus] * n, songs, chunksize=4)
    return np.logical_or.reduce(list(found))


def _used(model: Path, corpus: Path, rendering: Rendering) -> NDArray[np.bool_]:
    codec = starter_codec(model)
    codes = song_codes(codec.network, corpus, rendering)[codec.config.metre_books :]
    used = np.zeros((len(codes), codec.card), bool)
    np.put_along_axis(used, codes.astype(np.int64), True, axis=1)
    return used


def decoded_clips(pool: ProcessPoolExecutor, model: Path, codes: Sequence[Tensor]) -> Iterator[MadeClip]:
    """Decode codes [K, T] and listen to the result."""
    yield from pool.map(_decoded, [model] * len(codes), codes, chunksize=4)


def _decoded(model: Path, codes: Tensor) -> MadeClip:
    codec = starter_codec(model)
    audio = codec.decode(codes[None])[0]
    drawn = codes[drawn_codebooks(codec)]
    wrong = faults_of(audio.numpy(), drawn.numpy(), codec.sample_rate)
    return MadeClip(audio[0], hear(audio[0].numpy()), tuple(wrong))


def generated_clips(
    pool: ProcessPoolExecutor, model: Path, descriptions: Sequence[Description]
) -> Iterator[MadeClip]:
    """Make a clip from the caption of each description; the seed is its place."""
    n = len(descriptions)
    yield from pool.map(_generated, [model] * n, descriptions, range(n))


def _generated(folder: Path, description: Description, seed: int) -> MadeClip:
    model = _model(folder)
    condition = model.condition(model.read_prompt(paper_caption(description)))
    request = Request(
        clips=[Clip(seed)],
        condition=lambda _: condition,
        frames=FRAMES,
        window=model.window(condition),
        sampling=model.sampling,
        prompt=torch.zeros(model.codec.codebooks, 0, dtype=torch.int64),
        counted=model.codec.counted,
    )
    for decoded in generate(model.decoder, request):
        codes = decoded.codes
    return _decoded(folder, codes[0])
