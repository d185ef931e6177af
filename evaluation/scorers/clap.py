"""CLAP as transformers has it (Wu et al. 2023): laion/clap-htsat-unfused, larger_clap_music and others."""

import functools
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from engine.catalog import find_model, weights_sha256
from engine.errors import Problem
from engine.scorer.features import pack
from engine.windows import WINDOW_S, windows
from evaluation.clips import Listener
from evaluation.scorers import embed_clips

Array = NDArray[np.float64]

VERSION = 1
BATCH = 16  # windows embedded at once
_TEXTS = 64


class ClapScorer:
    """Scores by the ClapModel in a folder."""

    def __init__(self, name: str, folder: Path) -> None:
        """Raises Problem if there is no CLAP in `folder`, or it is damaged."""
        self.name = name
        self.version = f"{weights_sha256(folder)[:16]}.{VERSION}"
        self._folder = folder
        model, _, _ = _load(folder)
        self.scale = float(model.logit_scale_a.exp())
        self._width = int(model.config.projection_dim)

    def listener(self) -> Listener:
        """Works out the embeddings of a clip's windows."""
        hear, together = partial(_hear, self._folder), partial(_hear_together, self._folder)
        return Listener(f"clap-{self.version}", hear, together)

    def embed(self, kept: Sequence[Mapping[str, Any]]) -> Array:
        """Embeddings [n, D] of clips; NaN for silence."""
        return embed_clips(kept, self._width, lambda windows: windows.astype(np.float64))

    def embed_texts(self, texts: Sequence[str]) -> Array:
        """Embeddings [n, D] of texts."""
        import torch

        model, tokenizer, _ = _load(self._folder)
        rows = []
        with torch.inference_mode():
            for start in range(0, len(texts), _TEXTS):
                some = list(texts[start : start + _TEXTS])
                tokens = tokenizer(some, padding=True, truncation=True, return_tensors="pt")
                given = {name: tokens[name].to(model.device) for name in ("input_ids", "attention_mask")}
                rows.append(model.get_text_features(**given).pooler_output.double().cpu().numpy())
        return np.concatenate(rows) if rows else np.zeros((0, self._width))


def open_clap(name: str) -> ClapScorer:
    """The CLAP in the folder `name`, or fetched from the hub under that id.

    Raises CallProblem if `name` can be neither, Problem if it is not on this computer or no CLAP.
    """
    found = find_model(name)
    if found.folder is None:
        raise Problem(
            f"The scorer '{name}' is not on this computer.",
            f"Fetch it (tunedial models get {name}), or leave --scorer out: the starter scorer ships.",
        )
    return ClapScorer(found.id, found.folder)


def embed_windows(folder: Path, mono: Sequence[NDArray[np.float32]]) -> Array:
    """Embeddings [n, D] of windows of at most 10 s at CLAP's own rate, in batches."""
    import torch

    model, _, extractor = _load(folder)
    rows = []
    with torch.inference_mode():
        for start in range(0, len(mono), BATCH):
            some = list(mono[start : start + BATCH])
            given = extractor(some, sampling_rate=extractor.sampling_rate, return_tensors="pt")
            found = model.get_audio_features(**given.to(model.device)).pooler_output
            rows.append(found.double().cpu().numpy())
    return np.concatenate(rows) if rows else np.zeros((0, int(model.config.projection_dim)))


def _hear(folder: Path, audio: NDArray[np.float32], codes: Any, sample_rate: int) -> dict[str, Any]:
    return _hear_together(folder, [audio], sample_rate)[0]


def _hear_together(
    folder: Path, clips: Sequence[NDArray[np.float32]], sample_rate: int
) -> list[dict[str, Any]]:
    """The windows' embeddings of each clip [C, N]; windows of all clips share the batches."""
    _, _, extractor = _load(folder)
    rate = int(extractor.sampling_rate)
    found = [windows(soxr.resample(clip.mean(axis=0), sample_rate, rate), rate) for clip in clips]
    rows = iter(embed_windows(folder, [window[: WINDOW_S * rate] for some in found for window in some]))
    return [{"windows": [pack(next(rows)) for _ in some]} for some in found]


@functools.cache
def _load(folder: Path) -> tuple[Any, Any, Any]:
    """Model, tokenizer and feature extractor."""
    from transformers import AutoTokenizer, ClapConfig, ClapFeatureExtractor, ClapModel

    from engine.device import best_device
    from engine.text import quiet_transformers

    with quiet_transformers():
        try:
            config = ClapConfig.from_pretrained(folder, local_files_only=True)
            model = ClapModel.from_pretrained(
                folder, config=config, local_files_only=True, use_safetensors=True
            )
            tokenizer = AutoTokenizer.from_pretrained(folder, local_files_only=True)
            extractor = ClapFeatureExtractor.from_pretrained(folder, local_files_only=True)
        except Exception as error:
            reason = " ".join(str(error).split())
            raise Problem(
                f"{folder} holds no CLAP that can be loaded: {reason}.",
                "Fetch it again, or use --scorer starter.",
            ) from error
    return model.eval().requires_grad_(False).to(best_device()), tokenizer, extractor
