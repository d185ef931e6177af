"""`tunedial bench load`: from the start of a process to the first decode step, beside transformers.

Both ways start from the same folder, each in a process of its own: ours as `tunedial generate` does,
theirs with `from_pretrained` and `generate`. Peak memory is what the kernel counted for the process until
then, mapped files included. The folder has been read before, so it comes from the page cache.
"""

import contextlib
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.bench import PROMPT
from engine.commands.common import echo_json, json_option, note, precision_option
from engine.job import Precision

if TYPE_CHECKING:
    from engine.local import LocalBackend

CHILD = "from engine.benches import load; load.{way}({folder!r}, {seconds!r}, {precision!r})"
CODES_A_SECOND = 50


@dataclass(frozen=True)
class Start:
    """Seconds to the first step. Bytes: the peak, and of it what was there before the model (imports)."""

    seconds: float
    peak: int
    before: int


@dataclass(frozen=True)
class Compared:
    """Of the fastest start of each way, and medians of ratios: how many times less ours takes."""

    precision: str
    ours: Start
    theirs: Start
    first_time_seconds: float  # ours, the weights' SHA-256 not being known yet
    weights: int  # bytes of the model in this precision, all parts
    cache: int  # bytes of the clip's keys and values
    over_weights: float  # our peak without imports over weights and cache
    seconds_ratio: float
    memory_ratio: float


def compare(folder: Path, seconds: float, precision: Precision, runs: int) -> Compared:
    """Start both ways in turn, `runs` times, on the model in `folder`."""
    with tempfile.TemporaryDirectory() as home:

        def start(way: str) -> tuple[Start, dict[str, Any]]:
            return _start(way, folder, seconds, precision, home)

        first, told = start("ours")
        pairs = [(start("ours")[0], start("theirs")[0]) for _ in range(runs)]
    ours, theirs = (min(way, key=lambda found: found.seconds) for way in zip(*pairs, strict=True))
    weights, cache = told["weights"], told["cache"]
    return Compared(
        precision=told["precision"],
        ours=ours,
        theirs=theirs,
        first_time_seconds=first.seconds,
        weights=weights,
        cache=cache,
        over_weights=(ours.peak - ours.before) / (weights + cache),
        seconds_ratio=statistics.median(b.seconds / a.seconds for a, b in pairs),
        memory_ratio=statistics.median(b.peak / a.peak for a, b in pairs),
    )


def _start(
    way: str, folder: Path, seconds: float, precision: Precision, home: str
) -> tuple[Start, dict[str, Any]]:
    code = CHILD.format(way=way, folder=str(folder), seconds=seconds, precision=precision)
    begun = time.time()
    done = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "TUNEDIAL_HOME": home, "HF_HUB_OFFLINE": "1", "OMP_WAIT_POLICY": "PASSIVE"},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"the start of {way} failed: {done.stderr[-2000:]}")
    told = json.loads(done.stdout.splitlines()[-1])
    return Start(told["at"] - begun, told["peak"], told["before"]), told


def ours(folder: str, seconds: float, precision: Precision) -> None:
    """In a child: start as `tunedial generate` does; print what it took as JSON."""
    import engine.commands.generate  # noqa: F401
    from engine.cancel import CancelToken
    from engine.events import Failed, Progress
    from engine.job import GenerationSettings, Job
    from engine.local import LocalBackend

    before = peak_memory()
    backend = LocalBackend("cpu")
    settings = GenerationSettings(seconds=seconds, precision=precision)
    job = Job(prompt=PROMPT, model=folder, settings=settings)
    for event in backend.run(job, CancelToken()):
        if isinstance(event, Failed):
            raise event.problem
        if isinstance(event, Progress):
            break
    told = {"at": time.time(), "peak": peak_memory(), "before": before}
    print(json.dumps(told | _sizes(Path(folder), backend, seconds)))


def _sizes(folder: Path, backend: "LocalBackend", seconds: float) -> dict[str, Any]:
    """Bytes of all weights, the layers' matrices in the precision taken, and of one guided clip's cache."""
    from engine.checkpoint import open_checkpoint
    from engine.linear import BYTES

    assert backend._loaded is not None
    decoder = backend._loaded.model.decoder
    weights = 0
    for name, tensor in open_checkpoint(folder).items():
        packed = ".layers." in name and name.startswith("decoder.") and tensor.dim() == 2
        weights += tensor.numel() * (BYTES[decoder.product] if packed else 4)
    frames = round(seconds * CODES_A_SECOND) + decoder.spec.codebooks
    cache = 2 * decoder.spec.layers * 2 * frames * decoder.spec.hidden * 4
    return {"precision": decoder.product, "weights": weights, "cache": cache}


def theirs(folder: str, seconds: float, precision: Precision) -> None:
    """In a child: the same with transformers, float32 whatever `precision` is."""
    from transformers import AutoTokenizer, MusicgenForConditionalGeneration
    from transformers.generation import StoppingCriteriaList

    before = peak_memory()
    model = MusicgenForConditionalGeneration.from_pretrained(folder)
    inputs = AutoTokenizer.from_pretrained(folder)([PROMPT], return_tensors="pt")
    frames = round(seconds * CODES_A_SECOND) + model.config.decoder.num_codebooks
    with contextlib.suppress(_FirstStep):
        model.generate(**inputs, max_new_tokens=frames, stopping_criteria=StoppingCriteriaList([_stop]))
    print(json.dumps({"at": time.time(), "peak": peak_memory(), "before": before}))


class _FirstStep(Exception):
    """transformers has made its first step."""


def _stop(*_: object, **__: object) -> None:
    raise _FirstStep


def peak_memory() -> int:
    """The most memory this process has held, in bytes.

    Linux's getrusage counts what the process was before it became this program: the parent's memory.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


@click.command()
@click.option("--seconds", type=click.FloatRange(1, 30), default=10, show_default=True, help="Of the clip.")
@precision_option
@click.option("--runs", type=click.IntRange(1), default=3, show_default=True, help="Of each way.")
@json_option
def load(seconds: float, precision: Precision, runs: int, as_json: bool) -> None:
    """Time the start with musicgen-small's shape (random weights), up to the first decode step.

    Beside transformers' from_pretrained and generate. It needs 2.5 GB on the disk of the temporary folder.
    """
    from engine.benches.random_model import write_model

    note("Writing random weights, then starting both ways in turn; a minute or two.")
    with tempfile.TemporaryDirectory() as folder:
        found = compare(write_model(Path(folder)), seconds, precision, runs)
    if as_json:
        echo_json(asdict(found))
        return
    for name, start in (("ours", found.ours), ("transformers", found.theirs)):
        click.echo(f"{name:14}{start.seconds:6.2f} s{start.peak / 2**30:6.2f} GiB")
    click.echo(f"{found.seconds_ratio:.2f} times faster, {found.memory_ratio:.2f} times less memory")
    click.echo(
        f"ours, the first time {found.first_time_seconds:6.2f} s (the weights' checksum is worked out)"
    )
    click.echo(f"peak over weights and cache, {found.precision}: {found.over_weights:.2f}")
