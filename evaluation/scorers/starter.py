"""The small scorer that ships: it needs no download (see `engine.scorer`)."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import soxr
from numpy.typing import NDArray

from engine.paths import resources
from engine.scorer.features import RATE, VERSION, hear, pack
from engine.windows import windows
from evaluation.clips import Listener
from evaluation.scorers import embed_clips

Array = NDArray[np.float64]


def hear_features(audio: NDArray[np.float32], codes: Any, sample_rate: int) -> dict[str, Any]:
    """Of audio [C, N]: `windows`, the features of each as text, and `vibes`, vibenet's values averaged."""
    mono = soxr.resample(audio.mean(axis=0), sample_rate, RATE)
    heard = [hear(window) for window in windows(mono, RATE)]
    labels = heard[0].vibes if heard else {}
    return {
        "windows": [pack(one.features) for one in heard],
        "vibes": {label: float(np.mean([one.vibes[label] for one in heard])) for label in labels},
    }


FEATURES = Listener(f"features-{VERSION}", hear_features)


class StarterScorer:
    """Scores by the towers in `folder`, resources/scorer if None."""

    name = "starter"

    def __init__(self, folder: Path | None = None) -> None:
        """Raises Problem if they are not there or damaged."""
        from engine.scorer.towers import load_towers

        self._towers, sha256 = load_towers(folder or resources() / "scorer")
        self.version = sha256[:16]
        self.scale = float(self._towers.scale.exp())

    def listener(self) -> Listener:
        """Features, from which any version of the towers embeds."""
        return FEATURES

    def embed(self, kept: Sequence[Mapping[str, Any]]) -> Array:
        """Embeddings [n, D] of clips; NaN for silence."""
        import torch

        def embed(windows: NDArray[np.float32]) -> Array:
            found: Array = self._towers.embed_audio(torch.from_numpy(windows)).double().numpy()
            return found

        return embed_clips(kept, self._towers.config.width, embed)

    def embed_texts(self, texts: Sequence[str]) -> Array:
        """Embeddings [n, D] of texts."""
        from engine.scorer.towers import sentences

        found: Array = self._towers.embed_text(sentences(texts)).double().numpy()
        return found
