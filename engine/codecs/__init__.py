"""Audio codecs: waveforms to discrete codes and back.

Shapes: audio [B, C, N] float32 in -1..1, codes [B, K, T] int64 in 0..card-1, N = T * hop.
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol

import torch
from torch import Tensor

from engine.errors import Problem


class Codec(Protocol):
    """What generation needs of a codec; `engine.codecs.stream` decodes it chunk by chunk."""

    @property
    def sample_rate(self) -> int:
        """Samples a second."""
        ...

    @property
    def channels(self) -> int:
        """Channels of the audio: C."""
        ...

    @property
    def hop(self) -> int:
        """Samples a frame of codes stands for."""
        ...

    @property
    def codebooks(self) -> int:
        """Codes a frame holds: K."""
        ...

    @property
    def card(self) -> int:
        """Values a code can take."""
        ...

    @property
    def context(self) -> int:
        """Frames on each side of a frame that its decoded samples depend on."""
        ...

    def encode(self, audio: Tensor) -> Tensor:
        """Audio [B, C, N] -> codes [B, K, ceil(N / hop)]."""
        ...

    def counted(self, codes: Tensor, codebook: int, frame: int) -> Tensor | None:
        """What `codebook` must be at `frame` of codes [B, K, T], [B]; None where the model is free to choose.

        All codes of the frames before are there, and at `frame` those of the codebooks before.
        """
        ...

    def tempo(self, codes: Tensor) -> float | None:
        """Beats a minute of a clip's codes [K, T], where they say so; None where they do not."""
        ...

    def first_bar(self, codes: Tensor) -> float | None:
        """Where in a clip's codes [K, T] the first bar begins, in seconds; None where they do not say so."""
        ...

    def decode(self, codes: Tensor, first: int = 0) -> Tensor:
        """Codes [B, K, T] of the frames from `first` on -> audio [B, C, T * hop].

        A codec with a clock needs to know `first`; what it decodes at one or another `first` sounds alike.
        """
        ...


def drawn_codebooks(codec: Codec) -> list[int]:
    """The codebooks a model draws in every frame; the rest are counted on from a clip's first."""
    codes = torch.zeros(1, codec.codebooks, 2, dtype=torch.int64)
    return [k for k in range(codec.codebooks) if codec.counted(codes, k, 1) is None]


Config = Mapping[str, Any]
Weights = Mapping[str, Tensor]


def _encodec(config: Config, weights: Weights, channels: int) -> Codec:
    from engine.codecs.encodec import EncodecCodec

    return EncodecCodec(config, weights, channels)


def _stem(config: Config, weights: Weights, channels: int) -> Codec:
    from engine.codecs.stem import StemCodec

    return StemCodec(config, weights)


_BUILDERS: dict[str, Callable[[Config, Weights, int], Codec]] = {
    "encodec": _encodec,
    "tunedial_stem_codec": _stem,
}


def build(config: Config, weights: Weights, channels: int = 1) -> Codec:
    """The codec that a MusicGen checkpoint's `audio_encoder` config and tensors describe.

    `weights` are named as below `audio_encoder.` and decide the device. `channels` is the decoder's
    `audio_channels`: 2 encodes left and right each as mono. Raises Problem for a codec that is
    unknown, or whose tensors do not fit its config.
    """
    kind = str(config.get("model_type"))
    if kind not in _BUILDERS:
        raise Problem(
            f"The model's audio codec is of an unknown type, '{kind}'.",
            f"Choose a model whose codec is one of: {', '.join(_BUILDERS)}.",
        )
    return _BUILDERS[kind](config, weights, channels)
