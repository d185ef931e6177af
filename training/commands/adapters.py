"""`tunedial train dpo`, `pack`, `oppose` and `starter`: one adapter, all of a pack, the starter's own."""

import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.commands.common import echo_json, json_option
from engine.metrics import ADHERENCE, METRIC_IDS
from training.commands.common import FOLDER, HERE, model_option, workers_option
from training.commands.plan import plan_from, plan_options

if TYPE_CHECKING:
    from training.dpo import Tell
    from training.pack import Progress, Slot
    from training.plan import Plan


@click.command()
@click.option("--metric", type=click.Choice([*METRIC_IDS, ADHERENCE]), required=True)
@click.option("--direction", type=click.Choice(["positive", "negative"]), required=True)
@click.option("--out", type=FOLDER, required=True, help="The pack's folder.")
@click.option("--run", type=FOLDER, help="Checkpoints and logs.  [default: OUT.runs/METRIC-DIRECTION]")
@plan_options
@json_option
def dpo(metric: str, direction: str, out: Path, run: Path | None, as_json: bool, **options: Any) -> None:
    """Train one adapter by direct preference optimisation.

    \b
    tunedial train dpo --data pairs --metric energy --direction positive --out my-pack
    tensorboard --logdir my-pack.runs

    Call it again after a stop, and it goes on from the newest checkpoint.
    """
    from rich.console import Console

    from engine.packs import seal
    from training.dpo import train_adapter
    from training.pack import write_manifest
    from training.show import telling

    plan = plan_from(metric, direction, options)
    write_manifest(plan, out, out.name.lower(), "1.0")
    with telling(Console(stderr=True), f"{metric} {direction}") as tell:
        found = train_adapter(plan, run or _runs(out) / f"{metric}-{direction}", out, tell)
    seal(out)
    card = found.card
    if as_json:
        echo_json({"folder": str(found.folder), "card": card.model_dump(mode="json")})
        return
    accuracy = "-" if card.held_out_accuracy is None else f"{card.held_out_accuracy:.3f}"
    click.echo(f"{found.folder}: held-out accuracy {accuracy} after {card.settings['best_step']} steps")


@click.command()
@click.option("--out", type=FOLDER, required=True, help="The pack's folder.")
@click.option("--name", help="The pack's name.  [default: the folder's]")
@click.option("--pack-version", default="1.0", show_default=True)
@click.option("--metric", "metrics", type=click.Choice(METRIC_IDS), multiple=True, help="Only these.")
@click.option("--slot", type=int, help="Only the adapter of this number, 0 to 25.")
@click.option("--plan", "launch", type=click.Choice(["slurm", "accelerate"]), help="Print a script instead.")
@click.option("--gpus", type=click.IntRange(0), default=1, show_default=True, help="For --plan.")
@plan_options
@json_option
def pack(out: Path, launch: str | None, as_json: bool, **options: Any) -> None:
    """Train all 26 adapters of a pack, or those of some metrics; what is done is skipped.

    \b
    tunedial train pack --data pairs --out my-pack
    tunedial train pack --data pairs --out my-pack --plan slurm > pack.sbatch && sbatch pack.sbatch
    tunedial train pack --data pairs --out my-pack --plan accelerate --gpus 4 > pack.sh && bash pack.sh
    """
    from training.pack import slots_of, train_pack

    slots = slots_of(options["metrics"], options["slot"])
    plan = plan_from(slots[0].metric, slots[0].direction, options)
    if launch:
        click.echo(_script(click.get_current_context(), launch, slots, _runs(out), options["gpus"]))
        return
    plans = {slot: replace(plan, metric=slot.metric, direction=slot.direction) for slot in slots}
    names = options["name"] or out.name.lower(), options["pack_version"]
    _show(_follow(plans, lambda tell: train_pack(plans, _runs(out), out, *names, lambda _: tell)), as_json)


@click.command()
@click.option("--apart", type=HERE, required=True, help="A pack with both adapters of its metrics.")
@click.option("--out", type=FOLDER, required=True, help="The new pack's folder.")
@json_option
def oppose(apart: Path, out: Path, as_json: bool) -> None:
    """Make of each metric's two adapters one direction and its opposite: what both change alike goes.

    \b
    tunedial train pack --data pairs --out apart
    tunedial train dpo --data pairs --metric adherence --direction positive --rank 4 --out apart
    tunedial train oppose --apart apart --out my-pack

    Most knobs of Tunedial's own pack turn farther for it, and both ways. An adapter of adherence, which
    learned to follow the prompt, is added to every one, so that knobs keep the prompt: it is no knob itself.
    """
    from training.opposites import oppose_pack

    _show(_follow({}, lambda tell: oppose_pack(apart, out, out.name.lower(), tell)), as_json)


