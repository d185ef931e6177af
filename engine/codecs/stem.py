"""The starter's codec: a spectral codec whose codebooks belong to stems, so the mix is their exact sum.

    audio [B, S, N] -> log-mels -> convolutions -> latents [B, S, T, D] -> residual books -> codes [B, K, T]
    codes [B, K, T] -> latents -> convolutions -> magnitude and phase -> inverse STFT -> audio [B, S, N]

With books (2, 1, 3, 2) the K = 8 codebooks lie as

    k      0      1      2     3      4      5      6      7
    stem   drums  drums  bass  other  other  other  voice  voice

Blocks are ConvNeXt's (Liu et al. 2022, https://arxiv.org/abs/2201.03545), the spectral head is
Vocos's (Siuzdak 2023, https://arxiv.org/abs/2306.00814).
"""

from collections.abc import Mapping
from typing import Any

import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict
from torch import Tensor, nn

from engine.errors import Problem

_QUIETEST = 1e-4  # mel magnitudes are clamped here: silence has one value
_FFT = 2048


class StemCodecConfig(BaseModel):
    """The shape of the codec, as in a checkpoint's `audio_encoder` section."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    sampling_rate: int = 32_000
    hop_length: int = 640
    stems: tuple[str, ...] = ("drums", "bass", "other", "voice")
    books: tuple[int, ...] = (2, 1, 3, 2)
    codebook_size: int = 1024
    latent: int = 64
    mels: int = 128
    encoder_width: int = 320
    encoder_blocks: int = 3
    decoder_width: int = 448
    decoder_blocks: int = 5
    output_width: int = 320
    output_blocks: int = 3
    output_fft: int = 1280
    splitter_width: int = 256
    splitter_blocks: int = 4

    @property
    def codebooks(self) -> int:
        """K, over all stems."""
        return sum(self.books)

    def rows(self, stem: int) -> slice:
        """The codebooks of `stem`."""
        start = sum(self.books[:stem])
        return slice(start, start + self.books[stem])


class Block(nn.Module):
    """ConvNeXt on frames [B, T, W]: depthwise convolution, norm, two linear layers, scaled residual."""

    def __init__(self, width: int, kernel: int) -> None:
        super().__init__()
        self.depthwise = nn.Conv1d(width, width, kernel, padding=kernel // 2, groups=width)
        self.norm = nn.LayerNorm(width)
        self.up = nn.Linear(width, 3 * width)
        self.down = nn.Linear(3 * width, width)
        self.scale = nn.Parameter(torch.full((width,), 0.1))

    def forward(self, frames: Tensor) -> Tensor:
        """[B, T, W] -> [B, T, W]."""
        hidden: Tensor = self.norm(_convolved(self.depthwise, frames))
        change: Tensor = self.scale * self.down(F.gelu(self.up(hidden)))
        return frames + change


def _convolved(layer: nn.Conv1d, frames: Tensor) -> Tensor:
    """`layer` over frames [B, T, W]."""
    out: Tensor = layer(frames.transpose(1, 2))
    return out.transpose(1, 2)


class StemNetwork(nn.Module):
    """The codec's trained part. `stem` [B] is the index of each row's stem."""

    codebooks: Tensor  # [K, V, D]
    mel_bank: Tensor  # [mels, _FFT // 2 + 1]
    analysis_window: Tensor  # [_FFT]
    synthesis_window: Tensor  # [output_fft]

    def __init__(self, config: StemCodecConfig) -> None:
        super().__init__()
        self.config = config
        c = config
        self.register_buffer("mel_bank", torch.zeros(c.mels, _FFT // 2 + 1))
        self.register_buffer("codebooks", torch.zeros(c.codebooks, c.codebook_size, c.latent))
        self.register_buffer("analysis_window", torch.hann_window(_FFT), persistent=False)
        self.register_buffer("synthesis_window", torch.hann_window(c.output_fft), persistent=False)
        self.encoder_in = nn.Conv1d(2 * c.mels, c.encoder_width, 3, padding=1)
        self.encoder_stem = nn.Embedding(len(c.stems), c.encoder_width)
        self.encoder = nn.Sequential(*(Block(c.encoder_width, 3) for _ in range(c.encoder_blocks)))
        self.encoder_out = nn.Linear(c.encoder_width, c.latent)
        self.decoder_in = nn.Conv1d(c.latent, c.decoder_width, 7, padding=3)
        self.decoder_stem = nn.Embedding(len(c.stems), c.decoder_width)
        self.decoder = nn.Sequential(*(Block(c.decoder_width, 7) for _ in range(c.decoder_blocks)))
        self.widen = nn.Linear(c.decoder_width, 2 * c.output_width)
        self.output = nn.Sequential(*(Block(c.output_width, 7) for _ in range(c.output_blocks)))
        self.output_norm = nn.LayerNorm(c.output_width)
        self.head = nn.Linear(c.output_width, c.output_fft + 2)
        self.splitter_in = nn.Conv1d(2 * c.mels, c.splitter_width, 3, padding=1)
        self.splitter = nn.Sequential(*(Block(c.splitter_width, 7) for _ in range(c.splitter_blocks)))
        self.splitter_out = nn.Linear(c.splitter_width, len(c.stems) * c.latent)

    def log_mels(self, audio: Tensor) -> Tensor:
        """Audio [B, T * hop] -> two half-frames of log-mels, stacked [B, T, 2 * mels]."""
        half = self.config.hop_length // 2
        edge = (_FFT - half) // 2
        padded = F.pad(audio, (edge, edge))
        spectrum = torch.stft(
            padded, _FFT, half, window=self.analysis_window, center=False, return_complex=True
        ).abs()
        mels = torch.log((self.mel_bank @ spectrum).clamp(min=_QUIETEST))
        B, M, halves = mels.shape
        return ((mels.transpose(1, 2) + 4) / 3).reshape(B, halves // 2, 2 * M)

    def encode_latents(self, audio: Tensor, stem: Tensor) -> Tensor:
        """Audio of single stems [B, N] -> latents [B, T, D]."""
        hidden = _convolved(self.encoder_in, self.log_mels(audio)) + self.encoder_stem(stem)[:, None]
        latents: Tensor = self.encoder_out(self.encoder(hidden))
        return latents

    def split_latents(self, mix: Tensor) -> Tensor:
        """Audio of a mix [B, N] -> the latents its stems would have, [B, S, T, D]."""
        hidden = self.splitter(_convolved(self.splitter_in, self.log_mels(mix)))
        latents: Tensor = self.splitter_out(hidden)
        B, T, _ = latents.shape
        return latents.view(B, T, len(self.config.stems), -1).transpose(1, 2)

    def quantize(self, latents: Tensor, stem: int) -> Tensor:
        """Latents of one stem [B, T, D] -> its residual codes [B, k, T]."""
        residual, codes = latents.float(), []
        for book in self.codebooks[self.config.rows(stem)]:
            nearest = torch.cdist(residual, book.expand(len(residual), -1, -1)).argmin(-1)
            residual = residual - book[nearest]
            codes.append(nearest)
        return torch.stack(codes, dim=1)

    def dequantize(self, codes: Tensor, stem: int) -> Tensor:
        """Codes of one stem [B, k, T] -> latents [B, T, D]."""
        books = self.codebooks[self.config.rows(stem)]
        return torch.stack([book[row] for book, row in zip(books, codes.unbind(1), strict=True)]).sum(0)

    def decode_latents(self, latents: Tensor, stem: Tensor) -> Tensor:
        """Latents [B, T, D] -> audio of single stems [B, T * hop]."""
        c = self.config
        hidden = _convolved(self.decoder_in, latents) + self.decoder_stem(stem)[:, None]
        hidden = self.widen(self.decoder(hidden))
        B, T, _ = hidden.shape
        hidden = self.output(hidden.reshape(B, 2 * T, c.output_width))
        size, phase = self.head(self.output_norm(hidden)).float().transpose(1, 2).chunk(2, dim=1)
        spectrum = torch.polar(torch.exp(size.clamp(max=6.0)), phase)
        spectrum = torch.cat([spectrum, spectrum[..., -1:]], dim=-1)
        return torch.istft(
            spectrum,
            c.output_fft,
            c.hop_length // 2,
            window=self.synthesis_window,
            center=True,
            length=T * c.hop_length,
        )


class StemCodec:
    """The codec as generation uses it (see `engine.codecs.Codec`), with stems besides."""

    channels = 1

    def __init__(self, config: Mapping[str, Any], weights: Mapping[str, Tensor]) -> None:
        """Take `weights` (named as in StemNetwork) as float32; raises Problem if they do not fit `config`."""
        try:
            self.config = StemCodecConfig.model_validate(dict(config))
            self.network = _load(self.config, weights)
        except Exception as error:
            reason = " ".join(str(error).split())[:300]
            raise Problem(
                f"The weights of the model's audio codec do not fit its config: {reason}",
                "Fetch the model again.",
            ) from error
        self.sample_rate = self.config.sampling_rate
        self.hop = self.config.hop_length
        self.codebooks = self.config.codebooks
        self.card = self.config.codebook_size
        self.context = _decoder_context(self.config)

    @property
    def stems(self) -> tuple[str, ...]:
        """The stems' names, in the order of `encode_stems` and `decode_stems`."""
        return self.config.stems

    @torch.no_grad()
    def encode(self, audio: Tensor) -> Tensor:
        """A mix [B, 1, N] is split into stems, which are encoded: codes [B, K, ceil(N / hop)]."""
        if audio.shape[-1] == 0:
            return self._no_codes(len(audio))
        latents = self.network.split_latents(self._whole_frames(audio)[:, 0])
        return torch.cat([self.network.quantize(latents[:, s], s) for s in range(len(self.stems))], dim=1)

    @torch.no_grad()
    def encode_stems(self, audio: Tensor) -> Tensor:
        """Stems [B, S, N] -> codes [B, K, ceil(N / hop)]."""
        B, S, N = audio.shape
        if N == 0:
            return self._no_codes(B)
        audio = self._whole_frames(audio)
        return torch.cat(
            [
                self.network.quantize(self.network.encode_latents(audio[:, s], self._index(s, B)), s)
                for s in range(S)
            ],
            dim=1,
        )

    def decode(self, codes: Tensor) -> Tensor:
        """Codes [B, K, T] -> the mix [B, 1, T * hop]."""
        return self.decode_stems(codes).sum(1, keepdim=True)

    @torch.no_grad()
    def decode_stems(self, codes: Tensor) -> Tensor:
        """Codes [B, K, T] -> stems [B, S, T * hop]."""
        B, _, T = codes.shape
        S = len(self.stems)
        if T == 0:
            return torch.zeros(B, S, 0, device=codes.device)
        latents = torch.stack(
            [self.network.dequantize(codes[:, self.config.rows(s)], s) for s in range(S)], dim=1
        )
        stem = torch.arange(S, device=codes.device).repeat(B)
        return self.network.decode_latents(latents.flatten(0, 1), stem).view(B, S, T * self.hop)

    def _no_codes(self, rows: int) -> Tensor:
        return torch.zeros(rows, self.codebooks, 0, dtype=torch.int64, device=self.network.codebooks.device)

    def _index(self, stem: int, rows: int) -> Tensor:
        return torch.full((rows,), stem, device=self.network.codebooks.device)

    def _whole_frames(self, audio: Tensor) -> Tensor:
        return F.pad(audio, (0, -audio.shape[-1] % self.hop))


def _load(config: StemCodecConfig, weights: Mapping[str, Tensor]) -> StemNetwork:
    """The network holding `weights`, on their device; nothing is initialised at random."""
    with torch.device("meta"):
        network = StemNetwork(config)
    network.load_state_dict({name: tensor.float() for name, tensor in weights.items()}, assign=True)
    device = network.codebooks.device
    network.analysis_window = torch.hann_window(_FFT, device=device)
    network.synthesis_window = torch.hann_window(config.output_fft, device=device)
    return network.requires_grad_(False).eval()


def _decoder_context(config: StemCodecConfig) -> int:
    """Frames on each side that a decoded sample depends on: the kernels' halves and the synthesis window."""
    frames = 3 + 3 * config.decoder_blocks
    half_frames = 3 * config.output_blocks + 1 + config.output_fft // config.hop_length
    return frames + (half_frames + 1) // 2
