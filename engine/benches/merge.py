"""`tunedial bench merge`: from a turned knob to weights that are ready to be decoded with.

At musicgen-small's shape, random weights, 13 adapters of rank 8 on each linear layer:

* all: all thirteen knobs leave 0. The adapters are read from disk, added up, and packed.
* one: one of them is turned further. Nothing is read.
* copy: the float32 weights that the adapters change, copied once; what memory bandwidth allows.
* paper: 14 state dicts, the base's and one for each metric, loaded from disk and averaged (Torrie et al.).
  They are loaded with torch.load, as audiocraft's checkpoints are, and added up in place.

Decoding adds the low-rank changes while it runs, or takes a second, merged copy of the weights: what
`engine.linear.costs` finds cheaper. Both are timed. All files have been read before, so that they come from
the page cache. As 14 state dicts of float32 do not fit into that of an ordinary computer, one file stands for
all 14: the same bytes are loaded and added, and the paper's way never waits for a disk.
"""

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.commands.common import echo_json, json_option, note, precision_option
from engine.job import Precision
from engine.metrics import METRIC_IDS
from engine.mix import Mix

if TYPE_CHECKING:
    from torch import Tensor

    from engine.decoder import Decoder, DecoderSpec

RANK = 8
STATE = "state_dict.bin"
TARGETS = ("q_proj", "k_proj", "v_proj", "out_proj", "fc1", "fc2")


@dataclass(frozen=True)
class Turning:
    """Seconds of one way to be ready, and what they are over copying and the paper's way."""

    all_seconds: float
    one_seconds: float
    vs_copy: float  # one knob over copying the weights once
    vs_paper: float  # how many times faster all knobs are than the paper's way
    one_knob_vs_all: float


@dataclass(frozen=True)
class Found:
    """The keys of the way that decoding takes, by name in `taken`, and both ways."""

    vs_copy: float
    vs_paper: float
    one_knob_vs_all: float
    taken: str
    precision: str
    copy_seconds: float
    paper_seconds: float
    read_seconds: float  # of the 13 adapters, a part of all_seconds
    added: Turning  # low-rank changes, added while decoding
    merged: Turning


@dataclass
class _Times:
    """Seconds of each run, by what was timed."""

    of: dict[str, list[float]] = field(default_factory=dict)

    def take(self, name: str, work: Callable[[], Any]) -> Any:
        start = time.perf_counter()
        result = work()
        self.of.setdefault(name, []).append(time.perf_counter() - start)
        return result

    def median(self, name: str) -> float:
        return statistics.median(self.of[name])


def compare(spec: "DecoderSpec", precision: Precision, runs: int) -> Found:
    """Time everything in turn, `runs` times; medians. The paper's way is timed once: it takes long."""
    import torch

    from engine.benches.random_model import decoder_weights
    from engine.checkpoint import open_checkpoint
    from engine.decoder import Decoder
    from engine.precision import resolve

    with tempfile.TemporaryDirectory() as place, torch.inference_mode():
        folder = Path(place)
        tensors = decoder_weights(spec)
        _write(folder / "model.safetensors", tensors)
        torch.save(tensors, folder / STATE)
        shapes = {name: t.shape for name, t in tensors.items() if name.split(".")[-2] in TARGETS}
        adapters = [_write_adapter(folder / metric, shapes, seed) for seed, metric in enumerate(METRIC_IDS)]
        parameters = sum(t.numel() for t in tensors.values())
        del tensors
        product = resolve(precision, "cpu", parameters)
        decoder = Decoder(spec, open_checkpoint(folder).below(""), product)
        times = _Times()
        _time_copy(times, shapes, runs)
        for run in range(runs):
            _turn(times, decoder, adapters, merged=False, run=run)
            _turn(times, decoder, adapters, merged=True, run=run)
        times.take("paper", lambda: _average(folder / STATE))
        live, copy = decoder.costs(_changes(decoder, adapters))
    return _found(times, "merged" if copy < live else "added", product)


def _found(times: _Times, taken: str, product: str) -> Found:
    copy, paper = times.median("copy"), times.median("paper")
    ways = {}
    for way in ("added", "merged"):
        every, one = times.median(f"{way} all"), times.median(f"{way} one")
        ways[way] = Turning(every, one, one / copy, paper / every, one / every)
    chosen = ways[taken]
    return Found(
        chosen.vs_copy,
        chosen.vs_paper,
        chosen.one_knob_vs_all,
        taken,
        product,
        copy,
        paper,
        times.median("read"),
        ways["added"],
        ways["merged"],
    )


