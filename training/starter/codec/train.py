"""Train the stem codec on rendered stems; then its splitter, which finds the stems of a mix."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.tensorboard import SummaryWriter

from engine.codecs.stem_network import LINE_LEVEL, StemCodecConfig, StemNetwork, in_nats
from engine.compiled import librosa
from engine.errors import Problem
from engine.precision import quick
from training.starter import checkpoint
from training.starter.codec.data import StemBatch, stem_batches
from training.starter.codec.loss import RESOLUTIONS, energy_loss, log_mel_distance, pitch_loss
from training.starter.codec.quantizer import CodebookLearner
from training.starter.corpus.build import renderings
from training.starter.corpus.synth import FRAME, SAMPLE_RATE
from training.starter.model_folder import model_weights
from training.starter.schedule import MovingAverage, put_values, smoothed, trapezoid_rate

_SIZES = [size for size, _ in RESOLUTIONS]
_CODE_PARTS = ("encoder", "decoder")
_DECODER_PARTS = ("decoder", "widen", "output", "head", "line_head", "noise_head")


@dataclass(frozen=True)
class CodecPlan:
    """How to train. One step sees about `rows` stems of `frames` frames (20 ms each)."""

    steps: int
    rows: int = 16
    frames: int = 80
    rate: float = 8e-4
    warmup: int = 100
    cooldown: float = 0.5  # share of the steps in which the rate falls
    unquantized: int = 150  # steps before the codebooks start, so that latents mean something by then
    revive_until: float = 0.85  # share of the steps in which dead codes are moved
    stem_weight: float = 0.5  # loss on the stems, beside that on their mix
    spread: float = 1.0  # how much decodings are kept apart that differ in their noise (see energy_loss)
    pitch_weight: float = 0.3  # at first; from the middle of the steps on the oscillators are on their own
    average: float = 0.998
    save_every: int = 200
    seed: int = 0


def new_network(config: StemCodecConfig | None = None) -> StemNetwork:
    """An untrained network with its mel filters in place."""
    network = StemNetwork(config or StemCodecConfig())
    bank = librosa().filters.mel(sr=SAMPLE_RATE, n_fft=2048, n_mels=network.config.mels)
    network.mel_bank.copy_(torch.tensor(bank))
    return network


class Learner(nn.Module):
    """What teaches the codes and is not needed afterwards: moving codebooks, a way back to spectra."""

    def __init__(self, network: StemNetwork) -> None:
        super().__init__()
        c = network.config
        self.books = CodebookLearner(network)
        self.spectra = nn.Linear(c.decoder_width, 2 * c.mels + c.bands)

    def forward(
        self, network: StemNetwork, batch: StemBatch, step: int, plan: CodecPlan
    ) -> tuple[Tensor, Tensor]:
        """The log spectra of frames found again in their codes: mean absolute difference, and commitment."""
        with torch.no_grad():
            heard = network.spectra(batch.audio)
        with quick():
            latents = network.encode_spectra(heard, batch.stem)
        if step < plan.unquantized:
            quantized, commitment = latents.float(), 0.01 * latents.float().square().mean()
        else:
            revive = step < plan.revive_until * plan.steps
            quantized, commitment = self.books(network, latents, batch.stem, revive)
        with quick():
            found = self.spectra(network.decode_frames(quantized, batch.stem))
        return (in_nats(found.float()) - in_nats(heard)).abs().mean(), commitment


def train_codec(corpus: Path, run: Path, plan: CodecPlan) -> Iterator[tuple[int, float]]:
    """Train encoder, codebooks and the decoder's first half to find spectra again.

    No wave is made: that is slow, and teaches pitch slowly. Goes on from `run/codec.pt` if there. Yields
    (step, smoothed loss in nats).
    """
    torch.manual_seed(plan.seed)
    network = new_network()
    learner = Learner(network)
    trained = [p for name, p in network.named_parameters() if name.startswith(_CODE_PARTS)]
    trained += learner.spectra.parameters()

    def losses(batch: StemBatch, step: int) -> dict[str, Tensor]:
        spectra, commitment = learner(network, batch, step, plan)
        return {"spectra": spectra, "commitment": 0.2 * commitment}

    yield from _train(corpus, run / "codec.pt", plan, network, learner, trained, losses)


def train_decoder(corpus: Path, run: Path, plan: CodecPlan) -> Iterator[tuple[int, float]]:
    """Train the decoder on the codes of the codec in `run`, from `run/decoder.pt` if there.

    The codes stay as they are, so a language model of theirs stays right. Yields (step, smoothed loss).
    """
    torch.manual_seed(plan.seed)
    network = codec_network(run)
    network.requires_grad_(False)
    trained = [p for name, p in network.named_parameters() if name.startswith(_DECODER_PARTS)]
    for parameter in trained:
        parameter.requires_grad = True
    rng = np.random.default_rng(plan.seed)

    def losses(batch: StemBatch, step: int) -> dict[str, Tensor]:
        with torch.no_grad():
            heard = network.spectra(batch.audio)
            quantized = quantized_latents(network, heard, batch.stem)
            noise = random_noise(network.config, 2, *quantized.shape[:2])
        with quick():
            hidden = network.decode_hidden(quantized, batch.stem)
            decoded = network.synthesize(hidden, noise)
            lines = network.line_head(hidden)[..., : network.config.lines].float() - LINE_LEVEL
        sizes = rng.choice(_SIZES, 2, replace=False).tolist()
        mix, stems = stem_and_mix_loss(decoded, batch, sizes, plan.spread)
        pitch = pitch_loss(network.config, lines, in_nats(heard[..., 2 * network.config.mels :]))
        weight = plan.pitch_weight * max(0.0, 1 - 2 * step / plan.steps)
        return {"mix": mix, "stems": plan.stem_weight * stems, "pitch": weight * pitch}

    yield from _train(corpus, run / "decoder.pt", plan, network, nn.Module(), trained, losses)


def random_noise(config: StemCodecConfig, draws: int, rows: int, frames: int) -> Tensor:
    """White noise in the windows that `StemNetwork.synthesize` takes, [draws, rows, 2 * frames, size]."""
    hop, size = config.hop_length // 2, config.output_fft
    return torch.randn(draws, rows, (2 * frames - 1) * hop + size).unfold(-1, size, hop)


def stem_and_mix_loss(
    decoded: Tensor, batch: StemBatch, sizes: list[int], spread: float
) -> tuple[Tensor, Tensor]:
    """Mean energy loss of the mixes and of the stems, decoded twice [2, R, N].

    The mix of a single stem is that stem.
    """
    several = torch.bincount(batch.group, minlength=batch.groups) > 1

    def with_mixes(rows: Tensor) -> Tensor:
        return torch.cat([rows, batch.mixes(rows)[several]])

    first, second = (with_mixes(rows) for rows in decoded)
    losses = energy_loss((first, second), with_mixes(batch.audio), sizes, spread)
    stems, mixes = losses[: len(batch.audio)], losses[len(batch.audio) :]
    alone = stems[~several[batch.group]]
    return torch.cat([mixes, alone]).mean(), stems.mean()


def _train(
    corpus: Path,
    saved: Path,
    plan: CodecPlan,
    network: StemNetwork,
    learner: nn.Module,
    trained: list[nn.Parameter],
    losses: Callable[[StemBatch, int], dict[str, Tensor]],
) -> Iterator[tuple[int, float]]:
    """Train `trained` parameters by the sum of what `losses` gives for a batch and a step; show the first."""
    optimizer = torch.optim.AdamW(trained, plan.rate, betas=(0.8, 0.95), weight_decay=0.01, fused=True)
    average = MovingAverage(network, plan.average)
    step = 0
    smooth: float | None = None
    state = checkpoint.load(saved)
    if state and "step" not in state:
        raise Problem(
            f"The codec in {saved.parent} came from a model, and its codes rest.",
            "Train its decoder (python -m training.starter decoder), or a new codec in another --run.",
        )
    if state:
        network.load_state_dict(state["network"])
        learner.load_state_dict(state["learner"])
        optimizer.load_state_dict(state["optimizer"])
        average.values, step = state["average"], state["step"]
    rng = np.random.default_rng([plan.seed, step])
    batches = stem_batches(corpus, renderings(corpus, "train"), plan.rows, plan.frames, rng)
    with SummaryWriter(saved.with_suffix("")) as writer:
        while step < plan.steps:
            batch = next(batches)
            for group in optimizer.param_groups:
                group["lr"] = trapezoid_rate(plan.rate, step, plan.steps, plan.warmup, plan.cooldown)
            found = losses(batch, step)
            optimizer.zero_grad(set_to_none=True)
            (15 * torch.stack(list(found.values())).sum()).backward()
            torch.nn.utils.clip_grad_norm_(trained, 5.0)
            optimizer.step()
            average.update(network, step)
            step += 1
            smooth = smoothed(smooth, next(iter(found.values())).item(), 0.98)
            for name, value in found.items():
                writer.add_scalar(f"codec/{name}", value.item(), step)
            if step % plan.save_every == 0 or step == plan.steps:
                checkpoint.save(
                    saved,
                    {
                        "network": network.state_dict(),
                        "learner": learner.state_dict(),
                        "optimizer": optimizer.state_dict(),
                        "average": average.values,
                        "step": step,
                    },
                )
            yield step, smooth


def take_codec(model: Path, run: Path) -> None:
    """Write `run/codec.pt` and `run/splitter.pt` with the codec of the model folder `model`.

    What it lacks is untrained. Its codes stay as they are: `tokens`, `decoder` and `lm` go on from it. Raises
    Problem if `run` has a codec, or if that of `model` is not of this recipe's shape.
    """
    if (run / "codec.pt").exists():
        raise Problem(f"There is a codec in {run} already.", "Name another folder with --run.")
    network = new_network()
    try:
        network.load_state_dict(network.state_dict() | model_weights(model, "audio_encoder."))
    except RuntimeError as error:
        raise Problem(f"The codec of {model} has another shape.", "Train one: leave --start out.") from error
    checkpoint.save(run / "codec.pt", {"network": network.state_dict(), "average": {}})
    checkpoint.save(run / "splitter.pt", splitter_weights(network))


def splitter_weights(network: StemNetwork) -> dict[str, Tensor]:
    """The part of the weights that finds stems."""
    return {name: value for name, value in network.state_dict().items() if name.startswith("splitter")}


def codec_network(run: Path) -> StemNetwork:
    """The network with averaged weights out of `run/codec.pt`. Raises Problem if it is not trained yet."""
    state = checkpoint.load(run / "codec.pt")
    if state is None:
        raise Problem(f"There is no codec in {run}.", "Train it first: python -m training.starter codec")
    network = new_network()
    network.load_state_dict(state["network"])
    put_values(state["average"], network)
    return network.eval()


def trained_network(run: Path) -> StemNetwork:
    """`codec_network`, with the decoder of `run/decoder.pt` in it if there is one."""
    network = codec_network(run)
    state = checkpoint.load(run / "decoder.pt")
    if state:
        put_values(state["average"], network)
    return network


@torch.no_grad()
def held_out_distance(
    network: StemNetwork, corpus: Path, split: str, count: int, frames: int = 500
) -> tuple[float, list[float]]:
    """`log_mel_distance` on `count` crops of a split: of the mix, and of each stem where it sounds."""
    S = len(network.config.stems)
    rng = np.random.default_rng(1)
    found = renderings(corpus, split)
    picks = [found[i] for i in rng.permutation(len(found))[:count]]
    mixes: list[float] = []
    stems: list[list[float]] = [[] for _ in range(S)]
    for pick in picks:
        batch = next(stem_batches(corpus, [pick], 1, min(frames, pick.samples // FRAME), rng))
        decoded = roundtrip(network, batch.audio, batch.stem)
        mixes += log_mel_distance(batch.mixes(decoded), batch.mixes(batch.audio)).tolist()
        for s, value in zip(
            batch.stem.tolist(), log_mel_distance(decoded, batch.audio).tolist(), strict=True
        ):
            stems[s].append(value)
    return float(np.mean(mixes)), [float(np.mean(values)) if values else float("nan") for values in stems]


@torch.no_grad()
def roundtrip(network: StemNetwork, audio: Tensor, stem: Tensor) -> Tensor:
    """Single stems [R, N], encoded to codes and decoded again."""
    return network.decode_latents(quantized_latents(network, network.spectra(audio), stem), stem)


def quantized_latents(network: StemNetwork, spectra: Tensor, stem: Tensor) -> Tensor:
    """Spectra of single stems [R, T, bands] -> the latents [R, T, D] that their codes stand for."""
    latents = network.encode_spectra(spectra, stem)
    return torch.cat(
        [
            network.dequantize(network.quantize(row[None], s), s)
            for row, s in zip(latents, stem.tolist(), strict=True)
        ]
    )


def train_splitter(corpus: Path, run: Path, steps: int, rate: float = 1e-3) -> Iterator[tuple[int, float]]:
    """Teach `network.splitter_*` to find each stem's latents in a mix; yields (step, smoothed loss).

    The loss is the smooth L1 error of latents scaled to unit variance.
    """
    network = trained_network(run)
    trained = [p for name, p in network.named_parameters() if name.startswith("splitter")]
    optimizer = torch.optim.AdamW(trained, rate, weight_decay=0.01)
    S = len(network.config.stems)
    batches = stem_batches(corpus, renderings(corpus, "train"), 24, 128, np.random.default_rng(7))
    smooth: float | None = None
    with torch.no_grad():
        nothing = network.encode_latents(torch.zeros(S, 128 * FRAME), torch.arange(S))
    with SummaryWriter(run / "splitter") as writer:
        for step, batch in enumerate(batches, start=1):
            for group in optimizer.param_groups:
                group["lr"] = trapezoid_rate(rate, step - 1, steps, 100)
            with torch.no_grad():
                target = nothing.repeat(batch.groups, 1, 1)
                heard = network.encode_latents(batch.audio, batch.stem)
                target[batch.group * S + batch.stem] = heard
                target = target.view(batch.groups, S, *heard.shape[1:])
            with quick():
                found = network.split_latents(batch.mixes(batch.audio))
            scale = target.var((0, 2), unbiased=False, keepdim=True).clamp(min=1e-3)
            loss = F.smooth_l1_loss(found.float() / scale.sqrt(), target / scale.sqrt())
            optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(trained, 1.0)
            optimizer.step()
            smooth = smoothed(smooth, loss.item(), 0.98)
            writer.add_scalar("splitter/loss", loss.item(), step)
            yield step, smooth
            if step >= steps:
                break
    checkpoint.save(run / "splitter.pt", splitter_weights(network))
