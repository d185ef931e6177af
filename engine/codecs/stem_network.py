"""The network of the starter's codec.

    audio [B, N] of single stems -> log spectra -> convolutions -> latents [B, T, D]
    latents [B, T, D] -> convolutions -> two spectra of each half-frame -> audio [B, T * hop]

Codes say what sounds, not at which phase, and so does a latent. A convolution gives the same output wherever
its input is the same, so for a held note an inverse STFT of its output repeats with every frame: it can only
sound at multiples of the frame rate, 50 Hz. That is fine enough for high notes. Below, a bank of oscillators
at thirds of a semitone, whose phase runs on from frame to frame, is given amplitudes and phases; and what is
noise (cymbals, breath, applause) is white noise, five seconds of it, given the amplitudes of bands (as in
DDSP, Engel et al. 2020, https://arxiv.org/abs/2001.04643):

    half-frame t     0        1        2            windows of `output_fft` samples, added where they overlap
    high             iSTFT    iSTFT    iSTFT        phases count from the window's own start
    oscillator g     -------- cos(2 pi f_g n) ----  phases count from frame 0
    noise in bands   -------- e(n) ---------------  each stem's own, from frame 0

Blocks are ConvNeXt's (Liu et al. 2022, https://arxiv.org/abs/2201.03545), the spectral head is
Vocos's (Siuzdak 2023, https://arxiv.org/abs/2306.00814).
"""

import math

import numpy as np
import torch
import torch.nn.functional as F
from pydantic import BaseModel, ConfigDict, model_validator
from torch import Tensor, nn

from engine.codecs.metre import BOOKS, card

_QUIETEST = 1e-4  # magnitudes are clamped here: silence has one value
_MIDDLE, _SPREAD = -4, 3  # of the logarithms of music: the network sees numbers around 0
_FFT = 2048
LONG_FFT = 4096
_CLOCK_FRAMES = 256  # the oscillators' phases and the noise come back after as many frames
_LOWEST_LINE = 24  # MIDI pitch: 32.7 Hz
_LINES_A_SEMITONE = 3
LINE_LEVEL = 5  # untrained oscillators are as soft as exp(-5), together about as loud as music
NOISE_LEVEL = 6  # untrained noise has a standard deviation of exp(-6)
_SILENT_FRAMES = 33  # the middle of so many is away from the edges
_LOWEST_BAND = 28  # MIDI pitch: 41.2 Hz


