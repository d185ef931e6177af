"""`tunedial evaluate listen`: a blind listening test, made and read."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from engine.commands.common import echo_json, json_option, note

if TYPE_CHECKING:
    from evaluation.listening.findings import Findings


@click.group(short_help="Let people listen: a blind test, made and read.")
def listen() -> None:
    """Let people compare base and tuned clips without knowing which is which.

    \b
    tunedial evaluate listen make ~/takes --out test.html
    tunedial evaluate listen read answers-*.json
    """


@listen.command()
@click.argument("takes", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The page.")
@click.option("--title", default="Listening test", show_default=True, help="What raters see.")
@click.option(
    "--anchors", type=click.IntRange(0), default=3, show_default=True, help="Trials with a spoilt clip."
)
@click.option(
    "--repeats",
    type=click.IntRange(0),
    default=3,
    show_default=True,
    help="Trials that each rater meets twice.",
)
@click.option("--seed", default=0, show_default=True, help="Draws the anchors and the clips' ids.")
@json_option
def make(takes: tuple[Path, ...], out: Path, as_json: bool, **options: Any) -> None:
    """Make one HTML page from TAKES, take folders or folders of them.

    The page needs nothing else: send it to your raters, and ask for the file that it saves. It plays each
    take's two clips at one loudness, in an order of each rater's own. Which clip is which stays here, in the
    test's key.
    """
    from engine.files import replace_file
    from evaluation.listening.key import keep_key
    from evaluation.listening.make import make_test, take_folders
    from evaluation.listening.page import listening_page

    test = make_test(take_folders(takes), **options)
    for take, reason in test.left_out.items():
        note(f"left out: {take}: {reason}")
    page = listening_page(test).encode()
    replace_file(out, page)
    kept = keep_key(test.key)
    key = test.key
    if as_json:
        echo_json(
            {
                "page": str(out),
                "key": str(kept),
                "test": key.id,
                "trials": key.presentations,
                "bytes": len(page),
                "left_out": test.left_out,
            }
        )
        return
    click.echo(f"{out}: {key.presentations} trials, {len(page) / 1e6:.1f} MB, all at {key.loudness:.1f} LUFS")
    click.echo(f"The key stays in {kept}")


@listen.command()
@click.argument(
    "answers", nargs=-1, required=True, type=click.Path(exists=True, dir_okay=False, path_type=Path)
)
@click.option(
    "--key",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The test's key.  [default: where 'make' left it]",
)
@json_option
def read(answers: tuple[Path, ...], key: Path | None, as_json: bool) -> None:
    """Read the ANSWERS of a test's raters: scores, preferences, and how far the raters agree.

    Raters who miss hidden anchors, contradict themselves or stop are left out, with the reason.
    """
    from evaluation.listening.findings import read_findings

    found = read_findings(answers, key)
    if as_json:
        echo_json(found.to_json())
        return
    _show(found)


def _show(found: "Findings") -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console()
    console.print(f"{found.title}: {found.raters} raters, {found.takes} takes of {found.base_model}")
    scores = Table("", "question", "mean, 1 to 5", "over the base", "takes", title="Opinion, 95 % intervals")
    for one in found.opinions:
        scores.add_row(
            one.system,
            one.question.upper(),
            _with(one.mean, one.interval),
            "" if one.gain is None else _with(one.gain, one.gain_interval, "+.2f"),
            str(one.takes),
        )
    console.print(scores)
    contests = Table(
        "", "won", "tied", "lost", "rate", "strength", title="Preferred to the base, 95 % intervals"
    )
    for contest in found.contests:
        contests.add_row(
            contest.system,
            *map(str, (contest.wins, contest.ties, contest.losses)),
            _with(contest.rate, contest.rate_interval),
            _with(contest.strength, contest.strength_interval, "+.2f"),
        )
    console.print(contests)
    alphas = ", ".join(
        f"{name} {'not defined' if value is None else f'{value:.2f}'}"
        for name, value in found.agreement.items()
    )
    console.print(f"Agreement (Krippendorff's alpha): {alphas}")
    for out in found.left_out:
        note(f"left out: {out.rater or out.file}: {out.reason}")


def _with(value: float, interval: tuple[float, float] | None, form: str = ".2f") -> str:
    if interval is None:
        return f"{value:{form}} (no interval)"
    return f"{value:{form}} [{interval[0]:{form}}, {interval[1]:{form}}]"
