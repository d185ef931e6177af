"""`tunedial bench decode`: the token loop, beside transformers and beside what memory bandwidth allows.

At musicgen-small's shape with random weights, guided. Whatever is compared is run in turn, A B A B, and a
ratio is the median of the ratios of a round. transformers runs `MusicgenForCausalLM.generate` on the same
weights in float32, sampling too: neither side reads a prompt or plays audio.

* single: transformers' time over ours, for each precision and number of threads.
* bandwidth_fraction: the bytes that a step must read, weights and cache, over its time, over the measured
  read bandwidth, on one thread (on all: bandwidth_fraction_all_threads). products: the same of a step's
  products alone, one after another, without attention, norms, sampling and what else stands between them.
* pair_1_adapter, pair_13_adapters: base and tuned clip over one clip, adapters of rank 8 on every layer.
* scout_8: eight previews of four seconds in one batch over one of them, in what `auto` takes.
* length: seconds for a second of audio. A clip of five minutes would take minutes, so steps and the reading
  of what was before are timed at some places of a window and added up over the windows of the clip.
"""

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, get_args

import click

from engine.commands.common import echo_json, json_option, note

if TYPE_CHECKING:
    from engine.adapters import LowRank
    from engine.decoder import Decoder, DecoderSpec
    from engine.generate import Clip
    from engine.job import Product

Part = str
FRAME_RATE = 50
FRAMES = 30
RANK = 8
LENGTHS = (5, 30, 300)
KNOWN = (0, 250, 600, 1050, 1480)  # frames before the step that is timed
STEPS = 6


@dataclass
class Stage:
    """A shape, its random weights, and the decoders made of them."""

    spec: "DecoderSpec"
    weights: Mapping[str, Any]
    rounds: int
    rival: Any = None  # transformers' model of these weights
    decoders: dict[str, "Decoder"] = field(default_factory=dict)

    def decoder(self, product: "Product") -> "Decoder":
        """The decoder in this precision, packed once."""
        from engine.decoder import Decoder

        if product not in self.decoders:
            self.decoders[product] = Decoder(self.spec, self.weights, product)
        return self.decoders[product]

    def automatic(self) -> "Decoder":
        """The decoder in what `auto` takes for a model of this size."""
        from engine.precision import LARGE, resolve

        return self.decoder(resolve("auto", "cpu", LARGE))


def precisions() -> list["Product"]:
    """Those that this processor has instructions for."""
    from engine.errors import CallProblem
    from engine.job import Product
    from engine.precision import LARGE, resolve

    here: list[Product] = []
    for product in get_args(Product):
        try:
            here.append(resolve(product, "cpu", LARGE))
        except CallProblem as problem:
            note(f"{product} is left out: {problem}")
    return here


def musicgen_small(rounds: int) -> Stage:
    """The shape of musicgen-small, and transformers' decoder of it on the same random weights."""
    import torch
    from transformers import MusicgenDecoderConfig, MusicgenForCausalLM

    from engine.benches.random_model import SMALL_DECODER, decoder_weights

    config = MusicgenDecoderConfig()  # its defaults are musicgen-small's
    weights = decoder_weights(SMALL_DECODER)
    with torch.device("meta"):
        model = MusicgenForCausalLM(config).eval()
    model.load_state_dict(weights, strict=False, assign=True)
    positions = model.model.decoder.embed_positions
    positions.weights = positions.get_embedding(config.max_position_embeddings, config.hidden_size)
    pad = config.pad_token_id
    settings = model.generation_config
    settings.pad_token_id = settings.bos_token_id = settings.decoder_start_token_id = pad
    return Stage(SMALL_DECODER, weights, rounds, model)


def clip_seconds(
    decoder: "Decoder", clips: "Sequence[Clip]", frames: int, known: int = 0
) -> tuple[float, float]:
    """Seconds for reading `known` frames, and for each step after it, of a guided request."""
    from engine.benches.loop import guided_request
    from engine.generate import generate

    request = guided_request(decoder, clips, frames, known)
    begun = read = time.perf_counter()
    for made in generate(decoder, request):
        if not made.step:
            read = time.perf_counter()
    return read - begun, (time.perf_counter() - read) / made.step


