"""EnCodec as MusicGen uses it: 32 kHz, one codec for mono, the same codec on left and right for stereo."""

import math
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrize import is_parametrized, remove_parametrizations
from transformers import EncodecConfig, EncodecModel
from transformers.models.encodec.modeling_encodec import (
    EncodecConv1d,
    EncodecConvTranspose1d,
    EncodecLSTM,
)

from engine.codecs import Config, Weights
from engine.codecs.stream import Recurrent, Stage, Window, chunk_frames
from engine.errors import Problem

LstmState = tuple[Tensor, Tensor]


class EncodecCodec:
    """transformers' EncodecModel behind `engine.codecs.Codec`.

    Stereo interleaves the codebooks of left and right, as MusicGen does:

        [B, K, T], K = 8:   left 0, right 0, left 1, right 1, left 2, right 2, left 3, right 3
    """

    def __init__(self, config: Config, weights: Weights, channels: int = 1) -> None:
        """Take `weights` (named as in EncodecModel) as they are, without copying what is float32."""
        settings = EncodecConfig(**{k: v for k, v in config.items() if k != "model_type"})
        _check(settings)
        self._model = _load(settings, weights)
        self.sample_rate = settings.sampling_rate
        self.channels = channels
        self.hop = settings.hop_length
        self.card = settings.codebook_size
        per_channel = self._model.quantizer.get_num_quantizers_for_bandwidth(settings.target_bandwidths[0])
        self.codebooks = channels * per_channel

        layers = list(self._model.decoder.layers)
        recurrent = next(i for i, layer in enumerate(layers) if isinstance(layer, EncodecLSTM))
        self._before, self._after = layers[:recurrent], layers[recurrent + 1 :]
        self._lstm: nn.LSTM = layers[recurrent].lstm
        self._context_before, self._context_after = _reach(self._before), _reach(self._after)
        self.context = self._context_before + self._context_after

    @torch.no_grad()
    def encode(self, audio: Tensor) -> Tensor:
        """Audio [B, C, N] at `sample_rate` -> codes [B, K, ceil(N / hop)]."""
        if audio.shape[1] != self.channels:
            raise ValueError(f"audio of {audio.shape[1]} channels for a codec of {self.channels}")
        B, C, N = audio.shape
        if N == 0:
            return torch.zeros(B, self.codebooks, 0, dtype=torch.int64)
        rows = audio.reshape(B * C, 1, N)
        codes: Tensor = self._model.encode(rows, return_dict=True).audio_codes[0]  # [B*C, k, T]
        _, k, T = codes.shape
        return codes.reshape(B, C, k, T).transpose(1, 2).reshape(B, k * C, T)

    def counted(self, codes: Tensor, codebook: int, frame: int) -> Tensor | None:
        """None: all codes are free."""
        return None

    def tempo(self, codes: Tensor) -> float | None:
        """None: its codes count no beats."""
        return None

    def first_bar(self, codes: Tensor) -> float | None:
        """None: its codes count no bars."""
        return None

    @torch.no_grad()
    def decode(self, codes: Tensor, first: int = 0) -> Tensor:
        """Codes [B, K, T] -> audio [B, C, T * hop], wherever they begin."""
        if codes.shape[-1] == 0:
            return torch.zeros(codes.shape[0], self.channels, 0)
        features, _ = self._remember(self._features(codes), None)
        return self._waveform(features)

    def stages(self) -> Sequence[Stage]:
        """Decoding for `StreamDecoder`: the LSTM's state is carried, so its memory may be of any length.

        The first stage gathers a chunk; the others take what they are given.
        """
        return [
            Window(
                lambda frames, _: self._features(frames),
                self._context_before,
                hop=1,
                chunk=chunk_frames(self),
            ),
            Recurrent(self._remember),
            Window(lambda frames, _: self._waveform(frames), self._context_after, self.hop, chunk=1),
        ]

    @torch.no_grad()
    def _features(self, codes: Tensor) -> Tensor:
        """Codes [B, K, T] -> what goes into the LSTM [B*C, D, T]."""
        B, K, T = codes.shape
        k = K // self.channels
        rows = codes.reshape(B, k, self.channels, T).transpose(1, 2).reshape(B * self.channels, k, T)
        return _apply(self._before, self._model.quantizer.decode(rows.transpose(0, 1)))

    @torch.no_grad()
    def _remember(self, features: Tensor, state: LstmState | None) -> tuple[Tensor, LstmState]:
        """The LSTM with its skip connection over [B*C, D, T], and its state after the last frame."""
        frames = features.permute(2, 0, 1)
        out, state = self._lstm(frames, state)
        return (out + frames).permute(1, 2, 0), state

    @torch.no_grad()
    def _waveform(self, features: Tensor) -> Tensor:
        """What comes out of the LSTM [B*C, D, T] -> audio [B, C, T * hop]."""
        audio = _apply(self._after, features)
        return audio.reshape(-1, self.channels, audio.shape[-1])


