"""The starter's codec: a spectral codec whose codebooks belong to stems, so the mix is their exact sum.

    audio [B, S, N] -> latents [B, S, T, D] -> residual books -> codes [B, K, T] -> latents -> audio

With books (2, 2, 4, 4, 2) the K = 16 codebooks lie as

    k      0  1     2  3     4  5     6  7  8  9     10 11 12 13     14 15
           metre    drums    bass     plucked        sustained       voice

The metre (see metre.py) does not sound. It is found in the mix, and decoding passes it over.
"""

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from engine.codecs.metre import (
    BOOKS,
    COMMON_TIME,
    bar_line,
    beat_length,
    find_metre,
    metre_codes,
    next_metre,
)
from engine.codecs.stem_network import StemCodecConfig, StemNetwork
from engine.errors import Problem

KNEE, CEILING = 0.8, 0.99  # samples of the mix above the knee bend towards the ceiling


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
        mix = self._whole_frames(audio)[:, 0]
        latents = self.network.split_latents(mix)
        stems = [self.network.quantize(latents[:, s], s) for s in range(len(self.stems))]
        return torch.cat([self._metre(mix), *stems], dim=1)

    @torch.no_grad()
    def encode_stems(self, audio: Tensor) -> Tensor:
        """Stems [B, S, N] -> codes [B, K, ceil(N / hop)]."""
        B, S, N = audio.shape
        if N == 0:
            return self._no_codes(B)
        audio = self._whole_frames(audio)
        stems = [
            self.network.quantize(self.network.encode_latents(audio[:, s], self._index(s, B)), s)
            for s in range(S)
        ]
        return torch.cat([self._metre(audio.sum(1)), *stems], dim=1)

    def counted(self, codes: Tensor, codebook: int, frame: int) -> Tensor | None:
        """The metre [B] at `frame` of codes [B, K, T], once the first frame has told it; else None."""
        c = self.config
        if codebook >= c.metre_books or frame == 0:
            return None
        return next_metre(codes[:, :BOOKS], codebook, frame, c.beat_frames, c.bar_beats)

    def tempo(self, codes: Tensor) -> float | None:
        """Beats a minute of codes [K, T], by their metre; None if there is none."""
        if not self.config.metre_books or codes.shape[1] == 0:
            return None
        beat = beat_length(int(codes[0, 0]), self.config.beat_frames)
        return beat and 60 * self.sample_rate / (beat * self.hop)

    def first_bar(self, codes: Tensor) -> float | None:
        """Where in codes [K, T] the first bar begins, in seconds, by their metre; None if there is none."""
        if not self.config.metre_books or codes.shape[1] == 0:
            return None
        in_beat, in_bar = codes[:BOOKS, 0].tolist()
        frames = bar_line(in_beat, in_bar, self.config.beat_frames, self.config.bar_beats)
        return None if frames is None else frames * self.hop / self.sample_rate

    def decode(self, codes: Tensor, first: int = 0) -> Tensor:
        """Codes [B, K, T] of the frames from `first` on -> the mix [B, 1, T * hop]."""
        return self.decode_stems(codes, first).sum(1, keepdim=True)

    @torch.no_grad()
    def decode_stems(self, codes: Tensor, first: int = 0) -> Tensor:
        """Codes [B, K, T] of the frames from `first` on -> stems [B, S, T * hop].

        Where their sum would leave -1 to 1, all of them are turned down alike. Where a stem is silent for
        long it costs nothing, which is more than half of the work: stems seldom play all at once.

            codes     . . . . . . . . x x x x . . . . . . . .      . silence, x sounds
            decoded         |---------------------|                two contexts around what sounds
            kept                |-------------|                    one context: all that depends on it
        """
        B, _, T = codes.shape
        S = len(self.stems)
        if T == 0:
            return torch.zeros(B, S, 0, device=codes.device)
        stems = torch.zeros(B, S, T * self.hop, device=codes.device)
        for s in range(S):
            rows = self.config.rows(s)
            stem_codes = codes[:, self.config.metre_books :][:, rows]
            sounds = (stem_codes != self._silence[rows, None]).any(1)
            for b in range(B):
                for start, end in runs(sounds[b], 2 * self.context):
                    audio = self._decode_stem(stem_codes[b, :, start:end], s, first + start)
                    begin = start + self.context if start else 0
                    stop = end - self.context if end < T else T
                    stems[b, s, begin * self.hop : stop * self.hop] = audio[
                        (begin - start) * self.hop : (stop - start) * self.hop
                    ]
        return stems * headroom_gain(stems.sum(1, keepdim=True))

    def _decode_stem(self, codes: Tensor, stem: int, first: int) -> Tensor:
        """Codes [k, T] of one stem from frame `first` on -> audio [T * hop]."""
        latents = self.network.dequantize(codes[None], stem)
        return self.network.decode_latents(latents, self._index(stem, 1), first)[0]

    @cached_property
    def _silence(self) -> Tensor:
        return self.network.silent_codes()

    def _metre(self, mix: Tensor) -> Tensor:
        """The metre's codes [B, 2, T] of mixes [B, T * hop]; [B, 0, T] if the codec has none."""
        c = self.config
        T = mix.shape[1] // self.hop
        if not c.beat_frames:
            return torch.zeros(len(mix), 0, T, dtype=torch.int64, device=mix.device)
        found = []
        for spectra in self.network.spectra(mix).cpu():
            mels, bands = spectra.split([2 * c.mels, c.bands], dim=1)
            beat, bar_line = find_metre(mels, bands, c.beat_frames)
            found.append(
                metre_codes(torch.arange(T) - bar_line, beat, COMMON_TIME, c.beat_frames, c.bar_beats)
            )
        return torch.stack(found).to(mix.device)

    def _no_codes(self, rows: int) -> Tensor:
        return torch.zeros(rows, self.codebooks, 0, dtype=torch.int64, device=self.network.codebooks.device)

    def _index(self, stem: int, rows: int) -> Tensor:
        return torch.full((rows,), stem, device=self.network.codebooks.device)

    def _whole_frames(self, audio: Tensor) -> Tensor:
        return F.pad(audio, (0, -audio.shape[-1] % self.hop))