def _turn(times: _Times, decoder: "Decoder", adapters: list[Path], merged: bool, run: int) -> None:
    """Time all knobs leaving 0, then one of them being turned on."""
    from engine.adapters import read_adapter
    from engine.merge import mixed, stack

    like = decoder.like_weights
    way = "merged" if merged else "added"

    def read() -> dict[str, Any]:
        return {m: read_adapter(folder, like) for m, folder in zip(METRIC_IDS, adapters, strict=True)}

    def ready(stacked: Any, last: float) -> Any:
        mix = Mix(knobs={metric: 2.0 for metric in METRIC_IDS} | {METRIC_IDS[run % 13]: last})
        return decoder.tune(mixed(mix, stacked), merged=merged)

    def turn_all() -> Any:
        stacked = stack(times.take("read", read))
        ready(stacked, 2.0)
        return stacked

    stacked = times.take(f"{way} all", turn_all)
    times.take(f"{way} one", lambda: ready(stacked, 3.0))


def _changes(decoder: "Decoder", adapters: list[Path]) -> Any:
    from engine.adapters import read_adapter
    from engine.merge import combine

    like = decoder.like_weights
    read = {m: read_adapter(folder, like) for m, folder in zip(METRIC_IDS, adapters, strict=True)}
    return combine(Mix(knobs=dict.fromkeys(METRIC_IDS, 2.0)), read)


def _time_copy(times: _Times, shapes: dict[str, Any], runs: int) -> None:
    import torch

    source = {name: torch.ones(shape) for name, shape in shapes.items()}
    target = {name: torch.ones(shape) for name, shape in shapes.items()}
    for _ in range(runs):
        times.take("copy", lambda: [target[name].copy_(weight) for name, weight in source.items()])


def _average(file: Path) -> dict[str, "Tensor"]:
    """The paper's way: 14 state dicts are loaded one after another and added up with their weights."""
    import torch

    share = 1 / (1 + len(METRIC_IDS))
    total = {name: tensor * share for name, tensor in torch.load(file).items()}
    for _ in METRIC_IDS:
        for name, tensor in torch.load(file).items():
            total[name].add_(tensor, alpha=share)
    return total


def _write(file: Path, tensors: dict[str, "Tensor"]) -> None:
    from safetensors.torch import save_file

    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, file)


def _write_adapter(folder: Path, shapes: dict[str, Any], seed: int) -> Path:
    import torch

    random = torch.Generator().manual_seed(seed)
    tensors = {}
    for name, (out, into) in shapes.items():
        module = "base_model.model." + name.removesuffix(".weight")
        tensors[f"{module}.lora_A.weight"] = 0.02 * torch.randn(RANK, into, generator=random)
        tensors[f"{module}.lora_B.weight"] = 0.02 * torch.randn(out, RANK, generator=random)
    folder.mkdir()
    _write(folder / "adapter_model.safetensors", tensors)
    config = {"peft_type": "LORA", "r": RANK, "lora_alpha": 2 * RANK, "target_modules": list(TARGETS)}
    (folder / "adapter_config.json").write_text(json.dumps(config))
    return folder


@click.command()
@precision_option
@click.option("--runs", type=click.IntRange(1), default=3, show_default=True, help="The median counts.")
@json_option
def merge(precision: Precision, runs: int, as_json: bool) -> None:
    """Time a turned knob, at musicgen-small's shape with 13 adapters, beside the paper's averaging.

    It needs 4 GB on the disk of the temporary folder, and 8 GB of memory.
    """
    from engine.benches.random_model import SMALL_DECODER

    note("Writing random weights and adapters, then turning knobs; a minute or two.")
    found = compare(SMALL_DECODER, precision, runs)
    if as_json:
        echo_json(asdict(found))
        return
    click.echo(f"precision {found.precision}; decoding takes: {found.taken}")
    click.echo(f"copying the weights {found.copy_seconds:.2f} s, the paper's way {found.paper_seconds:.1f} s")
    for name, way in (("added", found.added), ("merged", found.merged)):
        click.echo(f"{name:8}all knobs {way.all_seconds:.2f} s, one knob {way.one_seconds:.2f} s:")
        click.echo(f"{'':8}one is {way.vs_copy:.1f} times a copy and {way.one_knob_vs_all:.2f} of all")
        click.echo(f"{'':8}all are {way.vs_paper:.0f} times faster than the paper's way")
