"""`python -m training.starter`: make the corpus, train the starter, and report what it reaches."""

import json
import sys
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import click
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from engine.errors import Problem

Figures = TypeVar("Figures", bound=tuple[Any, ...])  # how much is done, then what it gave so far

corpus_option = click.option(
    "--corpus",
    type=click.Path(path_type=Path),
    default=Path("corpus"),
    show_default=True,
    help="The corpus folder.",
)
run_option = click.option(
    "--run",
    type=click.Path(path_type=Path),
    default=Path("runs/starter"),
    show_default=True,
    help="Checkpoints, logs.",
)
workers_option = click.option("--workers", type=click.IntRange(1), default=2, show_default=True)


@click.group()
def starter() -> None:
    """Train the small model that ships with Tunedial, from a rendered corpus.

    \b
    python -m training.starter corpus     # render 30 hours of music
    python -m training.starter codec      # train the stem codec's codes
    python -m training.starter decoder    # train its decoder; may run beside tokens and lm
    python -m training.starter splitter   # teach it to find the stems of a mix
    python -m training.starter tokens     # encode the corpus
    python -m training.starter lm         # train the language model
    python -m training.starter export     # write resources/starter
    python -m training.starter report     # what it reaches on held-out songs
    python -m training.starter scorer     # train the model that scores how audio and text fit
    python -m training.starter probe      # train the probe that tells families of genre and instruments
    python -m training.starter kept       # what it still hears of a caption in variants of a song

    Each step can be stopped and called again: it goes on where it was (the splitter, which takes
    minutes, from its beginning).
    """


def _shown(
    items: Iterable[Figures], what: str, total: int, console: Console | None = None
) -> Iterator[Figures]:
    """Show a bar while `items` pass; without a terminal, a line every 30 s."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    last = time.monotonic()
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(what, total=total)
        for item in items:
            done = item[0]
            progress.update(task, completed=done, description=_line(what, item))
            if not progress.console.is_terminal and time.monotonic() - last > 30:
                last = time.monotonic()
                click.echo(f"{_line(what, item)} {done}/{total}", err=progress.console.stderr)
            yield item


def _line(what: str, item: tuple[Any, ...]) -> str:
    return " ".join([what, *(f"{value:.3f}" for value in item[1:] if isinstance(value, float))])


def _exhaust(items: Iterable[tuple[Any, ...]], what: str, total: int, console: Console | None = None) -> None:
    for _ in _shown(items, what, total, console):
        pass


@starter.command()
@corpus_option
@click.option(
    "--songs", type=click.IntRange(1), default=1250, show_default=True, help="How many, from seed 0."
)
@workers_option
def corpus(corpus: Path, songs: int, workers: int) -> None:
    """Render the corpus: the same seeds always give the same songs."""
    from training.starter.corpus.build import build

    _exhaust(build(corpus, range(songs), workers), "rendering, hours", songs)


@starter.command()
@corpus_option
@run_option
@click.option("--steps", type=click.IntRange(1), default=2000, show_default=True)
@click.option("--start", type=click.Path(path_type=Path), help="Take the codec of this model folder instead.")
def codec(corpus: Path, run: Path, steps: int, start: Path | None) -> None:
    """Train the stem codec's codes: what they keep is a spectrum."""
    from training.starter.codec.train import CodecPlan, take_codec, train_codec

    if start:
        take_codec(start, run)
        return
    _exhaust(train_codec(corpus, run, CodecPlan(steps=steps, rows=24, rate=1e-3)), "codec, loss", steps)


@starter.command()
@corpus_option
@run_option
@click.option("--steps", type=click.IntRange(1), default=6000, show_default=True)
def decoder(corpus: Path, run: Path, steps: int) -> None:
    """Train the codec's decoder to make waves of the codes, which stay as they are."""
    from training.starter.codec.train import CodecPlan, train_decoder

    _exhaust(train_decoder(corpus, run, CodecPlan(steps=steps)), "decoder, loss", steps)