def rival_seconds(stage: Stage, frames: int) -> float:
    """Seconds for each step of transformers' `generate`, guided. Zeros as text need no mask."""
    import torch

    from engine.benches.loop import TEXT

    K, D = stage.spec.codebooks, stage.spec.hidden
    states = torch.full((2, TEXT, D), 0.1)
    states[1] = 0
    begun = time.perf_counter()
    stage.rival.generate(
        torch.full((K, 1), stage.spec.pad),
        encoder_hidden_states=states,
        attention_mask=torch.ones(1, 1, dtype=torch.int64),
        guidance_scale=3.0,
        do_sample=True,
        num_return_sequences=1,
        top_k=250,
        max_length=frames + K,
    )
    return (time.perf_counter() - begun) / (frames + K - 1)


def read_bandwidth() -> float:
    """Bytes a second at which the current number of threads can read: the best of seven sums of 256 MiB."""
    import torch

    numbers = torch.ones(1 << 26)

    def once() -> float:
        begun = time.perf_counter()
        numbers.sum()
        return time.perf_counter() - begun

    return numbers.nbytes / min(once() for _ in range(7))


def products_alone(decoder: "Decoder") -> dict[str, float]:
    """The products of a step one after another, four rows each, on one thread: the best of seven."""
    import torch

    from engine.benches.loop import threads
    from engine.linear import ROWS

    rows = {into: torch.randn(ROWS, into) for into in {linear.shape[1] for linear in decoder.products}}

    def once() -> float:
        begun = time.perf_counter()
        for linear in decoder.products:
            linear(rows[linear.shape[1]])
        return time.perf_counter() - begun

    with threads(1), torch.inference_mode():
        seconds = min(once() for _ in range(7))
        return {"ms": 1e3 * seconds, "bandwidth_fraction": decoder.bytes / seconds / read_bandwidth()}


