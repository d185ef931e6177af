"""`tunedial train`: pairs, adapters, packs."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.commands.common import echo_json, json_option, note
from engine.errors import CallProblem
from engine.job import STARTER
from engine.metrics import METRIC_IDS

if TYPE_CHECKING:
    from training.plan import Plan
    from training.store import Written

FOLDER = click.Path(file_okay=False, path_type=Path)
HERE = click.Path(exists=True, file_okay=False, path_type=Path)
FILE = click.Path(exists=True, dir_okay=False, path_type=Path)

model_option = click.option(
    "--model",
    default=STARTER,
    show_default=True,
    metavar="ID",
    help="The base model: starter, folder, hub id.",
)
data_out_option = click.option(
    "--out", type=FOLDER, required=True, help="Folder for the pairs; what is there is replaced."
)
workers_option = click.option("--workers", type=click.IntRange(1), default=1, show_default=True)
margin_option = click.option(
    "--margin",
    type=click.FloatRange(0),
    default=0.5,
    show_default=True,
    help="How far the two clips must differ, in standard deviations.",
)
limit_option = click.option(
    "--limit",
    type=click.IntRange(1),
    help="At most so many pairs a metric: those that differ in little else.",
)
seconds_option = click.option(
    "--seconds", type=click.FloatRange(1, 30), default=10, show_default=True, help="Length of a clip."
)


@click.group(short_help="Train the adapters behind the knobs.")
def train() -> None:
    """Train adapters: from preference pairs to a pack of knobs.

    \b
    tunedial train data selfplay --out pairs      # pairs from the model itself
    tunedial train dpo --data pairs --metric energy --direction positive --out my-pack
    tunedial train pack --data pairs --out my-pack
    tunedial evaluate dose --pack my-pack --cards

    docs/training.md tells the whole way.
    """


@train.group()
def data() -> None:
    """Make preference pairs: two clips of one prompt, one of which has more of a metric.

    What was worked out before, codes and measurements, is kept by content and not worked out again, so a
    command that was stopped goes on where it was. What did not become a pair is counted by reason.
    """


@data.command()
@click.argument("csv", type=FILE)
@click.argument("previews", type=HERE)
@data_out_option
@model_option
@click.option("--artists", type=FILE, help="CSV of artists' genres: artist, genres.")
@click.option("--youtube", type=FILE, help="CSV of: track_id, likes, dislikes, comments, views[, rating].")
@click.option("--genre", help="Only songs with this word in a genre, e.g. pop.")
@click.option(
    "--matches", type=click.IntRange(1), default=1, show_default=True, help="Closest songs for each."
)
@click.option(
    "--same-artist/--other-artist", default=True, show_default=True, help="Pair songs of one artist?"
)
@click.option(
    "--margin", type=click.FloatRange(0), default=0, show_default=True, help="In standard deviations."
)
@click.option(
    "--seconds", type=click.FloatRange(1, 30), default=30, show_default=True, help="Of each preview."
)
@workers_option
@json_option
def spotify(csv: Path, previews: Path, out: Path, model: str, as_json: bool, **options: Any) -> None:
    """Pair the songs of the Kaggle "Spotify Tracks Genre" CSV; PREVIEWS holds audio named by track id.

    \b
    tunedial train data spotify dataset.csv previews --genre pop --out pairs
    """
    from training.data.select import Rule
    from training.data.spotify import Pairing, make_pairs

    pairing = Pairing(
        options["matches"], options["same_artist"], options["genre"], Rule(margin=options["margin"])
    )
    folder = _model_folder(model)
    _make(
        lambda tell: make_pairs(
            csv,
            previews,
            out,
            folder,
            pairing,
            options["artists"],
            options["youtube"],
            options["seconds"],
            options["workers"],
            tell,
        ),
        as_json,
    )


@data.command()
@click.argument("music", type=HERE)
@data_out_option
@model_option
@click.option(
    "--matches", type=click.IntRange(1), default=3, show_default=True, help="Closest clips for each."
)
@click.option(
    "--same-artist/--other-artist", default=True, show_default=True, help="Pair songs of one artist?"
)
@click.option("--clips", type=click.IntRange(1), default=3, show_default=True, help="At most, of each file.")
@seconds_option
@margin_option
@limit_option
@workers_option
@json_option
def folder(music: Path, out: Path, model: str, as_json: bool, **options: Any) -> None:
    """Pair your own MUSIC, any folder of audio: genres from tags or folder names, metrics measured here.

    \b
    tunedial train data folder ~/Music --out pairs
    """
    from training.data.folder import make_pairs
    from training.data.select import Rule

    base = _model_folder(model)
    rule = Rule(options["margin"], limit=options["limit"])
    _make(
        lambda tell: make_pairs(
            music,
            out,
            base,
            options["matches"],
            options["same_artist"],
            options["clips"],
            options["seconds"],
            rule,
            options["workers"],
            tell,
        ),
        as_json,
    )


@data.command()
@data_out_option
@model_option
@click.option("--prompts", type=FILE, help="One a line.  [default: those that ship]")
@click.option("--clips", type=click.IntRange(2), default=8, show_default=True, help="Of each prompt.")
@click.option("--hints", is_flag=True, help="Also make clips from the prompt with hints of the metrics.")
@click.option("--guidance", type=click.FloatRange(1, 20), default=3, show_default=True)
@click.option("--temperature", type=click.FloatRange(0.1, 5), default=1, show_default=True)
@click.option("--band", type=(float, float), default=(0.5, 4), show_default=True, help="Difference, in sd.")
@click.option(
    "--upper-least", type=float, default=float("-inf"), help="Least value of the upper clip, in sd."
)
@click.option(
    "--lower-least", type=float, default=float("-inf"), help="Least value of the lower clip, in sd."
)
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@seconds_option
@limit_option
@workers_option
@json_option
def selfplay(out: Path, model: str, prompts: Path | None, as_json: bool, **options: Any) -> None:
    """Pair clips that the model itself makes, by what they measure. No dataset is needed.

    \b
    tunedial train data selfplay --clips 16 --hints --out pairs
    """
    from engine.catalog import weights_sha256
    from engine.job import GenerationSettings
    from engine.prompts import read_prompts
    from training.data.select import Rule
    from training.data.selfplay import Play, Thresholds, make_pairs

    base = _model_folder(model)
    settings = GenerationSettings(
        seconds=options["seconds"], guidance=options["guidance"], temperature=options["temperature"]
    )
    play = Play(options["clips"], options["hints"], options["seed"], settings)
    low, high = options["band"]
    thresholds = Thresholds(Rule(low, high, options["limit"]), options["upper_least"], options["lower_least"])
    texts = read_prompts(prompts, "training")
    _make(
        lambda tell: make_pairs(
            texts, out, base, weights_sha256(base), play, thresholds, options["workers"], tell
        ),
        as_json,
    )


@data.command()
@data_out_option
@model_option
@click.option("--takes", type=HERE, help="A folder of takes.  [default: your library]")
@workers_option
@json_option
def library(out: Path, model: str, takes: Path | None, workers: int, as_json: bool) -> None:
    """Pair the clips that you compared and rated in the app: they teach the knob Rating your taste.

    \b
    tunedial train data library --out pairs
    """
    from engine.paths import takes_dir
    from training.data.library import make_pairs

    base = _model_folder(model)
    _make(lambda tell: make_pairs(takes or takes_dir(), out, base, workers, tell), as_json)


@data.command()
@data_out_option
@model_option
@click.option("--corpus", type=HERE, default=Path("corpus"), show_default=True, help="The rendered corpus.")
@click.option(
    "--run", type=HERE, default=Path("runs/starter"), show_default=True, help="The starter's training."
)
@click.option(
    "--clips", type=click.IntRange(1), default=2, show_default=True, help="Of each variant of a song."
)
@seconds_option
@margin_option
@limit_option
@workers_option
@json_option
def counterfactual(out: Path, model: str, corpus: Path, run: Path, as_json: bool, **options: Any) -> None:
    """Pair renderings of one song that differ in one quality (the starter's own corpus).

    \b
    tunedial train data counterfactual --corpus corpus --run runs/starter --limit 3000 --out pairs
    """
    from training.codec import load_codec
    from training.data.counterfactual import make_pairs
    from training.data.select import Rule
    from training.starter.lm.tokens import tokens_folder

    base = _model_folder(model)
    codec = load_codec(base)
    frames = round(options["seconds"] * codec.sample_rate / codec.hop)
    rule = Rule(options["margin"], limit=options["limit"])
    _make(
        lambda tell: make_pairs(
            corpus,
            tokens_folder(corpus, run),
            out,
            base,
            options["clips"],
            frames,
            rule,
            options["workers"],
            tell,
        ),
        as_json,
    )


def plan_options(command: Any) -> Any:
    """The options of one adapter's training, for `dpo` and `pack` alike."""
    for option in reversed(
        (
            click.option(
                "--data", type=HERE, required=True, multiple=True, help="Folder of pairs; several join."
            ),
            model_option,
            click.option("--rank", type=click.IntRange(1, 256), default=8, show_default=True),
            click.option(
                "--alpha", type=float, default=16, show_default=True, help="LoRA's scale times rank."
            ),
            click.option("--targets", help="Modules, apart by commas.  [default: q,k,v,out_proj, fc1, fc2]"),
            click.option(
                "--frozen", type=click.IntRange(0), help="Front layers left alone.  [default: half]"
            ),
            click.option(
                "--gain",
                type=click.FloatRange(0, min_open=True),
                default=2,
                show_default=True,
                help="Multiplies the saved change; with 2, knob 5 is the trained model.",
            ),
            click.option("--epochs", type=click.FloatRange(0, min_open=True), default=10, show_default=True),
            click.option("--rate", type=float, default=1e-4, show_default=True, help="Learning rate."),
            click.option("--beta", type=float, default=0.1, show_default=True),
            click.option(
                "--batch", type=click.IntRange(1), default=3, show_default=True, help="Pairs a step."
            ),
            click.option("--warmup", type=click.IntRange(0), default=150, show_default=True, help="Steps."),
            click.option(
                "--loss", default="sigmoid", show_default=True, help="e.g. sigmoid, ipo, robust, sft."
            ),
            click.option(
                "--likelihood",
                type=click.FloatRange(0),
                default=0,
                show_default=True,
                help="Weight of the chosen clips' likelihood, which else may sink.",
            ),
            click.option(
                "--patience",
                type=click.IntRange(1),
                default=6,
                show_default=True,
                help="Evaluations in a row, worse than the best, after which training stops.",
            ),
            click.option("--pairs", type=click.IntRange(1), help="At most so many.  [default: all]"),
            click.option(
                "--held-out", type=click.IntRange(1), default=300, show_default=True, help="At most."
            ),
            click.option("--seed", type=int, default=0, show_default=True),
            click.option(
                "--set",
                "settings",
                multiple=True,
                metavar="NAME=VALUE",
                help="Any other field of TRL's DPOConfig, e.g. label_smoothing=0.1.",
            ),
        )
    ):
        command = option(command)
    return command


def plan_from(metric: str, direction: Any, options: dict[str, Any]) -> "Plan":
    """The plan that the options of `plan_options` say. Raises CallProblem for a setting without a value."""
    from training.plan import Plan
    from training.policy import TARGETS, LoraPlan

    settings: dict[str, Any] = {
        "num_train_epochs": options["epochs"],
        "learning_rate": options["rate"],
        "beta": options["beta"],
        "per_device_train_batch_size": options["batch"],
        "warmup_steps": options["warmup"],
        "loss_type": options["loss"],
        "seed": options["seed"],
    }
    if options["likelihood"]:
        losses = options["loss"].split(",")
        settings["loss_type"] = [*losses, "sft"]
        settings["loss_weights"] = [1.0] * len(losses) + [options["likelihood"]]
    for word in options["settings"]:
        name, equals, value = word.partition("=")
        if not equals:
            raise CallProblem(f"--set {word} has no value.", "Write it as NAME=VALUE.")
        settings[name] = value
    targets = tuple(options["targets"].split(",")) if options["targets"] else TARGETS
    return Plan(
        metric,
        direction,
        options["data"],
        options["model"],
        LoraPlan(options["rank"], options["alpha"], targets, options["frozen"], options["gain"]),
        settings,
        options["patience"],
        options["pairs"],
        options["held_out"],
    )


@train.command()
@click.option("--metric", type=click.Choice(METRIC_IDS), required=True)
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


@train.command()
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
    from training.pack import slots_of

    slots = slots_of(options["metrics"], options["slot"])
    plan = plan_from(slots[0].metric, slots[0].direction, options)
    if launch:
        click.echo(_script(click.get_current_context(), launch, slots, _runs(out), options["gpus"]))
        return
    _train_pack(plan, slots, out, options["name"] or out.name.lower(), options["pack_version"], as_json)


@train.command()
@click.option("--corpus", type=HERE, default=Path("corpus"), show_default=True, help="The rendered corpus.")
@click.option(
    "--run", type=HERE, default=Path("runs/starter"), show_default=True, help="The starter's training."
)
@click.option(
    "--data", type=FOLDER, default=Path("runs/pairs"), show_default=True, help="Where its pairs go."
)
@click.option("--out", type=FOLDER, required=True, help="The pack's folder.")
@click.option("--metric", "metrics", type=click.Choice(METRIC_IDS), multiple=True, help="Only these.")
@model_option
@workers_option
@json_option
def starter(
    corpus: Path,
    run: Path,
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

    from training.pack import slots_of
    from training.recipe import NAME, VERSION, starter_pairs, starter_plan
    from training.show import telling
    from training.starter.lm.tokens import tokens_folder

    with telling(Console(stderr=True), "pairs:") as tell:
        starter_pairs(corpus, tokens_folder(corpus, run), data, model, workers, tell)
    plan = starter_plan(data, model)
    _train_pack(plan, slots_of(metrics, None), out, NAME, VERSION, as_json)


def _train_pack(plan: "Plan", slots: Any, out: Path, name: str, version: str, as_json: bool) -> None:
    """Train `slots`, telling how far it is, and show all of them at the end."""
    from rich.console import Console

    from training.pack import Progress, train_pack
    from training.show import pack_table, telling

    states = {slot: Progress(slot, "waiting") for slot in slots}
    console = Console(stderr=True)
    with telling(console) as tell:
        for progress in train_pack(plan, slots, _runs(out), out, name, version, lambda _: tell):
            states[progress.slot] = progress
            if progress.state != "training":
                console.print(f"{progress.slot.metric} {progress.slot.direction}: {progress.state}")
    if as_json:
        adapters = {
            f"{slot.metric}/{slot.direction}": {
                "state": state.state,
                "card": state.card and state.card.model_dump(mode="json"),
            }
            for slot, state in states.items()
        }
        echo_json({"adapters": adapters})
        return
    Console().print(pack_table(states))


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


def _model_folder(name: str) -> Path:
    from training.plan import model_here

    return model_here(name)[1]


def _make(work: Any, as_json: bool) -> None:
    """Run `work` with a bar, then print what was written."""
    from rich.console import Console

    from training.show import data_table, left_out_lines, telling

    with telling(Console(stderr=True)) as tell:
        written: Written = work(tell)
    if as_json:
        echo_json({"pairs": written.pairs, "clips": written.clips, "left_out": written.left_out})
        return
    Console().print(data_table(written))
    lines = left_out_lines(written)
    if lines:
        note("Left out:")
        note("\n".join(lines))
