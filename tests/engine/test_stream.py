from collections.abc import Sequence

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from engine.codecs import Codec, build
from engine.codecs.stream import StreamDecoder, Window
from tests.engine.test_encodec import tiny_encodec

TOLERANCE = 1e-3
ROWS = 2


class ConvCodec:
    """One convolution over the codes; sample n of frame t is the convolution at t, plus n / hop."""

    sample_rate, channels, hop, codebooks, card, context = 400, 1, 8, 3, 16, 5

    def __init__(self) -> None:
        self.frames_decoded = 0
        self.kernel = torch.randn(1, 3, 11, generator=torch.Generator().manual_seed(0))

    def encode(self, audio: Tensor) -> Tensor:
        raise NotImplementedError

    def decode(self, codes: Tensor, first: int = 0) -> Tensor:
        self.frames_decoded += codes.shape[-1]
        frames = F.conv1d(codes.float(), self.kernel, padding=5) + torch.arange(
            first, first + codes.shape[-1]
        )
        return (frames[..., None] + torch.arange(self.hop) / self.hop).flatten(-2)


def encodec_with_memory(channels: int, causal: bool) -> Codec:
    """A random EnCodec whose LSTM remembers for hundreds of frames."""
    config, model = tiny_encodec(use_causal_conv=causal)
    for name, parameter in model.named_parameters():
        if "lstm.bias_ih" in name:
            quarter = len(parameter) // 4
            parameter.data[quarter : 2 * quarter] += 6  # the forget gate: sigmoid(6) = 0.998
    return build(config.to_dict(), model.state_dict(), channels)


ENCODECS = {(c, causal): encodec_with_memory(c, causal) for c in (1, 2) for causal in (False, True)}


def _codes(codec: Codec, frames: int) -> Tensor:
    random = torch.Generator().manual_seed(frames)
    return torch.randint(0, codec.card, (ROWS, codec.codebooks, frames), generator=random)


def _streamed(codec: Codec, codes: Tensor, sizes: Sequence[int]) -> list[Tensor]:
    """The pieces that come back when codes are pushed in chunks of `sizes`, then one by one."""
    stream = StreamDecoder(codec, ROWS)
    rest = codes.shape[-1] - sum(sizes)
    return [stream.push(chunk) for chunk in codes.split([*sizes, *[1] * rest], dim=-1)] + [stream.finish()]


@st.composite
def chunkings(draw: st.DrawFn) -> tuple[int, list[int]]:
    """A number of frames, at least one, and sizes of chunks (some empty) that it may be pushed in."""
    sizes = draw(st.lists(st.integers(0, 40), max_size=8))
    return sum(sizes) + draw(st.integers(1, 12)), sizes


@settings(max_examples=50)
@given(chunking=chunkings(), kind=st.sampled_from([*ENCODECS]))
def test_streamed_encodec_equals_the_whole(chunking: tuple[int, list[int]], kind: tuple[int, bool]) -> None:
    frames, sizes = chunking
    codes = _codes(ENCODECS[kind], frames)
    streamed = torch.cat(_streamed(ENCODECS[kind], codes, sizes), dim=-1)
    torch.testing.assert_close(streamed, ENCODECS[kind].decode(codes), rtol=0, atol=TOLERANCE)


@given(chunking=chunkings())
def test_a_streamed_convolution_equals_the_whole(chunking: tuple[int, list[int]]) -> None:
    frames, sizes = chunking
    codes = _codes(ConvCodec(), frames)
    streamed = torch.cat(_streamed(ConvCodec(), codes, sizes), dim=-1)
    torch.testing.assert_close(streamed, ConvCodec().decode(codes), rtol=0, atol=TOLERANCE)


def test_the_lstm_of_the_test_does_remember() -> None:
    codec = ENCODECS[1, False]
    codes = _codes(codec, 200)
    alone = codec.decode(codes[..., 100:])
    within = codec.decode(codes)[..., 100 * codec.hop :]
    far = 50 * codec.hop  # ten times the reach of the convolutions
    assert (alone - within)[..., far:].abs().max() > TOLERANCE


def test_a_window_gives_a_frame_once_its_context_is_there() -> None:
    runs: list[str] = []

    def run(frames: Tensor, first: int) -> Tensor:
        runs.append("".join(chr(int(frame)) for frame in frames[0, 0]))
        assert runs[-1][0] == chr(ord("a") + first)
        return frames

    def text(result: Tensor | None) -> str | None:
        return None if result is None else "".join(chr(int(frame)) for frame in result[0, 0])

    window = Window(run, context=2, hop=1, chunk=1)
    given = [text(window.push(torch.tensor([[[*map(ord, pushed)]]]))) for pushed in ("abc", "def", "ghi")]
    assert [*given, text(window.finish())] == ["a", "bcd", "efg", "hi"]
    assert runs == ["abc", "abcdef", "cdefghi", "fghi"]


def test_audio_comes_while_codes_still_do() -> None:
    pieces = _streamed(ENCODECS[1, False], _codes(ENCODECS[1, False], 100), [])
    first = next(place for place, piece in enumerate(pieces) if piece.shape[-1])
    assert first < 25 + 2 * ENCODECS[1, False].context


@pytest.mark.parametrize("size", [1, 3, 7, 25, 200])
def test_no_frame_is_decoded_more_than_three_times_on_average(size: int) -> None:
    codec = ConvCodec()
    codes = _codes(codec, 600)
    _streamed(codec, codes, [size] * (600 // size))
    assert codec.frames_decoded <= 3 * 600


def test_a_stream_without_codes_has_no_audio() -> None:
    assert StreamDecoder(ENCODECS[2, False], ROWS).finish().shape == (ROWS, 2, 0)


def test_codes_of_another_shape_are_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match=r"\(2, 4\)"):
        StreamDecoder(ENCODECS[1, False], ROWS).push(torch.zeros(1, 4, 3, dtype=torch.int64))
