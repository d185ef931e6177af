import threading
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from engine.model import load_model
from engine.playback import Playback
from tests.engine import tiny


@pytest.mark.parametrize("kind", ["mono", "stereo", "starter"])
def test_audio_in_pieces_equals_audio_at_once(kind: str, tmp_path: Path) -> None:
    models = {"mono": tiny.mono, "stereo": tiny.stereo}
    model = load_model(tiny.save(models[kind](), tmp_path) if kind in models else tiny.save_starter(tmp_path))
    codec, T = model.codec, 330
    codes = torch.randint(0, codec.card, (2, codec.codebooks, T), generator=torch.Generator().manual_seed(0))
    with Playback(codec, 2, "cpu") as playback:
        events = [event for ready in range(T + 1) for event in playback.push(codes, ready)]
        assert len(events) >= 4  # a piece may still be in work
        list(playback.finish(codes, T))
    for clip, whole in zip(playback.clips(), codec.decode(codes).numpy(), strict=True):
        assert clip.shape == whole.shape
        np.testing.assert_allclose(clip, whole, atol=1e-3)


class SlowCodec:
    """Ones; each call waits until it may go on, or raises."""

    sample_rate, channels, hop, codebooks, card, context = 50, 1, 1, 1, 8, 0

    def __init__(self) -> None:
        self.may = threading.Event()
        self.calls: list[str] = []

    def encode(self, audio: Tensor) -> Tensor:
        raise NotImplementedError

    def decode(self, codes: Tensor, first: int = 0) -> Tensor:
        self.calls.append(threading.current_thread().name)
        self.may.wait()
        if codes.max() > 1:
            raise ValueError("no such code")
        return codes.float()


def _frames(playback: Playback, codes: Tensor, frames: range) -> Iterator[int]:
    for ready in frames:
        yield from (event.samples.shape[1] for event in playback.push(codes, ready))


def test_the_loop_goes_on_while_a_piece_is_decoded() -> None:
    codec, codes = SlowCodec(), torch.ones(1, 1, 151, dtype=torch.int64)
    with Playback(codec, 1, "cpu") as playback:
        assert list(_frames(playback, codes, range(150))) == []  # the first piece is in work all the while
        codec.may.set()
        assert [event.samples.shape[1] for event in playback.finish(codes, 151)] == [50, 101]
    assert set(codec.calls) == {"codec_0"}


def test_a_piece_that_is_due_waits_for_the_one_before_it() -> None:
    codec, codes = SlowCodec(), torch.ones(1, 1, 151, dtype=torch.int64)
    with Playback(codec, 1, "cpu") as playback:
        assert list(_frames(playback, codes, range(150))) == []
        threading.Timer(0.05, codec.may.set).start()
        assert next(_frames(playback, codes, range(150, 151))) == 50


def test_what_the_codec_raises_is_raised_to_the_loop_and_the_thread_ends() -> None:
    codec, codes = SlowCodec(), torch.full((1, 1, 60), 2)
    codec.may.set()
    with pytest.raises(ValueError, match="no such code"), Playback(codec, 1, "cpu") as playback:
        list(_frames(playback, codes, range(55)))
        list(playback.finish(codes, 60))
    assert not any(thread.name.startswith("codec") for thread in threading.enumerate())


def test_leaving_drops_what_was_not_begun() -> None:
    codec, codes = SlowCodec(), torch.ones(2, 1, 50, dtype=torch.int64)
    with Playback(codec, 2, "cpu") as playback:
        list(_frames(playback, codes, range(51)))
        threading.Timer(0.05, codec.may.set).start()
    assert len(codec.calls) <= 1
    assert not any(thread.name.startswith("codec") for thread in threading.enumerate())


def test_the_loop_keeps_its_threads_and_the_codec_has_one() -> None:
    torch.set_num_threads(2)
    with Playback(SlowCodec(), 1, "cpu") as playback:
        assert torch.get_num_threads() == 2
        assert playback._thread.submit(torch.get_num_threads).result() == 1
