"""The figure of a synthesis run: how much is solved, and what the rest came to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from assistant.bench.synthesis.report import short_names
from assistant.reporting.plot_style import COLOURS, Draw, percent_axis

Measured = Mapping[str, Any]
VARIANTS_SHOWN = 24
OUTCOMES = {
    "passed": "#3f8f5b", "wrong": "#c8811a", "raised": "#b3446c", "timed_out": "#5b4b9a",
    "syntax_error": "#8a8f98", "no_program": "#b9bec7", "not_runnable": "#22262b", "exited_early": "#4f9bd9",
    "out_of_memory": "#7a5230", "blocked": "#d9dce1", "not_judged": "#e04f39",
}  # fmt: skip


def drawing(summary: Measured) -> tuple[Draw, tuple[float, float]]:
    """The drawing and its size in inches."""
    variants = dict(list(summary["variants"].items())[:VARIANTS_SHOWN])
    names = short_names(list(variants)) if len(variants) > 1 else [""]
    found = list(variants.values())

    def draw(figure: Any) -> None:
        left, right = figure.subplots(1, 2, width_ratios=(1.3, 1))
        _curve(left, found[0]) if len(found) == 1 else _variants(left, names, found)
        _outcomes(right, names, found)
        if len(found) > 1:
            right.set_yticklabels([])
        figure.legend(loc="outside lower center", ncols=5)

    return draw, (9.6, max(4.2, 2.0 + 0.42 * len(found)))


def _curve(axis: Any, measured: Measured) -> None:
    """pass@k by k, visible tests and all tests."""
    hidden = measured["false_solves_of_samples"]["value"] is not None
    series = [("pass_at", "visible tests", COLOURS["human"], "o")]
    if hidden:
        series.append(("pass_at_all_tests", "visible and hidden tests", COLOURS["resample"], "D"))
    for key, label, colour, marker in series:
        ks = [int(k) for k in measured[key]]
        points = list(measured[key].values())
        axis.plot(ks, [p["value"] for p in points], color=colour, marker=marker, label=label, linewidth=2)
        if all(p["low"] is not None for p in points):
            low, high = [p["low"] for p in points], [p["high"] for p in points]
            axis.fill_between(ks, low, high, color=colour, alpha=0.12, linewidth=0)
        axis.annotate(
            f"{points[-1]['value']:.0%}", (ks[-1], points[-1]["value"]), xytext=(-4, -14),
            textcoords="offset points", ha="right", color=colour, fontsize=9,
        )  # fmt: skip
    axis.set_xscale("log")
    axis.set_xticks(ks, [str(k) for k in ks])
    axis.minorticks_off()
    axis.set_xlabel("samples per problem, k")
    axis.set_ylabel("pass@k")
    percent_axis(axis)
    axis.set_ylim(-0.02, 1.05)


def _variants(axis: Any, names: list[str], found: list[Measured]) -> None:
    """Both of the paper's metrics, a row for each variant."""
    for key, label, colour, marker, shift in (
        ("problems_any_sample", "problems: any sample passes", COLOURS["human"], "o", 0.14),
        ("samples_passing", "samples that pass", COLOURS["tests"], "^", -0.14),
    ):
        for place, measured in enumerate(reversed(found)):
            point = measured[key]
            axis.plot([point["low"], point["high"]], [place + shift] * 2, color=colour, linewidth=1.4)
            axis.plot(
                [point["value"]], [place + shift], color=colour, marker=marker, linestyle="none",
                label=label if place == 0 else None,
            )  # fmt: skip
    axis.set_yticks(range(len(names)), list(reversed(names)), fontsize=8)
    axis.set_ylim(-0.6, len(names) - 0.4)
    axis.set_xlim(-0.02, 1.02)
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axis.grid(visible=False, axis="y")


def _outcomes(axis: Any, names: list[str], found: list[Measured]) -> None:
    """Shares of outcomes, one bar for each variant."""
    shown: set[str] = set()
    for place, measured in enumerate(reversed(found)):
        left = 0.0
        for kind, colour in OUTCOMES.items():
            value = measured["outcomes"].get(kind, {}).get("value") or 0.0
            if value > 0:
                label = None if kind in shown else kind.replace("_", " ")
                axis.barh(place, value, left=left, color=colour, height=0.55, label=label)
                shown.add(kind)
                left += value
    axis.set_yticks(range(len(names)), [""] * len(names))
    axis.set_ylim(-0.6, max(1, len(names)) - 0.4)
    axis.set_xlim(0, 1)
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axis.set_xlabel("samples by outcome")
    axis.grid(visible=False, axis="y")