class StemCodecConfig(BaseModel):
    """The shape of the codec, as in a checkpoint's `audio_encoder` section."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    sampling_rate: int = 32_000
    hop_length: int = 640
    stems: tuple[str, ...] = ("drums", "bass", "plucked", "sustained", "voice")
    books: tuple[int, ...] = (2, 2, 4, 4, 2)
    beat_frames: tuple[int, ...] = (16, 18, 20, 24, 28, 30, 32, 36, 40)  # a beat's length; none: no metre
    bar_beats: tuple[int, ...] = (2, 3, 4, 5, 6)
    codebook_size: int = 1024
    latent: int = 64
    mels: int = 128
    bands: int = 96
    lines: int = 240
    noise_bands: int = 48  # none: no noise
    encoder_width: int = 320
    encoder_blocks: int = 3
    decoder_width: int = 448
    decoder_blocks: int = 5
    output_width: int = 320
    output_blocks: int = 3
    output_fft: int = 1280
    splitter_width: int = 256
    splitter_blocks: int = 4

    @model_validator(mode="after")
    def _metre_fits(self) -> "StemCodecConfig":
        if card(self.beat_frames, self.bar_beats) > self.codebook_size:
            raise ValueError("the metre needs more codes than a codebook has")
        return self

    @property
    def codebooks(self) -> int:
        """K: those of the metre, then those of all stems."""
        return self.metre_books + sum(self.books)

    @property
    def metre_books(self) -> int:
        """How many codebooks say where the beat is (see `engine.codecs.metre`)."""
        return BOOKS if self.beat_frames else 0

    def rows(self, stem: int) -> slice:
        """The codebooks of `stem` among those of all stems."""
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

    codebooks: Tensor  # [all books of stems, V, D]
    mel_bank: Tensor  # [mels, _FFT // 2 + 1]
    analysis_window: Tensor  # [_FFT]
    long_window: Tensor  # [LONG_FFT]
    band_bank: Tensor  # [bands, LONG_FFT // 2 + 1]
    synthesis_window: Tensor  # [output_fft]
    line_cycles: Tensor  # [lines], whole cycles of the oscillators in _CLOCK_FRAMES frames
    line_waves: Tensor  # [2 * lines, output_fft]
    noise: Tensor  # [_CLOCK_FRAMES * hop]
    noise_bank: Tensor  # [noise_bands, output_fft // 2 + 1]

    def __init__(self, config: StemCodecConfig) -> None:
        super().__init__()
        self.config = config
        c = config
        self.register_buffer("mel_bank", torch.zeros(c.mels, _FFT // 2 + 1))
        self.register_buffer("codebooks", torch.zeros(sum(c.books), c.codebook_size, c.latent))
        self.set_constants()
        self.encoder_in = nn.Conv1d(2 * c.mels + c.bands, c.encoder_width, 3, padding=1)
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
        self.line_head = nn.Linear(c.output_width, 2 * c.lines)
        self.noise_head = nn.Linear(c.output_width, c.noise_bands) if c.noise_bands else None
        self.splitter_in = nn.Conv1d(2 * c.mels + c.bands, c.splitter_width, 3, padding=1)
        self.splitter = nn.Sequential(*(Block(c.splitter_width, 7) for _ in range(c.splitter_blocks)))
        self.splitter_out = nn.Linear(c.splitter_width, len(c.stems) * c.latent)

    def set_constants(self, device: torch.device | None = None) -> None:
        """Make the tensors that the config alone determines, on the CPU whatever the default device is."""
        c = self.config
        with torch.device("cpu"):  # "meta" would not always do: transformers changes its arithmetic
            constants = {
                "analysis_window": torch.hann_window(_FFT),
                "long_window": torch.hann_window(LONG_FFT),
                "band_bank": semitone_bank(c),
                "synthesis_window": torch.hann_window(c.output_fft),
                "line_cycles": line_cycles(c),
                "line_waves": line_waves(c),
                "noise": white_noise(_CLOCK_FRAMES * c.hop_length),
                "noise_bank": noise_bank(c),
            }
        for name, value in constants.items():
            self.register_buffer(name, value.to(device), persistent=False)

    def spectra(self, audio: Tensor) -> Tensor:
        """Audio [B, T * hop] -> log-mels of two half-frames, semitones of one: [B, T, 2 * mels + bands]."""
        hop = self.config.hop_length
        mels = _log_spectrum(audio, self.analysis_window, hop // 2, self.mel_bank)
        bands = _log_spectrum(audio, self.long_window, hop, self.band_bank)
        B, T, _ = bands.shape
        return torch.cat([mels.reshape(B, T, -1), bands], dim=-1)

    def encode_latents(self, audio: Tensor, stem: Tensor) -> Tensor:
        """Audio of single stems [B, N] -> latents [B, T, D]."""
        return self.encode_spectra(self.spectra(audio), stem)

    def encode_spectra(self, spectra: Tensor, stem: Tensor) -> Tensor:
        """What `spectra` gave of single stems -> latents [B, T, D]."""
        hidden = _convolved(self.encoder_in, spectra) + self.encoder_stem(stem)[:, None]
        latents: Tensor = self.encoder_out(self.encoder(hidden))
        return latents

    def split_latents(self, mix: Tensor) -> Tensor:
        """Audio of a mix [B, N] -> the latents its stems would have, [B, S, T, D]."""
        hidden = self.splitter(_convolved(self.splitter_in, self.spectra(mix)))
        latents: Tensor = self.splitter_out(hidden)
        B, T, _ = latents.shape
        return latents.view(B, T, len(self.config.stems), -1).transpose(1, 2)

    def quantize(self, latents: Tensor, stem: int) -> Tensor:
        """Latents of one stem [B, T, D] -> its residual codes [B, k, T]."""
        residual, codes = latents.float(), []
        for book in self.codebooks[self.config.rows(stem)]:
            # |r - b|^2 less |r|^2, which is the same for every code
            nearest = (book.square().sum(1) - 2 * residual @ book.T).argmin(-1)
            residual = residual - book[nearest]
            codes.append(nearest)
        return torch.stack(codes, dim=1)

    @torch.no_grad()
    def silent_codes(self) -> Tensor:
        """The codes of a frame of silence, away from the edges, in all books of stems: [sum of books]."""
        device = self.codebooks.device
        nothing = torch.zeros(1, _SILENT_FRAMES * self.config.hop_length, device=device)
        found = []
        with torch.autocast(device.type, enabled=False):
            for stem in range(len(self.config.stems)):
                latents = self.encode_latents(nothing, torch.tensor([stem], device=device))
                found.append(self.quantize(latents, stem)[0, :, _SILENT_FRAMES // 2])
        return torch.cat(found)

    def dequantize(self, codes: Tensor, stem: int) -> Tensor:
        """Codes of one stem [B, k, T] -> latents [B, T, D]."""
        books = self.codebooks[self.config.rows(stem)]
        return torch.stack([book[row] for book, row in zip(books, codes.unbind(1), strict=True)]).sum(0)

    def decode_latents(self, latents: Tensor, stem: Tensor, first: int = 0) -> Tensor:
        """Latents [B, T, D] of the frames from `first` on -> audio of single stems [B, T * hop]."""
        hidden = self.decode_hidden(latents, stem)
        return self.synthesize(hidden, self.noise_windows(stem, 2 * first, hidden.shape[1]), first)

    def decode_frames(self, latents: Tensor, stem: Tensor) -> Tensor:
        """Latents [B, T, D] -> the decoder's idea of each frame, [B, T, decoder_width]."""
        hidden = _convolved(self.decoder_in, latents) + self.decoder_stem(stem)[:, None]
        frames: Tensor = self.decoder(hidden)
        return frames

    def decode_hidden(self, latents: Tensor, stem: Tensor) -> Tensor:
        """Latents [B, T, D] -> what the heads of each half-frame are given, [B, 2 * T, output_width]."""
        c = self.config
        hidden = self.widen(self.decode_frames(latents, stem))
        B, T, _ = hidden.shape
        normed: Tensor = self.output_norm(self.output(hidden.reshape(B, 2 * T, c.output_width)))
        return normed

    def synthesize(self, hidden: Tensor, noise: Tensor, first: int = 0) -> Tensor:
        """What `decode_hidden` gave for the frames from `first` on -> audio [..., B, T * hop].

        `noise` [..., B, t, output_fft] is white, in windows around each half-frame.
        """
        c = self.config
        spectra = _polar(self.head(hidden).float(), c.output_fft // 2 + 1)
        if self.noise_head:
            sizes = (self.noise_head(hidden).float() - NOISE_LEVEL).clamp(max=6.0) @ self.noise_bank
            spectra = spectra + sizes.exp() * torch.fft.rfft(noise * self.synthesis_window)
        windows = torch.fft.irfft(spectra, c.output_fft)
        windows = windows + self.lines(self.line_head(hidden).float(), 2 * first)
        return overlapped(windows * self.synthesis_window, self.synthesis_window, c.hop_length // 2)

    def noise_windows(self, stem: Tensor, first: int, count: int) -> Tensor:
        """The noise of rows of these stems [B] around half-frames from `first` on, [B, count, output_fft].

        Each stem has another part of it, so that stems do not sound together.
        """
        c = self.config
        places = torch.arange(first, first + count, device=stem.device) * (c.hop_length // 2)
        around = torch.arange(c.output_fft, device=stem.device) - c.output_fft // 2
        parts = stem * (len(self.noise) // len(c.stems))
        return self.noise[(parts[:, None, None] + places[:, None] + around) % len(self.noise)]

    def lines(self, hidden: Tensor, first: int) -> Tensor:
        """Log sizes and phases [B, t, 2 * lines] of half-frames from `first` on -> windows [B, t, size]."""
        places = torch.arange(first, first + hidden.shape[1], device=hidden.device)
        turns = (places[:, None] * self.line_cycles) % (2 * _CLOCK_FRAMES) / (2 * _CLOCK_FRAMES)
        clock = torch.polar(torch.ones_like(turns), 2 * torch.pi * turns)
        lines = torch.view_as_real(_polar(hidden - LINE_LEVEL, self.config.lines) * clock)
        return lines.transpose(-1, -2).flatten(2) @ self.line_waves


def semitone_bank(config: StemCodecConfig) -> Tensor:
    """Triangles a semitone to each side of MIDI pitches from _LOWEST_BAND on, [bands, LONG_FFT // 2 + 1].

    Where a bin is wider than that they reach one bin; they are scaled as librosa's mel filters are.
    """
    pitch = torch.arange(_LOWEST_BAND, _LOWEST_BAND + config.bands)
    centre = _hertz(pitch)
    bin_width = config.sampling_rate / LONG_FFT
    reach = (centre * (2 ** (1 / 12) - 1)).clamp(min=bin_width)
    hertz = torch.arange(LONG_FFT // 2 + 1) * bin_width
    weights = (1 - (hertz - centre[:, None]).abs() / reach[:, None]).clamp(min=0)
    return weights / weights.sum(1, keepdim=True) / bin_width / 4


def line_cycles(config: StemCodecConfig) -> Tensor:
    """Whole cycles of each oscillator in _CLOCK_FRAMES frames, [lines], so that its clock comes back."""
    pitch = _LOWEST_LINE + torch.arange(config.lines) / _LINES_A_SEMITONE
    frame_rate = config.sampling_rate / config.hop_length
    return (_hertz(pitch) / frame_rate * _CLOCK_FRAMES).round().long()


def line_waves(config: StemCodecConfig) -> Tensor:
    """The oscillators in one window: rows cos, then -sin, [2 * lines, output_fft]; amplitude 1."""
    return torch.cat([line_tones(config, config.output_fft), line_tones(config, config.output_fft, 0.25)])


def line_tones(config: StemCodecConfig, length: int, turned: float = 0.0) -> Tensor:
    """Cosines of the oscillators, with `turned` turns behind them: [lines, length]."""
    samples = _CLOCK_FRAMES * config.hop_length
    turns = line_cycles(config)[:, None] * torch.arange(length) % samples / samples
    return torch.cos(2 * torch.pi * (turns + turned))


def white_noise(length: int) -> Tensor:
    """Noise of variance 1, the same everywhere: [length]."""
    words = np.random.Philox(key=0).random_raw(length) >> np.uint64(12)
    return torch.from_numpy((np.ldexp(words.astype(np.float64), -52) - 0.5) * 12**0.5).float()


def noise_bank(config: StemCodecConfig) -> Tensor:
    """How near each bin of a window is to the middles of the noise's bands, evenly spaced in mel.

    [noise_bands, output_fft // 2 + 1]; each bin's column adds up to 1, as it lies between two of them:

        bins  |  .  .  .  |  .  .  .  |
        band  0 -> 0    1 -> 0        0
              0    0 -> 1    1 -> 0   0
    """
    bins = torch.arange(config.output_fft // 2 + 1) * (config.sampling_rate / config.output_fft)
    mel = torch.log1p(bins / 700)  # O'Shaughnessy 1987, in units of 1127 mel
    highest = math.log1p(config.sampling_rate / 2 / 700)
    middles = torch.linspace(0, highest, max(config.noise_bands, 2))
    return (1 - (mel - middles[:, None]).abs() / middles[1]).clamp(min=0)[: config.noise_bands]


def _hertz(pitch: Tensor) -> Tensor:
    return 440.0 * 2.0 ** ((pitch - 69) / 12)


def _log_spectrum(audio: Tensor, window: Tensor, hop: int, bank: Tensor) -> Tensor:
    """Audio [B, T * hop] -> scaled logarithms of `bank`'s bands [B, T, bands], windows around each hop."""
    size = len(window)
    edge = (size - hop) // 2
    padded = F.pad(audio, (edge, edge))
    spectrum = torch.stft(padded, size, hop, window=window, center=False, return_complex=True)
    sizes = (spectrum.real.square() + spectrum.imag.square()).sqrt()  # much faster than abs()
    bands: Tensor = (torch.log((bank @ sizes).clamp(min=_QUIETEST)) - _MIDDLE) / _SPREAD
    return bands.transpose(1, 2)


def in_nats(spectra: Tensor) -> Tensor:
    """What `StemNetwork.spectra` gave, as natural logarithms."""
    return _SPREAD * spectra + _MIDDLE


def _polar(hidden: Tensor, count: int) -> Tensor:
    """Log sizes and phases [..., 2 * count] -> complex [..., count]."""
    size, phase = torch.split(hidden, count, dim=-1)
    return torch.polar(torch.exp(size.clamp(max=6.0)), phase)


def overlapped(windows: Tensor, window: Tensor, hop: int) -> Tensor:
    """Windows [..., t, size] centred on multiples of `hop`, added as an inverse STFT does: [..., t * hop]."""
    t, size = windows.shape[-2:]
    scale = _added(window.square().expand(t, size), hop).clamp(min=1e-3)
    return (_added(windows, hop) / scale)[..., size // 2 : size // 2 + t * hop]


def _added(windows: Tensor, hop: int) -> Tensor:
    """Windows [..., t, size], each `hop` later than the one before, added up: [..., (t - 1) * hop + size]."""
    *rows, t, size = windows.shape
    overlap = size // hop
    total = windows.new_zeros(*rows, t + overlap - 1, hop)
    for place, piece in enumerate(windows.reshape(*rows, t, overlap, hop).unbind(-2)):
        total = total + F.pad(piece, (0, 0, place, overlap - 1 - place))
    return total.flatten(-2)