def in_turn(ways: Mapping[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """What each way gives, round by round: A B A B."""
    found: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            found[name].append(way())
            note(f"{name}: {1e3 * found[name][-1]:.1f} ms a step")
    return found


def ratio(over: Sequence[float], under: Sequence[float]) -> float:
    """The median of the ratios of the rounds."""
    return statistics.median(a / b for a, b in zip(over, under, strict=True))


def single(stage: Stage) -> dict[str, Any]:
    """One clip beside transformers, on one thread and on all."""
    import torch

    from engine.benches.loop import threads
    from engine.generate import Clip

    products = precisions()
    most = torch.get_num_threads()
    cache = 2 * 2 * stage.spec.layers * stage.spec.hidden * 4 * FRAMES / 2  # two rows, half full on average
    ratios: dict[str, dict[str, float]] = {product: {} for product in products}
    fractions: list[dict[str, float]] = []
    step_ms = {}
    for count in sorted({1, most}):
        with threads(count):
            bandwidth = read_bandwidth()
            ways: dict[str, Callable[[], float]] = {"transformers": partial(rival_seconds, stage, FRAMES)}
            for product in products:
                decoder = stage.decoder(product)
                ways[product] = lambda d=decoder: clip_seconds(d, [Clip(0)], FRAMES)[1]  # type: ignore[misc]
            times = in_turn(ways, stage.rounds)
        bandwidth = max(bandwidth, read_bandwidth()) if count == most else bandwidth
        fraction: dict[str, float] = {}
        for product in products:
            ratios[product][str(count)] = ratio(times["transformers"], times[product])
            least = (stage.decoder(product).bytes + cache) / bandwidth
            fraction[product] = least / statistics.median(times[product])
        fractions.append(fraction)
        step_ms[str(count)] = {name: 1e3 * statistics.median(each) for name, each in times.items()}
        step_ms[str(count)]["read_GB_s"] = bandwidth / 1e9
    return {
        "single": ratios,
        "bandwidth_fraction": fractions[0],
        "bandwidth_fraction_all_threads": fractions[-1],
        "products": {product: products_alone(stage.decoder(product)) for product in products},
        "step_ms": step_ms,
    }


def random_changes(decoder: "Decoder", rank: int) -> "dict[str, LowRank]":
    """A small random change of every linear layer but the heads."""
    import torch

    from engine.adapters import LowRank

    return {
        module: LowRank(0.01 * torch.randn(rank, into), 0.01 * torch.randn(out, rank), 1.0)
        for module, (out, into) in decoder.linear_shapes.items()
        if "lm_heads" not in module
    }


def pair(stage: Stage) -> dict[str, Any]:
    """Base and tuned over one clip, in what `auto` takes; both ways of tuning, and which was taken."""
    from engine.generate import Clip

    decoder = stage.automatic()
    found: dict[str, Any] = {"pair": {"precision": decoder.product}}
    for count in (1, 13):
        changes = random_changes(decoder, RANK * count)
        live, copy = decoder.costs(changes)
        taken = "merged" if copy < live else "deltas"
        tunings = {
            "deltas": decoder.tune(changes, merged=False),
            "merged": decoder.tune(changes, merged=True),
        }
        ways: dict[str, Callable[[], float]] = {"single": lambda: clip_seconds(decoder, [Clip(0)], FRAMES)[1]}
        for name, tuning in tunings.items():
            clips = [Clip(0), Clip(0, tuning)]
            ways[name] = lambda clips=clips: clip_seconds(decoder, clips, FRAMES)[1]  # type: ignore[misc]
        times = in_turn(ways, stage.rounds)
        over = {name: ratio(times[name], times["single"]) for name in tunings}
        found[f"pair_{count}_adapter{'s' * (count > 1)}"] = over[taken]
        found["pair"][str(count)] = {
            "taken": taken,
            "over_single": over,
            "predicted_over_weights": {"deltas": live / decoder.bytes, "merged": copy / decoder.bytes},
        }
    return found


def scout(stage: Stage) -> dict[str, Any]:
    """Eight previews of four seconds over one."""
    from engine.generate import Clip

    decoder = stage.automatic()
    frames = 4 * FRAME_RATE
    seeds = [Clip(seed) for seed in range(8)]
    ways: dict[str, Callable[[], float]] = {
        "1": lambda: clip_seconds(decoder, seeds[:1], frames)[1],
        "8": lambda: clip_seconds(decoder, seeds, frames)[1],
    }
    times = in_turn(ways, min(stage.rounds, 2))
    return {"scout_8": ratio(times["8"], times["1"]), "scout_precision": decoder.product}


def length(stage: Stage) -> dict[str, Any]:
    """The cost of a second of audio in clips of several lengths, in what `auto` takes."""
    import numpy as np

    from engine.benches.loop import WINDOW
    from engine.delay import delays
    from engine.generate import Clip, windows

    decoder = stage.automatic()
    wait = max(delays(stage.spec.codebooks, stage.spec.channels))
    timed = [clip_seconds(decoder, [Clip(0)], known + STEPS, known) for known in KNOWN]
    reading, step = zip(*timed, strict=True)

    def cost(seconds: int) -> float:
        total = 0.0
        for window in windows(0, seconds * FRAME_RATE, WINDOW):
            known, end = window.known - window.start, window.end - window.start + wait
            total += np.interp(known, KNOWN, reading) + np.interp(np.arange(known, end), KNOWN, step).sum()
        return float(total / seconds)

    found = {str(seconds): cost(seconds) for seconds in LENGTHS}
    middle = (max(found.values()) + min(found.values())) / 2
    return {"length": found, "length_within": max(found.values()) / middle - 1}


PARTS: Mapping[Part, Callable[[Stage], dict[str, Any]]] = {
    "single": single,
    "pair": pair,
    "scout": scout,
    "length": length,
}


@click.command()
@click.option("--only", "parts", type=click.Choice(list(PARTS)), multiple=True, help="Time this; repeatable.")
@click.option("--rounds", type=click.IntRange(1, 20), default=3, show_default=True, help="Of A B A B.")
@json_option
def decode(parts: tuple[Part, ...], rounds: int, as_json: bool) -> None:
    """Time the token loop at musicgen-small's shape beside transformers, in about ten minutes.

    \b
    tunedial bench decode
    tunedial bench decode --only single --json

    Ratios over 1 in `single` are times faster than transformers; the others are costs over one clip's.
    """
    note("Making random weights of musicgen-small's shape.")
    stage = musicgen_small(rounds)
    found: dict[str, Any] = {}
    for part in parts or PARTS:
        note(f"Timing: {part}.")
        made = PARTS[part](stage)
        found |= made
        if not as_json:
            for key, value in made.items():
                _show(key, value)
    if as_json:
        echo_json(found)


def _show(name: str, value: Any) -> None:
    """One line for each number or word."""
    if isinstance(value, dict):
        for key, inner in value.items():
            _show(f"{name} {key}", inner)
    else:
        click.echo(f"{name:48} {value:.3f}" if isinstance(value, float) else f"{name:48} {value}")