def _check(config: EncodecConfig) -> None:
    """Refuse what makes a sample depend on the whole clip (EnCodec 48 kHz): MusicGen has none of it."""
    if config.normalize or config.chunk_length_s is not None or config.norm_type != "weight_norm":
        raise Problem(
            "The model's EnCodec normalises its audio or cuts it into chunks, which MusicGen does not.",
            "Choose a model with MusicGen's 32 kHz EnCodec.",
        )
    if config.audio_channels != 1:
        raise Problem(
            f"The model's EnCodec takes {config.audio_channels} channels at once; MusicGen's takes one.",
            "Choose a model with MusicGen's 32 kHz EnCodec (for stereo it runs once for each channel).",
        )


def _load(config: EncodecConfig, weights: Weights) -> EncodecModel:
    """EncodecModel holding `weights` themselves; nothing is initialised at random."""
    with torch.device("meta"):
        model = EncodecModel(config)
    tensors = {name: t.float() if t.is_floating_point() else t for name, t in weights.items()}
    try:
        model.load_state_dict(tensors, assign=True)
    except Exception as error:
        reason = " ".join(str(error).split())[:300]
        raise Problem(
            f"The weights of the model's audio codec do not fit its config: {reason}",
            "Download the model again; its files are incomplete or mixed up.",
        ) from error
    device = next(iter(tensors.values())).device
    for module in model.modules():
        if isinstance(module, EncodecConv1d):
            _fill_sizes(module, device)
        if is_parametrized(module, "weight"):
            remove_parametrizations(module, "weight")  # weight_norm is worked out once, not at each call
    return model.eval().requires_grad_(False)


def _fill_sizes(module: EncodecConv1d, device: torch.device) -> None:
    """The buffers that EncodecConv1d derives from its convolution and does not save."""
    stride = module.conv.stride[0]
    kernel = (module.conv.kernel_size[0] - 1) * module.conv.dilation[0] + 1
    module.stride = torch.tensor(stride, device=device)
    module.kernel_size = torch.tensor(kernel, device=device)
    module.padding_total = torch.tensor(kernel - stride, device=device)


def _apply(layers: Iterable[nn.Module], x: Tensor) -> Tensor:
    for layer in layers:
        x = layer(x)
    return x


def _reach(layers: Iterable[nn.Module]) -> int:
    """Frames on each side of a frame that the output of `layers` depends on.

    Each convolution reaches (kernel - 1) * dilation samples at its own rate, all to the left if it
    is causal, half of them to each side if not; a transposed one ceil(kernel / stride) - 1 inputs.
    """
    frames, rate = 0.0, 1
    for module in (m for layer in layers for m in layer.modules()):
        if isinstance(module, EncodecConvTranspose1d):
            frames += (math.ceil(module.conv.kernel_size[0] / module.conv.stride[0]) - 1) / rate
            rate *= module.conv.stride[0]
        elif isinstance(module, EncodecConv1d):
            span = (module.conv.kernel_size[0] - 1) * module.conv.dilation[0]
            frames += (span if module.causal else math.ceil(span / 2)) / rate
    return math.ceil(frames)
