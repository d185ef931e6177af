"""Figures, drawn from results only: each as the bytes of an SVG and a PNG.

Colours are Okabe and Ito's, and purple to orange through white, which colour-blind people tell apart.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from engine.metrics import METRIC_IDS, metric
from evaluation.models import BASE, label_of_model
from evaluation.results import HeatMap, MetricTable, PolicyRow, Results, SpreadRow

Figure = Any

BLUE, ORANGE, GREEN, GREY = "#0072b2", "#d55e00", "#009e73", "#666666"
_DIVERGING = "PuOr_r"


def figures_of(results: Results) -> dict[str, Callable[[], Figure]]:
    """The figures that the results have something for, by name, drawn when called."""
    found: dict[str, Callable[[], Figure]] = {}
    for name, heat in (("heat-positive", results.positive_heat), ("heat-negative", results.negative_heat)):
        if heat is not None:
            found[name] = partial(heat_figure, heat)
    found["steps-scored"] = partial(steps_figure, results.scored)
    found["steps-measured"] = partial(steps_figure, results.measured)
    if any(row.across_ratio is not None for row in results.spread[1:]):
        found["spread"] = partial(spread_figure, results.spread)
    if results.policy:
        found["policy"] = partial(policy_figure, results.policy)
    if results.dose:
        found["dose"] = partial(dose_figure, results.dose)
        found["cross-talk"] = partial(cross_talk_figure, results.dose)
    return found


def draw(figure: Figure) -> dict[str, bytes]:
    """A figure as files, "svg" and "png"; the same results give the same bytes."""
    import matplotlib.pyplot as plt

    files = {}
    for kind, metadata in (("svg", {"Date": None}), ("png", {"Software": None})):
        buffer = io.BytesIO()
        figure.savefig(buffer, format=kind, dpi=110, metadata=metadata)
        files[kind] = buffer.getvalue()
    plt.close(figure)
    return files


def heat_figure(heat: HeatMap) -> Figure:
    """Models against metric prompts, each column normalised to sum to 1 (the paper's Figures 4 and 5)."""
    shares = np.array([[np.nan if x is None else x for x in row] for row in heat.shares])
    even = 1 / len(heat.models)
    far = max(float(np.nanmax(np.abs(shares - even), initial=0.0)), 1e-6)
    plt = _pyplot()
    figure, axes = plt.subplots(figsize=(9.5, 0.42 * len(heat.models) + 2.6), layout="constrained")
    image = axes.imshow(shares, cmap=_DIVERGING, vmin=even - far, vmax=even + far, aspect="auto")
    axes.set_xticks(range(len(heat.columns)), heat.columns, rotation=40, ha="right")
    axes.set_yticks(range(len(heat.models)), [label_of_model(model) for model in heat.models])
    axes.set_xlabel("metric prompt")
    _write_cells(axes, shares, even, far, lambda value: f"{100 * value:.1f}")
    bar = figure.colorbar(image, ax=axes, label=f"share (even: {100 * even:.1f} %)")
    bar.ax.yaxis.set_major_formatter(lambda value, _: f"{100 * value:.1f} %")
    return figure


def steps_figure(table: MetricTable) -> Figure:
    """How far the positive and negative model of each metric lie from the base, in standard deviations."""
    plt = _pyplot()
    figure, axes = plt.subplots(figsize=(7.5, 0.4 * len(table.rows) + 1.4), layout="constrained")
    for place, row in enumerate(table.rows):
        for step, color, shift, sign in ((row.up, ORANGE, -0.12, 1), (row.down, BLUE, 0.12, -1)):
            if step is None or step.difference is None:
                continue
            unit = _unit(step)
            low, high = step.interval or (step.difference, step.difference)
            ends = sorted((sign * low / unit, sign * high / unit))
            axes.plot(ends, [place + shift] * 2, color=color, lw=2, solid_capstyle="butt")
            sure = step.p_holm < 0.05
            fill = color if sure else "white"
            axes.plot(sign * step.difference / unit, place + shift, "o", color=color, mfc=fill, ms=6)
    axes.axvline(0, color=GREY, lw=1)
    axes.set_yticks(range(len(table.rows)), [metric(row.metric).label for row in table.rows])
    axes.invert_yaxis()
    axes.set_xlabel("from the base, standard deviations of paired differences (filled: p < 0.05 after Holm)")
    handles = [plt.Line2D([], [], color=c, marker="o", lw=2) for c in (ORANGE, BLUE)]
    axes.legend(handles, ["positive", "negative"], loc="best", frameon=False)
    return figure


def _unit(step: Any) -> float:
    """A standard deviation of the paired differences, which the effect size divides by."""
    return abs(step.difference / step.effect) if step.effect else abs(step.difference) or 1.0


def spread_figure(rows: Sequence[SpreadRow]) -> Figure:
    """The variance of each model's outputs, as a ratio to the base's."""
    tuned = [row for row in rows if row.model != BASE and row.across_ratio is not None]
    plt = _pyplot()
    figure, axes = plt.subplots(figsize=(7.5, 0.24 * len(tuned) + 1.4), layout="constrained")
    for place, row in enumerate(tuned):
        assert row.across_ratio is not None
        color = ORANGE if row.model.endswith("+") else BLUE
        if row.across_ratio_interval:
            axes.plot(row.across_ratio_interval, [place] * 2, color=color, lw=2, solid_capstyle="butt")
        axes.plot(row.across_ratio, place, "o", color=color, ms=5)
    axes.axvline(1, color=GREY, lw=1)
    axes.set_yticks(range(len(tuned)), [label_of_model(row.model) for row in tuned])
    axes.invert_yaxis()
    axes.set_xlabel("spread of embeddings between prompts, ratio to the base's")
    return figure


def policy_figure(rows: Sequence[PolicyRow]) -> Figure:
    """Reward against KL, a panel for each metric: from the base through a knob's values (as MusicRL)."""
    names = [name for name in METRIC_IDS if any(row.metric == name for row in rows)]
    figure, panels = _panels(len(names), shared=True)
    for axes, name in zip(panels, names, strict=True):
        for sign, color in ((1, ORANGE), (-1, BLUE)):
            known = [
                row
                for row in rows
                if row.metric == name and row.value * sign > 0
                if row.kl.mean is not None and row.reward.mean is not None
            ]
            known.sort(key=lambda row: abs(row.value))
            x, y = [0.0, *(r.kl.mean for r in known)], [0.0, *(r.reward.mean for r in known)]
            axes.plot(x, y, "-o", color=color, ms=3, lw=1.2)
            for row in known:
                if row.kl.interval and row.reward.interval:
                    axes.plot(row.kl.interval, [row.reward.mean] * 2, color=color, lw=0.7, alpha=0.6)
                    axes.plot([row.kl.mean] * 2, row.reward.interval, color=color, lw=0.7, alpha=0.6)
        axes.axhline(0, color=GREY, lw=0.7)
        axes.tick_params(labelsize=7, labelbottom=True)
        axes.set_title(metric(name).label, fontsize=8)
    figure.supxlabel("KL(tuned || base), nats a code; orange: positive, blue: negative", fontsize=8)
    figure.supylabel("the metric's way, standard deviations", fontsize=8)
    return figure


def dose_figure(dose: Mapping[str, Any]) -> Figure:
    """The mean of each metric, with its interval, at five values of its knob; prompt adherence beneath."""
    names = list(dose["metrics"])
    figure, panels = _panels(len(names), shared=False)
    for axes, name in zip(panels, names, strict=True):
        found = dose["metrics"][name]
        known = [
            (value, mean, *interval)
            for value, mean, interval in zip(dose["values"], found["means"], found["ci95"], strict=True)
            if mean is not None
        ]
        if not known:
            continue
        values, means, lows, highs = (np.array(column, dtype=float) for column in zip(*known, strict=True))
        axes.fill_between(values, lows, highs, color=BLUE, alpha=0.2, lw=0)
        axes.plot(values, means, "-o", color=BLUE, ms=3)
        low, high = found["recommended"]
        axes.axvspan(low, high, color=GREEN, alpha=0.08, lw=0)
        twin = axes.twinx()
        twin.plot(dose["values"], [np.nan if x is None else x for x in found["adherence"]], ":", color=ORANGE)
        twin.set_ylim(0, 1.5)
        twin.tick_params(labelsize=6, colors=ORANGE)
        axes.tick_params(labelsize=7)
        axes.set_title(f"{metric(name).label}: {found['verdict']}", fontsize=8)
    figure.supxlabel(
        "knob (green: recommended; dotted: how well the prompt is kept, 1 as the base)", fontsize=8
    )
    return figure


def cross_talk_figure(dose: Mapping[str, Any]) -> Figure:
    """How far a full turn of each knob (row) moves each metric (column), in standard deviations."""
    names = list(dose["metrics"])
    talk = np.array(
        [
            [
                dose["metrics"][name]["span_sd"]
                if of == name
                else dose["metrics"][name]["cross_talk"].get(of)
                for of in METRIC_IDS
            ]
            for name in names
        ],
        dtype=float,
    )
    far = max(float(np.nanmax(np.abs(talk), initial=0.0)), 1e-6)
    plt = _pyplot()
    figure, axes = plt.subplots(figsize=(8, 0.4 * len(names) + 2.2), layout="constrained")
    image = axes.imshow(talk, cmap=_DIVERGING, vmin=-far, vmax=far, aspect="auto")
    axes.set_xticks(range(len(METRIC_IDS)), METRIC_IDS, rotation=40, ha="right")
    axes.set_yticks(range(len(names)), names)
    _write_cells(axes, talk, 0.0, far, lambda value: f"{value:+.1f}")
    figure.colorbar(image, ax=axes, label="from −5 to 5, standard deviations of the base")
    return figure


def _write_cells(axes: Any, values: Any, middle: float, far: float, told: Callable[[float], str]) -> None:
    """Write what is `told` of each value into its cell, white on the dark ends, `far` from the middle."""
    for row, column in np.ndindex(values.shape):
        value = values[row, column]
        if np.isfinite(value):
            color = "white" if abs(value - middle) > 0.6 * far else "black"
            axes.text(column, row, told(value), ha="center", va="center", fontsize=7, color=color)


def _panels(count: int, shared: bool) -> tuple[Figure, list[Any]]:
    """A figure with `count` panels, four in a row; `shared` gives all the same scales."""
    columns = min(4, count)
    lines = -(-count // columns)
    figure, grid = _pyplot().subplots(
        lines,
        columns,
        figsize=(3 * columns, 2.3 * lines),
        layout="constrained",
        squeeze=False,
        sharex=shared,
        sharey=shared,
    )
    for axes in grid.flat[count:]:
        axes.set_visible(False)
    return figure, list(grid.flat[:count])


def _pyplot() -> Any:
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    plt.rcParams.update(
        {
            "svg.hashsalt": "tunedial",
            "svg.fonttype": "none",
            "font.size": 9,
            "axes.spines.top": False,
            "axes.spines.right": False,
        }
    )
    return plt
