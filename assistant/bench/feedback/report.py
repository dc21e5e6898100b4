"""A feedback run on the terminal, and its figure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from assistant.bench.feedback.stand_in_check import LEAST_CORRELATION
from assistant.reporting.plot_style import COLOURS, MARKERS, NAMES, Draw, rate_rows
from assistant.reporting.terminal_tables import percent, points, table

Measured = Mapping[str, Any]
SIMULATED = "simulated person (a model)"
_NAMES = {**NAMES, "simulated": SIMULATED}
_COLOURS = {**COLOURS, "simulated": "#7a5230"}
_MARKERS = {**MARKERS, "simulated": "P"}


def report(summary: Measured) -> Iterator[str]:
    """The tables, line by line."""
    yield from _wordings(summary["wordings"])
    for name, found in summary["wordings"].items():
        if len(found["arms"]) > 1:
            yield ""
            yield from _arms(name, found)
        yield from _unsealed(name, found)
        yield from _stand_in(found)


def _wordings(wordings: Measured) -> Iterator[str]:
    rows = []
    for name, found in wordings.items():
        human = found["arms"]["human"]
        rows.append([name, str(human["rows"]), percent(human["solved"]), f"{human['tokens_per_sample']:.0f}"])
    yield from table(["solved with human feedback", "rows", "solved", "tokens a sample"], rows)


def _arms(name: str, found: Measured) -> Iterator[str]:
    rows = []
    for arm, measured in found["arms"].items():
        lift = found["lifts"].get(arm)
        if lift is None:
            rows.append([_NAMES[arm], str(measured["rows"]), percent(measured["solved"]), "", "", "", ""])
            continue
        rows.append(
            [
                _NAMES[arm],
                str(measured["rows"]),
                percent(measured["solved"]),
                points(lift["difference"], lift["low"], lift["high"]),
                f"{lift['only_first']}",
                f"{lift['only_second']}",
                f"{lift['p']:.3f} ({lift['p_holm']:.3f})",
            ]
        )
    head = [name, "rows", "solved", "feedback minus this, points", "only feedback", "only this", "p (Holm)"]
    yield from table(head, rows)
    if found["human_or_resample"]:
        yield f"  human feedback or a fresh start: {percent(found['human_or_resample'])}"


def _stand_in(found: Measured) -> Iterator[str]:
    """Whether the simulated person's words may stand in for people's."""
    check = found.get("stand_in")
    if check is None:
        return
    yield f"  {check['verdict']} ({check['rows']} rows, {check['problems']} problems)"
    if check["correlation"] is not None:
        yield (
            f"    rank correlation of per-problem lift {check['correlation']:.2f} "
            f"({check['low']:.2f} to {check['high']:.2f}); wanted: above {LEAST_CORRELATION:.2f}"
        )
    if check["distance"] is not None:
        yield (
            f"    distance of the texts {check['distance']:.2f}; wanted: at most {check['chance']:.2f} (what chance "
            f"gives); {check['person_words']:.0f} and {check['model_words']:.0f} words on average"
        )


def _unsealed(name: str, found: Measured) -> Iterator[str]:
    """The arms in which a verdict could have been forged."""
    for arm, measured in found["arms"].items():
        if measured["unsealed"]["count"]:
            yield (
                f"  unsealed ({name}, {_NAMES[arm]}): {percent(measured['unsealed'])} of the samples pass by a "
                f"verdict that the program could have forged; without them {percent(measured['solved_sealed'])}"
            )


def drawing(summary: Measured) -> tuple[Draw, tuple[float, float]]:
    """Every arm of every wording with its interval."""
    wordings: Mapping[str, Measured] = summary["wordings"]
    entries = [(name, arm, m) for name, found in wordings.items() for arm, m in found["arms"].items()]

    def draw(figure: Any) -> None:
        axis = figure.add_subplot()
        for place, (_, arm, measured) in enumerate(reversed(entries)):
            point, colour = measured["solved"], _COLOURS[arm]
            axis.plot([point["low"], point["high"]], [place, place], color=colour, linewidth=1.6)
            axis.plot([point["value"]], [place], color=colour, marker=_MARKERS[arm], markersize=6)
            axis.annotate(
                f"{point['value']:.0%}", (point["value"], place), xytext=(0, 6),
                textcoords="offset points", ha="center", fontsize=8, color=colour,
            )  # fmt: skip
        labels = [f"{name}: {_NAMES[arm]}" if len(wordings) > 1 else _NAMES[arm] for name, arm, _ in entries]
        rate_rows(axis, labels[::-1], "solved by the next program", fontsize=9)

    return draw, (7.6, 1.2 + 0.45 * len(entries))
