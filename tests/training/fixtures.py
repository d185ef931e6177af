"""What the tests of the starter share: a tiny codec, a corpus of noise, a short song."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import torch

from engine.codecs.stem_network import StemCodecConfig, StemNetwork
from tests.engine.tiny_stem import TINY
from training.starter import checkpoint
from training.starter.codec.train import new_network
from training.starter.corpus.build import Rendering
from training.starter.corpus.caption import Description
from training.starter.corpus.song import Song
from training.starter.corpus.styles import Style, styles
from training.starter.corpus.synth import FRAME

DESCRIPTION = Description(
    genre="jazz",
    family="jazz",
    instruments=("piano", "upright bass", "saxophone", "drums"),
    tempo=120.0,
    voice="none",
    audience=False,
    varied=False,
)


def rendering(frames: int = 200, **changes: Any) -> Rendering:
    """A rendering of `frames` frames, with bars of 16 frames and beats of 4."""
    values: dict[str, Any] = {
        "name": "000000_0",
        "seed": 0,
        "variant": 0,
        "split": "train",
        "axis": "",
        "style": "stdlib/rock",
        "bar_frames": 16,
        "beat_frames": 4,
        "mode": "major",
        "texture": "full",
        "samples": frames * FRAME,
        "active": ("drums", "plucked"),
        "description": DESCRIPTION,
    }
    return Rendering(**(values | changes))


def write_corpus(folder: Path, frames: int = 40) -> list[Rendering]:
    """One song of noise in each split, its drums and other stems sounding."""
    (folder / "audio").mkdir(parents=True)
    (folder / "songs").mkdir()
    rng = np.random.default_rng(0)
    songs = []
    for seed, split in enumerate(("train", "validation", "test")):
        song = rendering(frames, name=f"{seed:06d}_0", seed=seed, split=split)
        noise = (rng.standard_normal((len(song.active), song.samples)) * 3000).astype(np.int16)
        np.save(folder / "audio" / f"{song.name}.npy", noise)
        (folder / "songs" / f"{seed:06d}.json").write_text(json.dumps([song.model_dump()]))
        songs.append(song)
    return songs


def random_network(config: StemCodecConfig = TINY) -> StemNetwork:
    """An untrained network with random codebooks."""
    torch.manual_seed(0)
    network = new_network(config)
    network.codebooks.normal_()
    return network.eval()


def write_codec(run: Path, network: StemNetwork) -> None:
    """Leave `network` in `run` as its training does."""
    average = {name: parameter.detach() for name, parameter in network.named_parameters()}
    checkpoint.save(run / "codec.pt", {"network": network.state_dict(), "average": average})


@cache
def a_style(name: str = "slowbolero") -> Style:
    """A style of MMA's standard library."""
    return next(style for style in styles() if style.path.stem == name and style.path.parent.name == "stdlib")


def a_song(**changes: Any) -> Song:
    """Four bars of a slow bolero with all its parts, mixed as plainly as can be."""
    values: dict[str, Any] = {
        "seed": 4,
        "variant": 0,
        "split": "train",
        "axis": "",
        "style": a_style(),
        "grooves": ("SlowBoleroPlus",),
        "bars": 4,
        "beat_frames": 24,
        "key": 0,
        "mode": "major",
        "degrees": (1, 6, 4, 5),
        "sevenths": False,
        "texture": "full",
        "lead": None,
        "voice": "none",
        "drums": "style",
        "timbre": "style",
        "room": "dry",
        "audience": False,
        "drive": 0.0,
        "compression": 0.0,
        "loudness": -20.0,
    }
    return Song(**(values | changes))