@click.command()
@click.option(
    "--data", type=FOLDER, default=Path("runs/pairs"), show_default=True, help="Where its pairs go."
)
@click.option("--out", type=FOLDER, required=True, help="The pack's folder.")
@click.option("--metric", "metrics", type=click.Choice(METRIC_IDS), multiple=True, help="Only these.")
@model_option
@workers_option
@json_option
def starter(
    data: Path,
    out: Path,
    metrics: tuple[str, ...],
    model: str,
    workers: int,
    as_json: bool,
) -> None:
    """Make the starter's own pack: the whole recipe, with its pairs, settings and seed.

    \b
    tunedial train starter --out runs/pack
    tunedial evaluate dose --pack runs/pack --cards
    """
    from rich.console import Console

    from training.opposites import oppose_pack
    from training.pack import slots_of, train_pack_in_processes
    from training.recipe import ALONE, KEEPING, NAME, VERSION, make_pairs, opposed_plans, starter_plans
    from training.show import telling

    slots = slots_of(metrics, None)
    with telling(Console(stderr=True), "pairs:") as tell:
        make_pairs(data, model, workers, tell)
    plans = starter_plans([KEEPING, *slots], data, model)  # the longest first, so that no worker waits for it
    apart = _runs(out) / "apart"
    _follow(
        plans,
        lambda tell: train_pack_in_processes(plans, _runs(out), apart, NAME, VERSION, workers, tell),
    )
    knobs = opposed_plans({slot: plans[slot] for slot in slots})
    made = _follow(knobs, lambda tell: oppose_pack(apart, out, NAME, tell, knobs, ALONE))
    _show(made, as_json)


def _follow(
    plans: Mapping["Slot", "Plan"], work: Callable[["Tell"], Iterator["Progress"]]
) -> dict["Slot", "Progress"]:
    """Do `work` on a pack and tell how far it is; returns how each adapter ended."""
    from rich.console import Console

    from training.pack import Progress
    from training.show import telling

    states = {slot: Progress(slot, "waiting") for slot in plans}
    console = Console(stderr=True)
    with telling(console) as tell:
        for progress in work(tell):
            states[progress.slot] = progress
            if progress.state != "training":
                console.print(f"{progress.slot.metric} {progress.slot.direction}: {progress.state}")
    return states


def _show(states: Mapping["Slot", "Progress"], as_json: bool) -> None:
    """Print how each adapter ended."""
    from rich.console import Console

    from training.show import pack_table

    if not as_json:
        Console().print(pack_table(states))
        return
    adapters = {
        f"{slot.metric}/{slot.direction}": {
            "state": state.state,
            "card": state.card and state.card.model_dump(mode="json"),
        }
        for slot, state in states.items()
    }
    echo_json({"adapters": adapters})


def _script(ctx: click.Context, launch: str, slots: Any, runs: Path, gpus: int) -> str:
    """The script for a cluster, of this very call."""
    from training.launch import accelerate_script, slurm_script

    words = _words(ctx, {"launch", "gpus", "slot"} | ({"metrics"} if launch == "slurm" else set()))
    if launch == "accelerate":
        return accelerate_script(["training", "pack", *words], max(1, gpus))
    runs.mkdir(parents=True, exist_ok=True)
    program = str(Path(sys.executable).with_name("tunedial"))
    return slurm_script(slots, [program, "train", "pack", *words], Path("pack.sbatch"), runs, gpu=gpus > 0)


def _words(ctx: click.Context, without: set[str]) -> list[str]:
    """The options of a call as it was made, paths made absolute."""
    words = []
    for option in ctx.command.params:
        name = option.name or ""
        if name in without or ctx.get_parameter_source(name) is not click.core.ParameterSource.COMMANDLINE:
            continue
        given = ctx.params[name]
        for value in given if isinstance(given, tuple) else (given,):
            words += [option.opts[0]]
            if not isinstance(value, bool):
                words.append(str(value.absolute() if isinstance(value, Path) else value))
    return words


def _runs(out: Path) -> Path:
    return out.with_name(f"{out.name}.runs")
