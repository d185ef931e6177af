"""A transformer that tags AudioSet's classes, such as MIT/ast-finetuned-audioset-10-10-0.4593."""

import functools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from engine.catalog import find_model, weights_sha256
from engine.errors import Problem
from engine.scorer.features import pack, unpack
from engine.windows import windows

Array = NDArray[np.float64]

VERSION = 1


def open_tagger(name: str) -> tuple[Path, str]:
    """The folder of a tagger (a folder, or a hub id that was fetched), and its version.

    Raises CallProblem if `name` can be neither, Problem if it is not here or no tagger.
    """
    found = find_model(name)
    if found.folder is None:
        raise Problem(f"'{name}' is not on this computer.", f"Fetch it: tunedial models get {name}")
    _load(found.folder)
    return found.folder, f"{weights_sha256(found.folder)[:16]}.{VERSION}"


def hear_tags(folder: Path, audio: NDArray[np.float32], codes: Any, sample_rate: int) -> dict[str, Any]:
    """`features` and `tags` of audio [C, N], means over its windows, as text; none for silence."""
    import torch

    model, extractor = _load(folder)
    rate = int(extractor.sampling_rate)
    mono = soxr.resample(audio.mean(axis=0), sample_rate, rate)
    found = windows(mono, rate)
    if not found:
        return {"features": None, "tags": None}
    rows = []
    with torch.inference_mode():
        for window in found:
            given = extractor(window, sampling_rate=rate, return_tensors="pt")
            states = model.audio_spectrogram_transformer(**given).pooler_output
            rows.append((states[0].numpy(), model.classifier(states).sigmoid()[0].numpy()))
    features, tags = (np.mean([row[i] for row in rows], axis=0) for i in (0, 1))
    return {"features": pack(features), "tags": pack(tags)}


def kept_features(kept: Sequence[Mapping[str, Any]]) -> Array:
    """The features [n, D] of clips; NaN for silence."""
    return _rows(kept, "features")


def kept_tags(kept: Sequence[Mapping[str, Any]]) -> Array:
    """The tags' probabilities [n, C] of clips; NaN for silence."""
    return _rows(kept, "tags")


def _rows(kept: Sequence[Mapping[str, Any]], name: str) -> Array:
    found = [None if clip[name] is None else unpack(clip[name]) for clip in kept]
    size = next((len(row) for row in found if row is not None), 1)
    rows = [np.full(size, np.nan) if row is None else row for row in found]
    return np.array(rows, dtype=np.float64).reshape(len(rows), size)


@functools.cache
def _load(folder: Path) -> tuple[Any, Any]:
    from transformers import ASTFeatureExtractor, ASTForAudioClassification

    from engine.text import quiet_transformers

    with quiet_transformers():
        try:
            model = ASTForAudioClassification.from_pretrained(
                folder, local_files_only=True, use_safetensors=True
            )
            extractor = ASTFeatureExtractor.from_pretrained(folder, local_files_only=True)
        except Exception as error:
            reason = " ".join(str(error).split())
            raise Problem(
                f"{folder} holds no audio spectrogram transformer: {reason}.", "Fetch it again."
            ) from error
    return model.eval().requires_grad_(False), extractor
