"""Codes of the whole corpus, made once for each codec."""

import hashlib
import io
from collections.abc import Iterator
from functools import cache, partial
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from engine.codecs.metre import metre_codes
from engine.codecs.stem_network import StemCodecConfig, StemNetwork
from engine.files import replace_file
from engine.parallel import in_processes, one_torch_thread
from engine.precision import quick
from training.starter.codec.data import played_stems
from training.starter.codec.train import trained_network
from training.starter.corpus.build import Rendering, renderings
from training.starter.corpus.synth import FRAME


def tokens_folder(corpus: Path, run: Path) -> Path:
    """Where the codes of `run`'s codec lie: named by its shape and the content of its codebooks."""
    network = _network(run)
    content = network.config.model_dump_json().encode() + network.codebooks.numpy().tobytes()
    return corpus / "tokens" / hashlib.sha256(content).hexdigest()[:12]


def tokenize(corpus: Path, run: Path, workers: int) -> Iterator[tuple[int, int]]:
    """Encode every rendering that has no codes yet; yields (done, total)."""
    folder = tokens_folder(corpus, run)
    everything = renderings(corpus)
    missing = [r for r in everything if not (folder / f"{r.name}.npy").exists()]
    done = len(everything) - len(missing)
    yield done, len(everything)
    encode = partial(_encode, corpus, run, folder)
    for _ in in_processes(encode, missing, workers, one_torch_thread):
        done += 1
        yield done, len(everything)


@cache
def _network(run: Path) -> StemNetwork:
    return trained_network(run)


@torch.inference_mode()
def _encode(corpus: Path, run: Path, folder: Path, rendering: Rendering) -> None:
    data = io.BytesIO()
    np.save(data, song_codes(_network(run), corpus, rendering))
    replace_file(folder / f"{rendering.name}.npy", data.getvalue())


def song_codes(network: StemNetwork, corpus: Path, rendering: Rendering) -> NDArray[np.int16]:
    """Codes int16 [K, T] of a whole rendering: its metre, which is known, and its stems'."""
    stems = stem_codes(network, played_stems(corpus, rendering, 0, rendering.samples // FRAME * FRAME))
    return np.concatenate([known_metre(network.config, rendering, 0, stems.shape[1]), stems])


def known_metre(config: StemCodecConfig, rendering: Rendering, first: int, frames: int) -> NDArray[np.int16]:
    """The metre's codes int16 [2, frames] of `rendering` from frame `first` on."""
    beat, bar = rendering.beat_frames, rendering.bar_frames // rendering.beat_frames
    places = torch.arange(first, first + frames)
    return metre_codes(places, beat, bar, config.beat_frames, config.bar_beats).numpy().astype(np.int16)


@torch.inference_mode()
def stem_codes(network: StemNetwork, stems: NDArray[np.float32]) -> NDArray[np.int16]:
    """Codes int16 [k, T] of the stems [stem, T * hop] of one song. A stem that never sounds costs nothing.

    Here and there a code is another than the engine gives, which encodes in float32: up to 1 in 170 of the
    first books, up to 1 in 27 of the later ones, when it was compared.
    """
    T = stems.shape[1] // FRAME
    silence = _silence(network)
    rows = []
    for s, samples in enumerate(stems):
        if samples.any():
            spectra = network.spectra(torch.from_numpy(samples[None]))
            with quick():  # as in training; in bf16 three times as fast
                latents = network.encode_spectra(spectra, torch.tensor([s]))
            rows.append(network.quantize(latents, s)[0])
        else:
            rows.append(silence[network.config.rows(s), None].expand(-1, T))
    return torch.cat(rows).numpy().astype(np.int16)


def silent_codes(run: Path) -> Tensor:
    """The codes [all books of stems] that the codec of `run` has for a frame of silence."""
    return _silence(_network(run))


@cache
def _silence(network: StemNetwork) -> Tensor:
    return network.silent_codes()
