"""The report as one HTML page that needs nothing else: figures, tables and players lie inside it."""

import base64
from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path

from engine.metrics import METRICS
from evaluation.cells import table
from evaluation.figures import draw, figures_of
from evaluation.models import BASE, label_of_model
from evaluation.paper import TABLE_3, ordered_in_paper
from evaluation.results import Results
from evaluation.sections import (
    chroma_section,
    distribution_section,
    dose_section,
    heat_section,
    listening_section,
    metric_section,
    policy_section,
    prompt_section,
    spread_section,
)

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2024; --soft: #60646c; --line: #d9d9e0; --back: #fff; --mark:
#eef6ff } @media (prefers-color-scheme: dark) {
  :root { --ink: #edeef0; --soft: #b0b4ba; --line: #43484e; --back: #18191b; --mark: #16324a } }
body { font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--back); max-width: 68rem;
  margin: 2rem auto; padding: 0 1.5rem }
h1 { font-size: 1.7rem; margin-bottom: .2rem } h2 { margin-top: 2.6rem; font-size: 1.25rem }
p.note, figcaption, td small { color: var(--soft) } p.lead { font-size: 1.1rem }
div.wide { overflow-x: auto } table { border-collapse: collapse; font-variant-numeric: tabular-nums;
font-size: 13px } th, td { padding: .25rem .6rem; border-bottom: 1px solid var(--line); text-align: right;
white-space: nowrap } th:first-child, td:first-child { text-align: left } th { font-weight: 600 } tr.base td
{ background: var(--mark) } td.paper, th.paper { color: var(--soft); font-style: italic } td.sure {
font-weight: 700 } figure { margin: 1rem 0 } figure img { max-width: 100%; background: #fff; border-radius:
6px } code { font-size: 13px; overflow-wrap: anywhere } audio { height: 2rem; vertical-align: middle }
""".strip()


def write_page(results: Results, folder: Path) -> dict[str, bytes]:
    """The files of a report by name: report.html, and each figure as SVG and PNG. Players lie in `folder`."""
    files: dict[str, bytes] = {}
    for name, drawn in figures_of(results).items():
        files |= {f"figures/{name}.{kind}": content for kind, content in draw(drawn()).items()}
    svg = {Path(name).stem: content for name, content in files.items() if name.endswith(".svg")}
    files["report.html"] = page(results, svg, folder).encode()
    return files


def page(results: Results, figures: Mapping[str, bytes], folder: Path) -> str:
    """The page, with `figures` (SVG by name) and the players' files of `folder` put into it."""
    sections: Sequence[Callable[[], str]] = (
        lambda: _summary(results),
        lambda: metric_section(results, figures),
        lambda: prompt_section(results),
        lambda: heat_section(results, figures),
        lambda: spread_section(results, figures),
        lambda: "".join(distribution_section(found) for found in results.distributions),
        lambda: chroma_section(results),
        lambda: policy_section(results, figures),
        lambda: dose_section(results, figures),
        lambda: listening_section(results),
        lambda: _players_section(results, folder),
        lambda: _method_section(results),
    )
    title = f"Tunedial: what the pack '{escape(results.pack)}' does"
    body = "\n".join(section() for section in sections)
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><style>{_STYLE}</style></head>'
        f"<body><h1>{title}</h1>\n{body}\n</body></html>\n"
    )


def _summary(results: Results) -> str:
    scored, measured, scorer = results.scored, results.measured, results.scorer
    paper = len(ordered_in_paper())
    silent = f" {results.silent} of them are silent and have no score." if results.silent else ""
    seeds = ", ".join(map(str, results.seeds))
    starter = (
        " It is a small model trained on the rendered songs that the starter learned from, and hears through"
        " vibenet, which also labels seven of the metrics: of those its scores are no independent opinion,"
        " and they are not comparable with CLAP's."
        if scorer.starter
        else ""
    )
    return (
        f'<p class="note">version {escape(results.pack_version)} on {escape(results.base_model)},'
        f" {escape(results.created)}: {len(results.prompts)} prompts, seeds {seeds}, {results.clips} clips"
        f" of {results.settings['seconds']} s.{silent}</p>"
        '<p class="lead">Positive &gt; base &gt; negative in'
        f" <b>{scored.ordered} of {len(scored.rows)}</b> metrics by the scorer ({scored.sure} surely) and in"
        f" <b>{measured.ordered} of {len(measured.rows)}</b> by the measuring estimators ({measured.sure}"
        f" surely). The paper: {paper} of {len(TABLE_3)} by CLAP.</p><p>Scored by"
        f" <b>{escape(scorer.name)}</b> (weights {escape(scorer.version)}).{starter}</p>"
    )


def _players_section(results: Results, folder: Path) -> str:
    rows = []
    for player in results.players:
        file = folder / player.file
        if file.is_file():
            data = base64.b64encode(file.read_bytes()).decode()
            rows.append(
                (
                    [
                        label_of_model(player.model),
                        f'<audio controls preload="none" src="data:audio/ogg;base64,{data}"></audio>',
                    ],
                    "base" if player.model == BASE else "",
                )
            )
    if not rows:
        return ""
    first = results.players[0]
    return (
        f"<h2>Listen</h2><p>“{escape(first.prompt)}”, seed {first.seed}: the same noise for all.</p>"
        + table(["Model", ""], rows)
    )


def _method_section(results: Results) -> str:
    prompts = "".join(f"<li>{escape(prompt)}</li>" for prompt in results.prompts)
    metric_prompts = "; ".join(f"{m.label}: “{m.prompt}”" for m in METRICS)
    settings = ", ".join(f"{name} {value}" for name, value in results.settings.items())
    versions = ", ".join(f"{name} {value}" for name, value in results.versions.items())
    adapters = "".join(
        f"<li>{escape(label_of_model(model))}: <code>{digest}</code></li>"
        for model, digest in results.adapters.items()
    )
    return (
        f"<h2>How to make it again</h2><p><code>{escape(results.command)}</code></p><p>Made with"
        f" {escape(versions)} in {results.seconds:g} s; clips that were there already were not generated"
        f" again. Settings: {escape(settings)}. A positive or negative model is the base with that knob"
        f" turned to 5 or −5. Base model's weights: <code>{results.base_sha256}</code>.</p>"
        f"<p>Metric prompts: {escape(metric_prompts)}.</p>"
        f"<details><summary>Prompts</summary><ol>{prompts}</ol></details>"
        f"<details><summary>Adapters (SHA-256)</summary><ul>{adapters}</ul></details>"
    )
