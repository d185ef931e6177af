"""Example clips to listen to, and their spectrograms to look at."""

import re
from collections.abc import Sequence
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
import soundfile
from numpy.typing import NDArray

from engine.compiled import librosa
from training.starter.corpus.synth import SAMPLE_RATE

COUNT = 12
SECONDS = 5


def write_examples(folder: Path, clips: Sequence[tuple[str, NDArray[np.float32]]]) -> None:
    """Write the first clips (caption, samples [N]) as FLAC, and one picture of their log-mel spectrograms."""
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.flac"):
        old.unlink()
    figure, axes = plt.subplots(4, 3, figsize=(13, 9), sharex=True, sharey=True, constrained_layout=True)
    for number, ((caption, samples), axis) in enumerate(zip(clips[:COUNT], axes.flat, strict=False), start=1):
        name = re.sub(r"[^a-z0-9]+", "-", caption.lower()).strip("-")[:60]
        piece = samples[: SECONDS * SAMPLE_RATE]
        soundfile.write(folder / f"{number:02d}-{name}.flac", piece, SAMPLE_RATE, subtype="PCM_16")
        mels = librosa().feature.melspectrogram(
            y=piece, sr=SAMPLE_RATE, n_fft=2048, hop_length=640, n_mels=96
        )
        decibels = librosa().power_to_db(mels, ref=1.0)
        axis.imshow(
            decibels,
            origin="lower",
            aspect="auto",
            vmin=-60,
            vmax=30,
            extent=(0, SECONDS, 0, 96),
            cmap="magma",
        )
        axis.set_title(f"{number}. {caption}", fontsize=9, loc="left")
        axis.set_yticks([])
    for axis in axes[-1]:
        axis.set_xlabel("seconds")
    figure.savefig(folder / "spectrograms.png", dpi=80)
    plt.close(figure)