@starter.command()
@corpus_option
@run_option
@click.option("--steps", type=click.IntRange(1), default=1000, show_default=True)
def splitter(corpus: Path, run: Path, steps: int) -> None:
    """Teach the codec to find the stems of a mix, for audio prompts."""
    from training.starter.codec.train import train_splitter

    _exhaust(train_splitter(corpus, run, steps), "splitter, loss", steps)


@starter.command()
@corpus_option
@run_option
@workers_option
def tokens(corpus: Path, run: Path, workers: int) -> None:
    """Encode the corpus with the trained codec."""
    from training.starter.corpus.build import renderings
    from training.starter.lm.tokens import tokenize

    total = len(renderings(corpus))
    _exhaust(tokenize(corpus, run, workers), "encoding", total)


@starter.command()
@corpus_option
@run_option
@click.option("--steps", type=click.IntRange(1), default=4000, show_default=True)
@click.option("--rows", type=click.IntRange(1), default=8, show_default=True, help="Clips in a batch.")
@click.option("--start", type=click.Path(path_type=Path), help="Begin with the decoder of this model folder.")
@click.option("--compile", "compiled", is_flag=True, help="A fifth faster; needs a C++ compiler.")
@workers_option
def lm(
    corpus: Path, run: Path, steps: int, rows: int, start: Path | None, compiled: bool, workers: int
) -> None:
    """Train the language model. First one window of each rendering is measured, for words such as "sad"."""
    from training.starter.corpus.build import renderings
    from training.starter.lm.tokens import silent_codes, tokens_folder
    from training.starter.lm.train import LmPlan, train_lm
    from training.starter.scorer.windows import listen

    windows = len(renderings(corpus))
    _exhaust(listen(corpus, windows, workers), "listening", windows)
    plan = LmPlan(steps=steps, rows=rows, compiled=compiled)
    training = train_lm(corpus, tokens_folder(corpus, run), silent_codes(run), run, plan, start)
    for step, _, held_out in _shown(training, "lm, loss", steps):
        if held_out:
            mean = sum(held_out) / len(held_out)
            click.echo(f"{step}: validation {mean:.4f} " + " ".join(f"{value:.3f}" for value in held_out))


@starter.command()
@run_option
@click.option(
    "--to", "target", type=click.Path(path_type=Path), default=Path("resources/starter"), show_default=True
)
@click.option(
    "--halfway", type=click.Path(path_type=Path), help="Go only half of the way from this model folder's."
)
def export(run: Path, target: Path, halfway: Path | None) -> None:
    """Write the model folder that ships."""
    from training.starter.export import export as write

    click.echo(f"{target / 'model.safetensors'}: {write(run, target, halfway) / 1e6:.1f} MB")


