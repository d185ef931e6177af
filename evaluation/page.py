"""The report as one HTML page that needs nothing else: figures, tables and players lie inside it."""

import base64
from collections.abc import Callable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from engine.metrics import METRICS, metric
from evaluation.figures import draw, figures_of
from evaluation.models import BASE, label_of_model
from evaluation.paper import SOURCE, TABLE_3, ordered_in_paper, prompt_score_in_paper
from evaluation.results import (
    Comparison,
    Distribution,
    Estimate,
    Interval,
    Measure,
    MetricTable,
    PromptRow,
    Results,
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

Cell = str | tuple[str, str]  # HTML, or HTML and the class of its cell


def write_page(results: Results, folder: Path) -> dict[str, bytes]:
    """The files of a report by name: report.html, and each figure as SVG and PNG. Players lie in `folder`."""
    files: dict[str, bytes] = {}
    for name, figure in figures_of(results).items():
        files |= {f"figures/{name}.{kind}": content for kind, content in draw(figure()).items()}
    svg = {Path(name).stem: content for name, content in files.items() if name.endswith(".svg")}
    files["report.html"] = page(results, svg, folder).encode()
    return files


def page(results: Results, figures: Mapping[str, bytes], folder: Path) -> str:
    """The page, with `figures` (SVG by name) and the players' files of `folder` put into it."""
    sections: Sequence[Callable[[], str]] = (
        lambda: _summary(results),
        lambda: _metric_section(results, figures),
        lambda: _prompt_section(results),
        lambda: _heat_section(results, figures),
        lambda: _spread_section(results, figures),
        lambda: "".join(_distribution_section(found) for found in results.distributions),
        lambda: _chroma_section(results),
        lambda: _policy_section(results, figures),
        lambda: _dose_section(results, figures),
        lambda: _listening_section(results),
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


def _metric_section(results: Results, figures: Mapping[str, bytes]) -> str:
    return (
        "<h2>Following the metric</h2><p>Is music of a positive model nearer to its metric prompt than the"
        " base's, and of a negative one farther? Cosines × 100, means over prompts with 95 % intervals;"
        " differences are paired by prompt and seed, <i>d</i> is Cohen's of paired values, <i>p</i>"
        " one-sided after Holm over the table, bold below 0.05. In italics the paper's Table 3"
        f" ({escape(SOURCE)}), in its own unit.</p>"
        + _metric_table(results.scored, paper=True)
        + _figure(figures, "steps-scored", "By the scorer.")
        + "<h3>The same, measured</h3>"
        "<p>By the estimators that label the training pairs. A proxy stands in for what only listeners could"
        " tell.</p>"
        + _metric_table(results.measured, paper=False)
        + _figure(figures, "steps-measured", "By the measuring estimators.")
    )


def _metric_table(table: MetricTable, paper: bool) -> str:
    head: list[Cell] = ["Metric", "Base", "Positive", "Negative", "+ over base", "base over −", "in order"]
    head += (
        [("paper: base", "paper"), ("normal", "paper"), ("negative", "paper")] if paper else ["measured as"]
    )
    rows = []
    for row in table.rows:
        cells: list[Cell] = [
            metric(row.metric).label,
            _estimate(row.base),
            _estimate(row.positive),
            _estimate(row.negative),
            _comparison(row.up),
            _comparison(row.down),
            "–" if row.ordered is None else "yes, surely" if row.sure else "yes" if row.ordered else "no",
        ]
        if paper:
            cells += [(f"{value:.2f}", "paper") for value in TABLE_3[row.metric]]
        else:
            cells.append(f"<small>{escape(table.judge[row.metric])}</small>")
        rows.append((cells, ""))
    return _table(head, rows)


def _prompt_section(results: Results) -> str:
    text = (
        "<h2>Following the prompt</h2><p>How near each model's music stays to the prompt it was made from,"
        " best first: cosines × 100. Differences from the base are paired, <i>p</i> two-sided after Holm. In"
        " italics the paper's Tables 4 and 5, in its own unit.</p>"
    )
    for name, rows in (
        ("Positive models", results.positive_prompts),
        ("Negative models", results.negative_prompts),
    ):
        if len(rows) > 1:
            text += f"<h3>{name}</h3>" + _prompt_table(rows)
    return text


def _prompt_table(rows: Sequence[PromptRow]) -> str:
    return _table(
        ["Model", "Score", "against the base", ("paper", "paper")],
        [
            (
                [
                    label_of_model(row.model),
                    _estimate(row.score),
                    _comparison(row.against_base),
                    (f"{prompt_score_in_paper(row.model):.2f}", "paper"),
                ],
                "base" if row.model == BASE else "",
            )
            for row in rows
        ],
    )


def _heat_section(results: Results, figures: Mapping[str, bytes]) -> str:
    maps = (results.positive_heat, results.negative_heat)
    lifted = any(heat is not None and heat.lifted for heat in maps)
    how = (
        " A mean cosine was not above 0, so shares are of (1 + cosine) / 2, which differ less."
        if lifted
        else ""
    )
    shown = _figure(
        figures, "heat-positive", "Positive models against all metric prompts (the paper's Figure 4)."
    ) + _figure(figures, "heat-negative", "Negative models (the paper's Figure 5).")
    if not shown:
        return ""
    return f"<h2>Models against metric prompts</h2><p>Each column sums to 1.{how}</p>{shown}"


def _spread_section(results: Results, figures: Mapping[str, bytes]) -> str:
    rows = [
        (
            [
                label_of_model(row.model),
                _number(row.across),
                _ratio(row.across_ratio, row.across_ratio_interval),
                _number(row.within),
                _ratio(row.within_ratio, row.within_ratio_interval),
            ],
            "base" if row.model == BASE else "",
        )
        for row in results.spread
    ]
    return (
        "<h2>Variance</h2><p>The variance evaluation that the paper left for later: the mean cosine distance"
        " of two clips' embeddings, between prompts and between seeds of a prompt. Ratios are to the base's,"
        " with bootstrap intervals over the same prompts; one that holds 1 says nothing.</p>"
        + _table(["Model", "between prompts", "ratio", "between seeds", "ratio"], rows)
        + _figure(figures, "spread", "Spread between prompts against the base's.")
    )


def _distribution_section(found: Distribution) -> str:
    rows = [
        (
            [label_of_model(row.model), _measure(row.fad), _measure(row.kl), _measure(row.inception)],
            "base" if row.model == BASE else "",
        )
        for row in found.rows
    ]
    return (
        f"<h2>Distributions by {escape(found.extractor)}</h2><p>Against {escape(found.reference)}"
        f" ({found.clips} clips; extractor version {escape(found.version)}). FAD: lower is nearer; two"
        f" halves of the reference lie {_number(found.floor)} apart, more than sets of full size would. KL"
        " in nats, paired by prompt and seed. IS: higher is clearer and more varied. Jackknife"
        " intervals.</p>" + _table(["Model", "FAD", "KL", "IS"], rows)
    )


def _chroma_section(results: Results) -> str:
    if not results.chroma:
        return ""
    rows = [([label_of_model(row.model), _estimate(row.similarity, 3)], "") for row in results.chroma]
    return (
        "<h2>Harmony that stays</h2><p>Chroma cosine similarity of a model's clip with the base's of the same"
        " prompt and seed: 1 is the same harmony at every moment.</p>" + _table(["Model", "Similarity"], rows)
    )


def _policy_section(results: Results, figures: Mapping[str, bytes]) -> str:
    if results.policy_left_out:
        return f"<h2>Reward against KL</h2><p>Left out: {escape(results.policy_left_out)}</p>"
    if not results.policy:
        return ""
    rows = [
        (
            [
                metric(row.metric).label,
                f"{row.value:+g}",
                _estimate(row.kl, 4),
                _estimate(row.reward),
                _estimate(row.reward_scorer),
            ],
            "",
        )
        for row in results.policy
    ]
    return (
        "<h2>Reward against KL</h2><p>What a knob gains, and how far it takes the policy from the base's:"
        " KL(tuned || base) in nats a code, along the tuned policy's own clips; gains in standard deviations"
        " of the base's clips, the knob's way.</p>"
        + _figure(figures, "policy", "Each line is a knob, from the base to its end.")
        + _table(["Metric", "knob", "KL", "measured gain", "scored gain"], rows)
    )


def _dose_section(results: Results, figures: Mapping[str, bytes]) -> str:
    if not results.dose:
        return ""
    rows = []
    for name, found in results.dose["metrics"].items():
        low, high = found["recommended"]
        cells: list[Cell] = [
            metric(name).label,
            *(_number(mean) for mean in found["means"]),
            _number(found["spearman"]),
            _number(found["span_sd"]),
            _number(found["adherence_ratio"]),
            f"{low:g} to {high:g}",
            escape(found["verdict"]) + (" (proxy)" if found["proxy"] else ""),
        ]
        rows.append((cells, ""))
    head = [
        "Metric",
        *(f"{v:g}" for v in results.dose["values"]),
        "rank",
        "span, sd",
        "prompt",
        "use",
        "verdict",
    ]
    return (
        "<h2>Dose and response</h2>"
        + _figure(figures, "dose", "Means with 95 % intervals over prompts.")
        + _table(head, rows)
        + _figure(figures, "cross-talk", "Cross-talk: what else a full turn moves.")
    )


def _listening_section(results: Results) -> str:
    if not results.listening:
        return ""
    tables = {name: found for name, found in results.listening.items() if isinstance(found, list) and found}
    facts = {name: found for name, found in results.listening.items() if name not in tables}
    titled = (
        f"<h3>{escape(name.replace('_', ' '))}</h3>{_anything(found)}" for name, found in tables.items()
    )
    return "<h2>Listening test</h2>" + _anything(facts) + "".join(titled)


def _anything(value: Any) -> str:
    """Results of another tool as tables: objects by their fields, lists of objects by their columns."""
    if isinstance(value, dict):
        rows: list[tuple[list[Cell], str]] = [
            ([escape(str(key)), _anything(found)], "") for key, found in value.items()
        ]
        return _table([], rows)
    if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
        columns = list(dict.fromkeys(key for row in value for key in row))
        return _table(
            [escape(str(column)) for column in columns],
            [([_anything(row.get(column)) for column in columns], "") for row in value],
        )
    if isinstance(value, list):
        return ", ".join(_anything(one) for one in value)
    if isinstance(value, float):
        return _number(value)
    return "–" if value is None else escape(str(value))


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
        + _table(["Model", ""], rows)
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


def _table(head: Sequence[Cell], rows: Sequence[tuple[Sequence[Cell], str]]) -> str:
    def cell(tag: str, content: Cell) -> str:
        text, style = (content, "") if isinstance(content, str) else content
        return f"<{tag} class={style}>{text}</{tag}>" if style else f"<{tag}>{text}</{tag}>"

    top = f"<thead><tr>{''.join(cell('th', c) for c in head)}</tr></thead>" if head else ""
    body = "".join(
        f"<tr{f' class={style}' if style else ''}>{''.join(cell('td', c) for c in cells)}</tr>"
        for cells, style in rows
    )
    return f'<div class="wide"><table>{top}<tbody>{body}</tbody></table></div>'


def _figure(figures: Mapping[str, bytes], name: str, caption: str) -> str:
    if name not in figures:
        return ""
    data = base64.b64encode(figures[name]).decode()
    return (
        f'<figure><img alt="{escape(caption)}" src="data:image/svg+xml;base64,{data}">'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def _estimate(found: Estimate | None, digits: int = 2) -> str:
    if found is None or found.mean is None:
        return "–"
    if found.interval is None:
        return f"{found.mean:.{digits}f} <small>(one clip: no interval)</small>"
    low, high = found.interval
    return f"{found.mean:.{digits}f} <small>[{low:.{digits}f}, {high:.{digits}f}]</small>"


def _comparison(found: Comparison | None) -> Cell:
    if found is None or found.difference is None:
        return "–"
    interval = (
        f"[{found.interval[0]:+.2f}, {found.interval[1]:+.2f}], " if found.interval else "no interval, "
    )
    effect = "" if found.effect is None else f"d {found.effect:+.2f}, "
    text = f"{found.difference:+.2f} <small>{interval}{effect}p {found.p_holm:.2g}</small>"
    return (text, "sure") if found.p_holm < 0.05 else text


def _measure(found: Measure | None) -> str:
    if found is None or found.value is None:
        return "–"
    text = _number(found.value)
    if found.interval is None:
        return f"{text} <small>(too few clips for an interval)</small>"
    return f"{text} <small>[{_number(found.interval[0])}, {_number(found.interval[1])}]</small>"


def _ratio(value: float | None, interval: Interval | None) -> Cell:
    if value is None:
        return "–"
    if interval is None:
        return f"{value:.3f}"
    text = f"{value:.3f} <small>[{interval[0]:.3f}, {interval[1]:.3f}]</small>"
    return text if interval[0] <= 1 <= interval[1] else (text, "sure")


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.4g}"
