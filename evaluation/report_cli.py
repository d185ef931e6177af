"""`tunedial evaluate report`, `score` and `compare`."""

import json
import shlex
from pathlib import Path
from typing import Any

import click

from engine.commands.common import echo_json, json_option, note
from engine.errors import CallProblem, Problem

_file = click.Path(exists=True, dir_okay=False, path_type=Path)
_place = click.Path(exists=True, path_type=Path)
scorer_option = click.option(
    "--scorer",
    "scorer_name",
    default="starter",
    show_default=True,
    metavar="NAME",
    help="starter, or a CLAP: a folder, or a hub id that was fetched, such as laion/clap-htsat-unfused.",
)


@click.command()
@click.option("--pack", metavar="NAME|FOLDER", help="An installed pack, or a folder.")
@click.option("--from", "source", type=_file, help="Draw the page again from a report's JSON.")
@click.option("--prompts", type=_file, help="One a line.  [default: the 115 that ship]")
@click.option(
    "--limit", type=click.IntRange(1), default=30, show_default=True, help="At most so many prompts."
)
@click.option("--seeds", default="1", show_default=True, help="Numbers, apart by commas.")
@click.option(
    "--seconds", type=click.FloatRange(3, 30), default=10, show_default=True, help="Length of a clip."
)
@scorer_option
@click.option(
    "--reference", type=_place, help="A folder of music to compare distributions with, in place of the base."
)
@click.option("--features", multiple=True, metavar="NAME", help="More extractors, such as audioset:FOLDER.")
@click.option("--dose", type=_file, help="What 'evaluate dose --json' printed, to be shown too.")
@click.option("--listening", type=_file, help="What 'evaluate listen read --json' printed, to be shown too.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("report"),
    show_default=True,
    help="Folder for report.html, report.json, figures and audio.",
)
@click.option("--workers", type=click.IntRange(1), default=2, show_default=True)
@json_option
def report(pack: str | None, source: Path | None, as_json: bool, **options: Any) -> None:
    """Score every model of a pack, and write it all down in one page.

    \b
    tunedial evaluate report --pack starter
    tunedial evaluate report --pack starter --limit 115 --scorer laion/larger_clap_music
    tunedial evaluate report --from report/report.json --listening answers.json --out again

    The base, and the base with each knob turned to either end, play every prompt with the same noise. A
    report that was stopped goes on where it was, and no clip is generated twice.
    """
    from engine.files import replace_file
    from evaluation.page import write_page
    from evaluation.paper import TABLE_3, ordered_in_paper
    from evaluation.results import load_results, save_results

    if (pack is None) == (source is None):
        raise CallProblem("What is to be reported?", "Name --pack, or --from with a report's JSON.")
    out: Path = options["out"]
    results = load_results(source) if source else _run(pack or "", options)
    shown = {name: _read_json(options[name]) for name in ("dose", "listening") if options[name]}
    if "dose" in shown and not _are_doses(shown["dose"]):
        raise CallProblem(
            f"{options['dose']} holds no doses of this version.", "Name what 'evaluate dose --json' printed."
        )
    results = results.model_copy(update=shown)
    beside = source.parent if source else out
    files = {player.file: beside / player.file for player in results.players}
    copied = {name: file.read_bytes() for name, file in files.items() if file.is_file() and beside != out}
    for name, content in {**copied, **write_page(results, beside)}.items():
        replace_file(out / name, content)
    save_results(results, out / "report.json")
    if as_json:
        echo_json(results.model_dump())
        return
    scored, measured = results.scored, results.measured
    click.echo(f"positive > base > negative by {results.scorer.name}: {scored.ordered} of {len(scored.rows)}")
    click.echo(f"positive > base > negative by measuring: {measured.ordered} of {len(measured.rows)}")
    paper = f"{len(ordered_in_paper())} of {len(TABLE_3)}"
    click.echo(f"positive > base > negative by CLAP in the paper: {paper}")
    click.echo(str(out / "report.html"))


