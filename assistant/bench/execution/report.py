"""An execution run on the terminal, and its figure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from assistant.reporting.plot_style import COLOURS, Draw, rate_rows
from assistant.reporting.terminal_tables import percent, points, table

Measured = Mapping[str, Any]


def report(summary: Measured) -> Iterator[str]:
    """The tables, line by line."""
    rows = [
        [
            name,
            str(m["calls"]),
            percent(m["right"]),
            percent(m["any_sample"]),
            percent(m["outcomes"]["no_value"]) if "no_value" in m["outcomes"] else "0.0%",
        ]
        for name, m in summary["groups"].items()
    ]
    yield from table(["predicted values", "calls", "right", "any sample right", "no value"], rows)
    gain = summary["tests_shown_minus_alone"]
    if gain is not None:
        yield (
            f"  other tests shown: {points(gain['difference'], gain['low'], gain['high'])} points; "
            f"right only with them {gain['only_first']}, only without {gain['only_second']}, p {gain['p']:.3f}"
        )


def drawing(summary: Measured) -> tuple[Draw, tuple[float, float]]:
    """Both shares with their intervals."""
    groups = list(summary["groups"].items())

    def draw(figure: Any) -> None:
        axis = figure.add_subplot()
        for place, (_, measured) in enumerate(reversed(groups)):
            right = measured["right"]
            axis.barh(place, right["value"], color=COLOURS["human"], height=0.45, alpha=0.85)
            axis.plot([right["low"], right["high"]], [place, place], color=COLOURS["ink"], linewidth=1.4)
            axis.annotate(
                f"{right['value']:.0%}", (right["value"], place), xytext=(0, 14), textcoords="offset points",
                ha="center", color=COLOURS["human"],
            )  # fmt: skip
        rate_rows(axis, [name for name, _ in reversed(groups)], "values predicted right")

    return draw, (7.2, 2.6)
