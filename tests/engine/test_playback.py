from pathlib import Path

import numpy as np
import pytest
import torch

from engine.model import load_model
from engine.playback import Playback
from tests.engine import tiny


@pytest.mark.parametrize("kind", ["mono", "stereo", "starter"])
def test_audio_in_pieces_equals_audio_at_once(kind: str, tmp_path: Path) -> None:
    models = {"mono": tiny.mono, "stereo": tiny.stereo}
    model = load_model(tiny.save(models[kind](), tmp_path) if kind in models else tiny.save_starter(tmp_path))
    codec, T = model.codec, 330
    codes = torch.randint(0, codec.card, (2, codec.codebooks, T), generator=torch.Generator().manual_seed(0))
    playback = Playback(codec, ["base", "tuned"], "cpu")
    events = [event for ready in range(T + 1) for event in playback.push(codes, ready)]
    assert len(events) > 4
    list(playback.finish(codes, T))
    for clip, whole in zip(playback.clips(), codec.decode(codes).numpy(), strict=True):
        assert clip.shape == whole.shape
        np.testing.assert_allclose(clip, whole, atol=1e-3)
