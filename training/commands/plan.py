"""The options of one adapter's training, and the plan they say."""

from typing import TYPE_CHECKING, Any

import click

from engine.errors import CallProblem
from training.commands.common import HERE, model_option

if TYPE_CHECKING:
    from training.plan import Plan


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