def _run(pack: str, options: dict[str, Any]) -> Any:
    """Make the report of a pack, showing how far it is."""
    from rich.console import Console

    from engine.job import GenerationSettings
    from engine.prompts import read_prompts
    from evaluation.cli import find_pack, read_seeds
    from evaluation.clips import open_studio
    from evaluation.extractors import open_extractor
    from evaluation.report import Stage, listeners_of, make_report, plan_report
    from evaluation.scorers import open_scorer
    from evaluation.show import followed

    prompts = read_prompts(options["prompts"], "evaluation")[: options["limit"]]
    studio = open_studio(find_pack(pack), GenerationSettings(seconds=options["seconds"]))
    scorer = open_scorer(options["scorer_name"])
    plan = plan_report(studio, scorer, prompts, read_seeds(options["seeds"]), _command(pack, options))
    if options["features"]:
        more = [open_extractor(name) for name in options["features"]]
        plan = plan.with_extractors(more)
    if options["reference"]:
        heard = [clip for _, clip in _listened([options["reference"]], listeners_of(plan))]
        plan = plan.with_reference(heard, str(options["reference"]))
    steps = make_report(plan, options["out"], options["workers"])
    return followed(steps, Stage, lambda stage: stage.name, Console(stderr=True))


def _command(pack: str, options: dict[str, Any]) -> str:
    words = ["tunedial", "evaluate", "report", "--pack", pack]
    for name in ("prompts", "limit", "seeds", "seconds", "reference"):
        if options[name] is not None:
            words += [f"--{name}", f"{options[name]:g}" if name == "seconds" else str(options[name])]
    words += ["--scorer", options["scorer_name"]]
    for feature in options["features"]:
        words += ["--features", feature]
    return shlex.join(words)


@click.command()
@click.argument("places", nargs=-1, required=True, type=_place)
@click.option("--text", "texts", multiple=True, help="Score for this text; again for more.")
@scorer_option
@json_option
def score(places: tuple[Path, ...], texts: tuple[str, ...], scorer_name: str, as_json: bool) -> None:
    """Score how well audio files fit texts: cosines times 100, higher fits better.

    \b
    tunedial evaluate score take/base.wav take/tuned.wav --text "acoustic song"
    tunedial evaluate score my-music

    Without --text, the thirteen metric prompts. Silence has no score.
    """
    import numpy as np
    from rich.console import Console
    from rich.table import Table

    from engine.metrics import METRICS
    from evaluation.compare import estimate, finite
    from evaluation.scorers import open_scorer, scores

    scorer = open_scorer(scorer_name)
    wanted = list(texts) or [metric.prompt for metric in METRICS]
    listener = scorer.listener()
    found = _listened(places, [listener])
    embeddings = scorer.embed([heard[listener.name] for _, heard in found])
    values = 100 * scores(embeddings, scorer.embed_texts(wanted))
    means = [estimate(values[:, column]) for column in range(len(wanted))]
    if as_json:
        echo_json(
            {
                "scorer": scorer.name,
                "version": scorer.version,
                "texts": wanted,
                "files": [
                    {"file": str(path), "scores": [finite(value) for value in row]}
                    for (path, _), row in zip(found, values, strict=True)
                ],
                "means": [mean.model_dump() for mean in means],
            }
        )
        return
    table = Table("file", *wanted, caption=f"cosines × 100 by {scorer.name} {scorer.version}")
    for (path, _), row in zip(found, values, strict=True):
        table.add_row(path.name, *(f"{value:.1f}" if np.isfinite(value) else "silent" for value in row))
    table.add_section()
    table.add_row("mean, 95 %", *(_interval_text(mean.mean, mean.interval) for mean in means))
    Console().print(table)


