"""The sections of the report's page that show results."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from engine.metrics import metric
from evaluation.cells import Cell, comparison, estimate, figure, measure, number, ratio, table
from evaluation.models import BASE, label_of_model
from evaluation.paper import SOURCE, TABLE_3, prompt_score_in_paper
from evaluation.results import Distribution, MetricTable, PromptRow, Results


def metric_section(results: Results, figures: Mapping[str, bytes]) -> str:
    """Metrics by the scorer and as measured, beside the paper's Table 3."""
    return (
        "<h2>Following the metric</h2><p>Is music of a positive model nearer to its metric prompt than the"
        " base's, and of a negative one farther? Cosines × 100, means over prompts with 95 % intervals;"
        " differences are paired by prompt and seed, <i>d</i> is Cohen's of paired values, <i>p</i>"
        " one-sided after Holm over the table, bold below 0.05. In italics the paper's Table 3"
        f" ({escape(SOURCE)}), in its own unit.</p>"
        + _metric_table(results.scored, paper=True)
        + figure(figures, "steps-scored", "By the scorer.")
        + "<h3>The same, measured</h3>"
        "<p>By the estimators that label the training pairs. A proxy stands in for what only listeners could"
        " tell.</p>"
        + _metric_table(results.measured, paper=False)
        + figure(figures, "steps-measured", "By the measuring estimators.")
    )


def _metric_table(found: MetricTable, paper: bool) -> str:
    head: list[Cell] = ["Metric", "Base", "Positive", "Negative", "+ over base", "base over −", "in order"]
    head += (
        [("paper: base", "paper"), ("normal", "paper"), ("negative", "paper")] if paper else ["measured as"]
    )
    rows = []
    for row in found.rows:
        cells: list[Cell] = [
            metric(row.metric).label,
            estimate(row.base),
            estimate(row.positive),
            estimate(row.negative),
            comparison(row.up),
            comparison(row.down),
            "–" if row.ordered is None else "yes, surely" if row.sure else "yes" if row.ordered else "no",
        ]
        if paper:
            cells += [(f"{value:.2f}", "paper") for value in TABLE_3[row.metric]]
        else:
            cells.append(f"<small>{escape(found.judge[row.metric])}</small>")
        rows.append((cells, ""))
    return table(head, rows)


def prompt_section(results: Results) -> str:
    """Scores on the original prompts, as the paper's Tables 4 and 5."""
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
    return table(
        ["Model", "Score", "against the base", ("paper", "paper")],
        [
            (
                [
                    label_of_model(row.model),
                    estimate(row.score),
                    comparison(row.against_base),
                    (f"{prompt_score_in_paper(row.model):.2f}", "paper"),
                ],
                "base" if row.model == BASE else "",
            )
            for row in rows
        ],
    )


def heat_section(results: Results, figures: Mapping[str, bytes]) -> str:
    """Models against metric prompts, as the paper's Figures 4 and 5."""
    maps = (results.positive_heat, results.negative_heat)
    lifted = any(heat is not None and heat.lifted for heat in maps)
    how = (
        " A mean cosine was not above 0, so shares are of (1 + cosine) / 2, which differ less."
        if lifted
        else ""
    )
    shown = figure(
        figures, "heat-positive", "Positive models against all metric prompts (the paper's Figure 4)."
    ) + figure(figures, "heat-negative", "Negative models (the paper's Figure 5).")
    if not shown:
        return ""
    return f"<h2>Models against metric prompts</h2><p>Each column sums to 1.{how}</p>{shown}"


