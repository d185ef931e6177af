"""`tunedial evaluate`: what packs do to the music."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.commands.common import echo_json, json_option, note
from engine.errors import CallProblem
from engine.metrics import METRIC_IDS
from evaluation.listening.cli import listen
from evaluation.report_cli import compare, report, score

if TYPE_CHECKING:
    from engine.packs import Pack
    from evaluation.dose import Report


@click.group(short_help="Measure what the knobs do.")
def evaluate() -> None:
    """Measure what a pack's knobs do to the music.

    \b
    tunedial evaluate dose --pack starter
    tunedial evaluate report --pack starter
    tunedial evaluate listen make ~/takes --out test.html
    """


for command in (report, score, compare, listen):
    evaluate.add_command(command)


@evaluate.command()
@click.option("--pack", required=True, metavar="NAME|FOLDER", help="An installed pack, or a folder.")
@click.option(
    "--prompts",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="One a line.  [default: those that ship, which no training uses]",
)
@click.option(
    "--limit", type=click.IntRange(1), default=60, show_default=True, help="At most so many prompts."
)
@click.option("--seeds", default="1,2", show_default=True, help="Numbers, apart by commas.")
@click.option("--metric", "metrics", type=click.Choice(METRIC_IDS), multiple=True, help="Only these.")
@click.option(
    "--seconds", type=click.FloatRange(3, 30), default=10, show_default=True, help="Length of a clip."
)
@click.option("--mixing", is_flag=True, help="Also turn two knobs at once.")
@click.option("--cards", is_flag=True, help="Write what was found into the pack's cards.")
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True)
@json_option
def dose(pack: str, as_json: bool, **options: Any) -> None:
    """Play prompts at five values of each knob, and measure how the music follows.

    \b
    tunedial evaluate dose --pack starter --metric energy --limit 10
    tunedial evaluate dose --pack my-pack --prompts my-prompts.txt --seeds 1,2,3 --json

    What was heard is kept, so that a run that was stopped goes on. Probabilities are one-sided, paired over
    prompts (Wilcoxon), and corrected for the number of tests (Holm).
    """
    from rich.console import Console

    from engine.job import GenerationSettings
    from engine.paths import resources
    from engine.probe.families import load_probe
    from engine.prompts import read_prompts
    from evaluation.adherence import TIMBRE, with_adherence
    from evaluation.cards import write_cards
    from evaluation.clips import HEARING, open_studio
    from evaluation.dose import clips_to_hear, mixing, mixture_clips, mixtures, turnable
    from evaluation.dose import report as dose_report
    from evaluation.scorers import STARTER, open_scorer

    found = find_pack(pack)
    prompts = read_prompts(options["prompts"], "evaluation")[: options["limit"]]
    seeds = read_seeds(options["seeds"])
    studio = open_studio(found, GenerationSettings(seconds=options["seconds"]))
    knobs = turnable(found, options["metrics"] or METRIC_IDS)
    if not knobs:
        raise CallProblem(f"'{pack}' has no adapter for that.", f"See: tunedial packs show {pack}")
    console = Console(stderr=True)
    scorer = open_scorer(STARTER)
    probe = load_probe(resources() / "probe")
    listeners = [HEARING, TIMBRE, scorer.listener()]
    heard = _hear(studio, clips_to_hear(prompts, seeds, knobs), listeners, options["workers"], console)
    figures = dose_report(prompts, seeds, knobs, with_adherence(heard, scorer, probe))
    content = figures.to_json()
    if options["mixing"]:
        pairs = mixtures(found)
        clips = mixture_clips(prompts, seeds, pairs)
        heard = _hear(studio, clips, [HEARING], options["workers"], console)
        content["mixing"] = mixing(prompts, seeds, pairs, heard)
    if options["cards"]:
        note(f"{write_cards(found, figures)} cards written.")
    if as_json:
        told_by = {"probe": probe.version, "scorer": scorer.version}
        echo_json({"pack": found.manifest.name, "version": found.manifest.version, **told_by, **content})
        return
    Console().print(dose_table(figures))
    if options["mixing"] and content["mixing"]["pairs"]:
        mixed = content["mixing"]
        click.echo(
            f"two knobs at {mixed['value']:g}: both right in {mixed['share_right']:.0%} of {mixed['pairs']}"
        )


def find_pack(name: str) -> "Pack":
    """The pack in the folder `name`, or the installed or shipped one of that name. Raises Problem."""
    from engine.packs import list_packs, load_pack

    if Path(name).is_dir() and ("/" in name or Path(name, "pack.json").is_file()):
        return load_pack(Path(name))
    found = [pack for pack in list_packs() if pack.manifest.name == name]
    if not found:
        raise CallProblem(f"There is no pack called '{name}'.", "See: tunedial packs list")
    return found[0]


def read_seeds(words: str) -> list[int]:
    """The seeds in `words`, apart by commas. Raises CallProblem if they are none, or not different."""
    try:
        seeds = [int(word) for word in words.split(",")]
    except ValueError:
        seeds = []
    if not seeds or min(seeds) < 0 or len(set(seeds)) < len(seeds):
        raise CallProblem(f"--seeds {words} cannot be used.", "Write different numbers, e.g. --seeds 1,2")
    return seeds


def _hear(studio: Any, wanted: Any, listeners: Any, workers: int, console: Any) -> Any:
    """What each listener hears in the clips, while a bar shows how far it is."""
    from evaluation.clips import Heard, hear_all
    from evaluation.show import followed

    return followed(hear_all(studio, wanted, workers, listeners), Heard, lambda _: "playing", console)


def dose_table(figures: "Report") -> Any:
    """The figures as a table."""
    from rich.table import Table

    head = (
        *(f"{value:g}" for value in figures.values),
        "rank",
        "p up",
        "p down",
        "span sd",
        "prompt",
        "2nd",
        "use",
    )
    table = Table(
        "metric", *head, "verdict", caption=f"{len(figures.prompts)} prompts, {len(figures.seeds)} seeds"
    )
    for metric, dose in figures.metrics.items():
        opinion = dose.second_opinion
        table.add_row(
            metric,
            *(_cell(mean) for mean in dose.means),
            _cell(dose.spearman),
            f"{dose.p_up:.1g}",
            f"{dose.p_down:.1g}",
            _cell(dose.span_sd),
            _cell(dose.adherence_ratio),
            "" if opinion is None else "agrees" if opinion.agrees else "differs",
            "{:g} to {:g}".format(*dose.recommended),
            f"{dose.verdict}{' (proxy)' if dose.proxy else ''}",
        )
    return table


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:.3g}"