@click.command()
@click.argument("reference", type=_place)
@click.argument("made", type=_place)
@click.option(
    "--features", default="vibenet", show_default=True, help="vibenet, scorer:NAME, audioset:FOLDER."
)
@json_option
def compare(reference: Path, made: Path, features: str, as_json: bool) -> None:
    """Compare a folder of music with a reference: FAD, KL, IS, and chroma.

    \b
    tunedial evaluate compare real-music generated --features scorer:starter

    KL and chroma similarity need pairs: files of the same name on both sides.
    """
    import numpy as np

    from evaluation.compare import estimate
    from evaluation.distributions import fad, inception, kl
    from evaluation.extractors import open_extractor
    from evaluation.melody import CHROMA, chroma_similarity, kept_chroma

    extractor = open_extractor(features)
    listeners = [extractor.listener, CHROMA]
    sides = [dict(_listened([place], listeners)) for place in (reference, made)]
    kept = [[heard[extractor.listener.name] for heard in side.values()] for side in sides]
    rows = [extractor.features(some) for some in kept]
    known = rows[0][np.isfinite(rows[0]).all(axis=1)]
    by_name = [{path.name: heard for path, heard in side.items()} for side in sides]
    common = sorted(by_name[0].keys() & by_name[1].keys())
    content: dict[str, Any] = {
        "extractor": extractor.name,
        "version": extractor.version,
        "reference_clips": len(kept[0]),
        "clips": len(kept[1]),
        "pairs": len(common),
        "fad": fad(known, rows[1]).model_dump(),
        "inception": inception(extractor.posteriors(kept[1]), extractor.exclusive).model_dump(),
        "kl": None,
        "chroma": None,
    }
    if common:
        pairs = [
            extractor.posteriors([side[name][extractor.listener.name] for name in common]) for side in by_name
        ]
        content["kl"] = kl(pairs[0], pairs[1], extractor.exclusive).model_dump()
        chroma = [
            chroma_similarity(*(kept_chroma(side[name][CHROMA.name]) for side in by_name)) for name in common
        ]
        content["chroma"] = estimate(np.array(chroma)).model_dump()
    if as_json:
        echo_json(content)
        return
    for name in ("fad", "kl", "inception", "chroma"):
        figure = content[name]
        value = None if figure is None else figure.get("value", figure.get("mean"))
        click.echo(f"{name:10} {_interval_text(value, figure and figure['interval'])}")
    click.echo(
        f"{content['clips']} clips against {content['reference_clips']}, {len(common)} pairs, by {features}"
    )


def _listened(places: Any, listeners: Any) -> list[tuple[Path, Any]]:
    """What was heard in the files of `places` that can be read; the others are told on stderr."""
    from evaluation.files import audio_files, listen_to_files

    found = []
    for one in listen_to_files(audio_files(places), listeners):
        if isinstance(one.heard, Problem):
            note(f"left out: {one.heard}")
        else:
            found.append((one.path, one.heard))
    if not found:
        raise Problem("None of the files could be read.", "Name audio files, or folders of them.")
    return found


def _interval_text(value: float | None, interval: Any) -> str:
    if value is None:
        return "-"
    return (
        f"{value:.4g} (no interval)"
        if interval is None
        else f"{value:.4g} [{interval[0]:.4g}, {interval[1]:.4g}]"
    )


def _are_doses(content: dict[str, Any]) -> bool:
    from dataclasses import fields

    from evaluation.dose import Dose

    wanted = {field.name for field in fields(Dose)}
    metrics = content.get("metrics")
    return (
        "values" in content
        and isinstance(metrics, dict)
        and all(isinstance(found, dict) and wanted <= found.keys() for found in metrics.values())
    )


def _read_json(file: Path) -> dict[str, Any]:
    try:
        content = json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise CallProblem(f"{file} is not JSON.", "Name a results file.") from error
    if not isinstance(content, dict):
        raise CallProblem(f"{file} holds no results.", "Name a results file.")
    return content
