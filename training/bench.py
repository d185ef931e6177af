"""`tunedial bench dpo`: an optimizer step as it is done here, beside the naive way, in one run.

The naive way keeps two whole models, asks the reference anew in every step, encodes the text for each of the
four passes, and trains all layers. Both train a LoRA of the same rank, so that the optimizer's states, which
would be gigabytes for whole models, do not count against it. Each runs in a process of its own.
"""

import multiprocessing
import resource
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from typing import Any

import click

from engine.commands.common import echo_json, json_option, note


@dataclass(frozen=True)
class Shape:
    """The size of a model with random weights; the default is musicgen-small's, text encoder and all."""

    hidden: int = 1024
    layers: int = 24
    heads: int = 16
    ffn: int = 4096
    codebooks: int = 4
    card: int = 2048
    text_width: int = 768
    text_layers: int = 12
    frames_a_second: int = 50


@dataclass(frozen=True)
class Cost:
    """Seconds of one optimizer step, and the most memory that the process held, in bytes."""

    seconds: float
    memory: int


@dataclass(frozen=True)
class Compared:
    """Both ways, and how many times cheaper ours is."""

    naive: Cost
    ours: Cost
    speedup: float
    memory_ratio: float


def compare(shape: Shape, pairs: int, seconds: float, steps: int) -> Compared:
    """Time `steps` optimizer steps of `pairs` pairs of `seconds` each way; the fastest counts."""
    costs = {}
    for naive in (True, False):
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            costs[naive] = pool.submit(_measure, shape, pairs, seconds, steps, naive).result()
    return Compared(
        costs[True],
        costs[False],
        costs[True].seconds / costs[False].seconds,
        costs[True].memory / costs[False].memory,
    )


def _measure(shape: Shape, pairs: int, seconds: float, steps: int, naive: bool) -> Cost:
    import torch

    torch.manual_seed(0)
    step = _naive_step(shape, pairs, seconds) if naive else _our_step(shape, pairs, seconds)
    step()  # what is only done once
    times = []
    for _ in range(steps):
        start = time.perf_counter()
        step()
        times.append(time.perf_counter() - start)
    unit = 1 if sys.platform == "darwin" else 1024
    return Cost(min(times), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)


def _our_step(shape: Shape, pairs: int, seconds: float) -> Any:
    import torch

    from engine.precision import quick
    from training.batches import clips_of
    from training.losses import total_loss
    from training.memory import keep_memory
    from training.policy import LoraPlan, layout_of, with_lora
    from training.scoring import code_logps
    from training.trainer import scores_of

    keep_memory()
    decoder = _decoder(shape)
    layout = layout_of(decoder)
    policy = with_lora(decoder, LoraPlan(frozen=shape.layers // 2)).train()
    batch = _batch(shape, pairs, seconds)
    optimizer = torch.optim.AdamW([p for p in policy.parameters() if p.requires_grad], 1e-4)

    def step() -> None:
        clips = clips_of(batch)
        with quick():
            logps = code_logps(policy, clips, layout)
        total_loss({"sigmoid": 1.0}, scores_of(logps, batch["references"], clips), 0.1, 0.0).backward()
        optimizer.step()
        optimizer.zero_grad()

    return step


def _naive_step(shape: Shape, pairs: int, seconds: float) -> Any:
    import torch
    from transformers import T5Config, T5EncoderModel

    from engine.precision import quick
    from training.batches import clips_of
    from training.losses import total_loss
    from training.policy import LoraPlan, layout_of, with_lora
    from training.scoring import predictions, token_logps
    from training.trainer import scores_of

    text = T5EncoderModel(
        T5Config(
            d_model=shape.text_width, num_layers=shape.text_layers, d_ff=4 * shape.text_width, num_heads=12
        )
    )
    reference = _decoder(shape)
    policy = with_lora(_decoder(shape), LoraPlan(frozen=0)).train()
    layout = layout_of(reference)
    project = torch.nn.Linear(shape.text_width, shape.hidden).requires_grad_(False)
    batch = _batch(shape, pairs, seconds)
    tokens = torch.randint(2, 1000, (pairs, batch["states"].shape[1]))
    optimizer = torch.optim.AdamW([p for p in policy.parameters() if p.requires_grad], 1e-4)

    def read() -> dict[str, torch.Tensor]:
        with torch.no_grad():
            return batch | {"states": project(text(input_ids=tokens).last_hidden_state)}

    def step() -> None:
        with quick():
            for _ in range(2):  # chosen and rejected, each with its text, through the reference
                read()
            with torch.no_grad():
                clips = clips_of(read())
                references = token_logps(predictions(reference, clips, layout), clips, layout).sum((1, 2))
            clips = clips_of(read())
            logps = token_logps(predictions(policy, clips, layout), clips, layout)
        total_loss({"sigmoid": 1.0}, scores_of(logps, references, clips), 0.1, 0.0).backward()
        optimizer.step()
        optimizer.zero_grad()

    return step


def _decoder(shape: Shape) -> Any:
    from transformers import MusicgenDecoderConfig, MusicgenForCausalLM

    from training.policy import without_dropout

    config = MusicgenDecoderConfig(
        vocab_size=shape.card,
        hidden_size=shape.hidden,
        num_hidden_layers=shape.layers,
        num_attention_heads=shape.heads,
        ffn_dim=shape.ffn,
        num_codebooks=shape.codebooks,
        pad_token_id=shape.card,
        bos_token_id=shape.card,
    )
    decoder = MusicgenForCausalLM(config).requires_grad_(False)
    without_dropout(decoder)
    return decoder


def _batch(shape: Shape, pairs: int, seconds: float) -> dict[str, Any]:
    import torch

    frames = round(seconds * shape.frames_a_second)
    return {
        "states": torch.randn(pairs, 12, shape.hidden),
        "mask": torch.ones(pairs, 12, dtype=torch.int64),
        "codes": torch.randint(0, shape.card, (2 * pairs, shape.codebooks, frames)),
        "frames": torch.full((2 * pairs,), frames),
        "given": torch.zeros(2 * pairs, dtype=torch.int64),
        "references": torch.full((2 * pairs,), -frames * shape.codebooks * 7.0),
    }


@click.command()
@click.option("--pairs", type=click.IntRange(1), default=3, show_default=True, help="In a step.")
@click.option("--seconds", type=click.FloatRange(1, 30), default=10, show_default=True, help="Of a clip.")
@click.option("--steps", type=click.IntRange(1), default=2, show_default=True, help="The fastest counts.")
@json_option
def dpo(pairs: int, seconds: float, steps: int, as_json: bool) -> None:
    """Time a preference-training step at musicgen-small's size (random weights), beside the naive way.

    The naive way: two models, the reference asked in every step, text encoded four times, all layers trained.
    """
    note(f"One step of {pairs} pairs of {seconds:g} s, each way in a process of its own.")
    found = compare(Shape(), pairs, seconds, steps)
    if as_json:
        echo_json(asdict(found))
        return
    for name, cost in (("naive", found.naive), ("ours", found.ours)):
        click.echo(f"{name:8}{cost.seconds:8.2f} s{cost.memory / 1e9:8.2f} GB")
    click.echo(f"{found.speedup:.2f} times faster, {found.memory_ratio:.2f} times less memory")
