"""`tunedial train data`: preference pairs from five sources."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.commands.common import echo_json, json_option, note
from training.commands.common import (
    FILE,
    FOLDER,
    HERE,
    corpus_option,
    model_option,
    starter_run_option,
    workers_option,
)

if TYPE_CHECKING:
    from training.store import Written

data_out_option = click.option(
    "--out", type=FOLDER, required=True, help="Folder for the pairs; what is there is replaced."
)
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


@click.group()
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
    "--first-match/--next-match",
    default=False,
    show_default=True,
    help="Of equally close songs, the first of the CSV, as in the paper, or the next one after the song.",
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
        options["matches"],
        options["same_artist"],
        options["genre"],
        Rule(margin=options["margin"]),
        options["first_match"],
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
@click.option("--guidance", type=click.FloatRange(1, 20), help="[default: the model's]")
@click.option("--temperature", type=click.FloatRange(0.1, 5), help="[default: the model's]")
@click.option("--band", type=(float, float), default=(0.5, 4), show_default=True, help="Difference, in sd.")
@click.option(
    "--upper-least", type=float, default=float("-inf"), help="Least value of the upper clip, in sd."
)
@click.option(
    "--lower-least", type=float, default=float("-inf"), help="Least value of the lower clip, in sd."
)
@click.option(
    "--faithful",
    is_flag=True,
    help="What a knob is to prefer must fit the prompt no worse than what it is to leave.",
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
    from engine.catalog import sampling_of, weights_sha256
    from engine.job import GenerationSettings
    from engine.prompts import read_prompts
    from training.data.select import Rule
    from training.data.selfplay import Play, Thresholds, make_pairs

    base = _model_folder(model)
    settings = GenerationSettings(
        seconds=options["seconds"], guidance=options["guidance"], temperature=options["temperature"]
    )
    settled = settings.settled(sampling_of(base))
    play = Play(options["clips"], options["hints"], options["seed"], settled)
    low, high = options["band"]
    rule = Rule(low, high, options["limit"], faithful=options["faithful"])
    thresholds = Thresholds(rule, options["upper_least"], options["lower_least"])
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
@corpus_option
@starter_run_option
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