def runs(sounds: Tensor, reach: int) -> list[tuple[int, int]]:
    """The (first, end) of the frames [T] within `reach` of one that sounds, in order and apart.

    >>> runs(torch.tensor([0, 0, 1, 0, 0, 0, 0, 1], dtype=torch.bool), 1)
    [(1, 4), (6, 8)]
    """
    near = F.max_pool1d(sounds[None].float(), 2 * reach + 1, stride=1, padding=reach)[0]
    steps = torch.diff(F.pad(near, (1, 1))).tolist()
    starts = [frame for frame, step in enumerate(steps) if step > 0]
    ends = [frame for frame, step in enumerate(steps) if step < 0]
    return list(zip(starts, ends, strict=True))


def headroom_gain(mix: Tensor) -> Tensor:
    """The gain, of the shape of `mix`, under which it stays within CEILING: 1 up to KNEE, then less and less.

    This soft clipper, k + r tanh((x - k) / r) with r = CEILING - KNEE, has no memory: it streams.
    """
    level, room = mix.abs(), CEILING - KNEE
    bent = KNEE + room * torch.tanh((level - KNEE) / room)
    return torch.where(level > KNEE, bent / level, torch.ones_like(level))


def _load(config: StemCodecConfig, weights: Mapping[str, Tensor]) -> StemNetwork:
    """The network holding `weights`, on their device; nothing is initialised at random."""
    with torch.device("meta"):
        network = StemNetwork(config)
    network.load_state_dict({name: tensor.float() for name, tensor in weights.items()}, assign=True)
    if network.codebooks.device.type != "cpu":
        network.set_constants(network.codebooks.device)
    return network.requires_grad_(False).eval()


def _decoder_context(config: StemCodecConfig) -> int:
    """Frames on each side that a decoded sample depends on: the kernels' halves and the synthesis window."""
    frames = 3 + 3 * config.decoder_blocks
    half_frames = 3 * config.output_blocks + 1 + config.output_fft // config.hop_length
    return frames + (half_frames + 1) // 2