@starter.command()
@corpus_option
@click.option(
    "--model", type=click.Path(path_type=Path), default=Path("resources/starter"), show_default=True
)
@click.option("--clips", type=click.IntRange(20), default=200, show_default=True, help="Held-out captions.")
@click.option(
    "--examples", type=click.Path(path_type=Path), help="Also write example clips and spectrograms here."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@workers_option
def report(corpus: Path, model: Path, clips: int, examples: Path | None, as_json: bool, workers: int) -> None:
    """What the starter reaches on held-out songs. Renders those that are not there yet."""
    from training.starter.report.run import run_report

    figures = run_report(corpus, model, clips, workers, examples, lambda line: click.echo(line, err=True))
    click.echo(json.dumps(figures) if as_json else json.dumps(figures, indent=2))


@starter.command()
@corpus_option
@run_option
@click.option(
    "--to", "target", type=click.Path(path_type=Path), default=Path("resources/scorer"), show_default=True
)
@click.option("--clips", type=click.IntRange(100), default=3750, show_default=True, help="Of ten seconds.")
@click.option("--steps", type=click.IntRange(1), default=3000, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@click.option("--workers", type=click.IntRange(1), default=1, show_default=True)
def scorer(
    corpus: Path, run: Path, target: Path, clips: int, steps: int, as_json: bool, workers: int
) -> None:
    """Train the starter scorer on rendered songs, and say what it finds among those held out."""
    from training.starter.scorer.retrieval import held_out_figures
    from training.starter.scorer.train import (
        ScorerPlan,
        captions_for,
        examples_of,
        read_sentences,
        train,
        write_towers,
    )
    from training.starter.scorer.windows import listen, read_windows

    console = Console(stderr=True)
    _exhaust(listen(corpus, clips, workers), "listening", clips, console)
    windows = read_windows(corpus, clips)
    captions, _ = captions_for(windows)
    texts = [found.text for window in captions for found in window]
    _exhaust(read_sentences(texts, run), "reading", len(set(texts)), console)
    for item in _shown(
        train(examples_of(windows, run), ScorerPlan(steps=steps)), "scorer, loss", steps, console
    ):
        towers = item[2]
    size = write_towers(towers, target)
    figures = {"bytes": size, "clips": len(windows), **held_out_figures(towers, windows)}
    click.echo(json.dumps(figures) if as_json else json.dumps(figures, indent=2))


@starter.command()
@corpus_option
@click.option(
    "--to", "target", type=click.Path(path_type=Path), default=Path("resources/probe"), show_default=True
)
@click.option("--clips", type=click.IntRange(100), default=3000, show_default=True, help="Of ten seconds.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@workers_option
def probe(corpus: Path, target: Path, clips: int, as_json: bool, workers: int) -> None:
    """Train the probe that ships on rendered songs, and say what it finds among those held out."""
    from engine.probe.families import write_probe
    from training.starter.corpus.build import renderings
    from training.starter.probe import accuracies, answers, in_order, learn, listen, most_frequent, places

    console = Console(stderr=True)
    everything, told, timbres = renderings(corpus), {}, {}
    for split in ("train", "test"):
        chosen = places(everything, split, clips)
        told[split] = [answers(rendering.description) for rendering, _ in chosen]
        heard = _shown(listen(corpus, chosen, workers), f"listening, {split}", len(chosen), console)
        timbres[split] = in_order([row for item in heard for row in item[1]])
    found = learn(timbres["train"], told["train"])
    figures = {
        "bytes": write_probe(found, target),
        **{f"{split}_clips": len(rows) for split, rows in told.items()},
        "accuracy": accuracies(found, timbres["test"], told["test"]),
        "most_frequent": most_frequent(told["test"]),
    }
    click.echo(json.dumps(figures) if as_json else json.dumps(figures, indent=2))


@starter.command()
@corpus_option
@click.option(
    "--couples", type=click.IntRange(20), default=500, show_default=True, help="Songs and variants."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object on stdout.")
@workers_option
def kept(corpus: Path, couples: int, as_json: bool, workers: int) -> None:
    """Say how much of a caption the probe still hears when a song is rendered in another way."""
    from collections import Counter

    from engine.paths import resources
    from engine.probe.families import load_probe
    from training.data.counterfactual import couples as all_couples
    from training.starter.corpus.build import renderings
    from training.starter.kept import alike, listen
    from training.starter.kept import kept as kept_of
    from training.starter.report.clips import FRAMES

    chosen = alike(list(all_couples(renderings(corpus), 1, FRAMES, Counter())))[:couples]
    cuts = list(dict.fromkeys(cut for couple in chosen for cut in couple))
    heard = _shown(listen(corpus, cuts, workers), "listening", len(cuts), Console(stderr=True))
    figures = kept_of(load_probe(resources() / "probe"), chosen, {cut: sound for _, cut, sound in heard})
    click.echo(json.dumps(figures) if as_json else json.dumps(figures, indent=2))


def main() -> None:
    """Run the command; what the user can act on is one line on stderr."""
    try:
        starter()
    except Problem as problem:
        click.echo(f"Error: {problem}", err=True)
        sys.exit(problem.exit_code)


if __name__ == "__main__":
    main()