def spread_section(results: Results, figures: Mapping[str, bytes]) -> str:
    """How much the clips of one prompt differ."""
    rows = [
        (
            [
                label_of_model(row.model),
                number(row.across),
                ratio(row.across_ratio, row.across_ratio_interval),
                number(row.within),
                ratio(row.within_ratio, row.within_ratio_interval),
            ],
            "base" if row.model == BASE else "",
        )
        for row in results.spread
    ]
    return (
        "<h2>Variance</h2><p>The variance evaluation that the paper left for later: the mean cosine distance"
        " of two clips' embeddings, between prompts and between seeds of a prompt. Ratios are to the base's,"
        " with bootstrap intervals over the same prompts; one that holds 1 says nothing.</p>"
        + table(["Model", "between prompts", "ratio", "between seeds", "ratio"], rows)
        + figure(figures, "spread", "Spread between prompts against the base's.")
    )


def distribution_section(found: Distribution) -> str:
    """FAD, KL and IS of one set of features."""
    rows = [
        (
            [label_of_model(row.model), measure(row.fad), measure(row.kl), measure(row.inception)],
            "base" if row.model == BASE else "",
        )
        for row in found.rows
    ]
    return (
        f"<h2>Distributions by {escape(found.extractor)}</h2><p>Against {escape(found.reference)}"
        f" ({found.clips} clips; extractor version {escape(found.version)}). FAD: lower is nearer; two"
        f" halves of the reference lie {number(found.floor)} apart, more than sets of full size would. KL"
        " in nats, paired by prompt and seed. IS: higher is clearer and more varied. Jackknife"
        " intervals.</p>" + table(["Model", "FAD", "KL", "IS"], rows)
    )


def chroma_section(results: Results) -> str:
    """How well the melody is kept."""
    if not results.chroma:
        return ""
    rows = [([label_of_model(row.model), estimate(row.similarity, 3)], "") for row in results.chroma]
    return (
        "<h2>Harmony that stays</h2><p>Chroma cosine similarity of a model's clip with the base's of the same"
        " prompt and seed: 1 is the same harmony at every moment.</p>" + table(["Model", "Similarity"], rows)
    )


def policy_section(results: Results, figures: Mapping[str, bytes]) -> str:
    """Reward against KL divergence from the base policy."""
    if results.policy_left_out:
        return f"<h2>Reward against KL</h2><p>Left out: {escape(results.policy_left_out)}</p>"
    if not results.policy:
        return ""
    rows = [
        (
            [
                metric(row.metric).label,
                f"{row.value:+g}",
                estimate(row.kl, 4),
                estimate(row.reward),
                estimate(row.reward_scorer),
            ],
            "",
        )
        for row in results.policy
    ]
    return (
        "<h2>Reward against KL</h2><p>What a knob gains, and how far it takes the policy from the base's:"
        " KL(tuned || base) in nats a code, along the tuned policy's own clips; gains in standard deviations"
        " of the base's clips, the knob's way.</p>"
        + figure(figures, "policy", "Each line is a knob, from the base to its end.")
        + table(["Metric", "knob", "KL", "measured gain", "scored gain"], rows)
    )


def dose_section(results: Results, figures: Mapping[str, bytes]) -> str:
    """What each value of a knob does."""
    if not results.dose:
        return ""
    rows = []
    for name, found in results.dose["metrics"].items():
        low, high = found["recommended"]
        cells: list[Cell] = [
            metric(name).label,
            *(number(mean) for mean in found["means"]),
            number(found["spearman"]),
            number(found["span_sd"]),
            number(found["adherence_ratio"]),
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
        + figure(figures, "dose", "Means with 95 % intervals over prompts.")
        + table(head, rows)
        + figure(figures, "cross-talk", "Cross-talk: what else a full turn moves.")
    )


def listening_section(results: Results) -> str:
    """What listeners said."""
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
        return table([], rows)
    if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
        columns = list(dict.fromkeys(key for row in value for key in row))
        return table(
            [escape(str(column)) for column in columns],
            [([_anything(row.get(column)) for column in columns], "") for row in value],
        )
    if isinstance(value, list):
        return ", ".join(_anything(one) for one in value)
    if isinstance(value, float):
        return number(value)
    return "–" if value is None else escape(str(value))
