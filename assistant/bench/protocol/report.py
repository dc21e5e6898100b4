"""A protocol run on the terminal, and its figure: solved after each feedback, by visible and by hidden tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from assistant.bench.feedback.stand_in_check import NOT_SHOWN
from assistant.reporting.plot_style import COLOURS, MARKERS, NAMES, Draw, percent_axis
from assistant.reporting.terminal_tables import percent, points, table

Measured = Mapping[str, Any]
_SIMULATED = "#7a5230"
"""The colour that `bench feedback` gives a model that speaks in a person's place."""
_SAID = "#111111"
TESTS = {"visible": "visible tests", "hidden": "all tests"}


def report(summary: Measured) -> Iterator[str]:
    """The tables, line by line."""
    yield f"  words by {summary['person']}: {NOT_SHOWN}"
    if summary["waiting"]:
        yield f"  {summary['waiting']} sessions wait for words and count as unsolved from there on"
    yield ""
    yield from _curves(summary["curves"], summary["hidden_test_said"])
    for tests, title in TESTS.items():
        if summary["lifts"][tests]:
            yield ""
            yield from _lifts(title if tests == "hidden" else f"the {title}", summary["lifts"][tests])
    if summary["words"]:
        yield ""
        yield from _words(summary["words"])
    if summary.get("people"):
        yield ""
        yield f"  sessions of people, {summary['people']['sessions']} on {summary['people']['problems']} problems"
        yield from _curves(summary["people"]["curves"], [], words="people")


def _by_arm(curve: Sequence[Measured]) -> dict[str, dict[int, Measured]]:
    found: dict[str, dict[int, Measured]] = {}
    for point in curve:
        found.setdefault(point["arm"], {})[point["interventions"]] = point
    return found


def name_of(arm: str) -> str:
    """How the arm of the words is called here: no person spoke."""
    return "simulated words" if arm == "human" else NAMES[arm]


def _curves(curves: Measured, said: Sequence[Measured], words: str = "") -> Iterator[str]:
    """A row for each arm and number of feedbacks; `words` is who spoke, where it was not a simulated person."""
    visible, hidden = _by_arm(curves["visible"]), _by_arm(curves["hidden"])
    rows: list[list[str]] = []
    for arm, made in visible.items():
        name = words if words and arm == "human" else name_of(arm)
        for told, point in made.items():
            both = hidden.get(arm, {}).get(told)
            cells = [percent(point), "" if both is None else percent(both), _of(point)]
            rows.append(["" if rows and told > min(made) else name, str(told), *cells])
    for point in said:
        first = "" if point["interventions"] else "a failing hidden test said"
        rows.append([first, str(point["interventions"]), "", percent(point), ""])
    yield from table(["solved", "after", *TESTS.values(), "false solves"], rows)


def _of(point: Measured) -> str:
    return f"{point['false_solves']} of {point['hidden_scored']}" if point["hidden_scored"] else "–"


def _lifts(title: str, lifts: Sequence[Measured]) -> Iterator[str]:
    rows = [
        [
            name_of(lift["arm"]), str(lift["pairs"]), f"{100 * lift['human']:.0f}%", f"{100 * lift['control']:.0f}%",
            points(lift["lift"], lift["low"], lift["high"]), str(lift["only_human"]), str(lift["only_control"]),
            f"{lift['p_problems']:.3f} ({lift['p_holm']:.3f})",
        ]
        for lift in lifts
    ]  # fmt: skip
    head = [
        f"next program passes {title}", "states", "words", "this", "words minus this, points", "only words",
        "only this", "p (Holm)",
    ]  # fmt: skip
    yield from table(head, rows)


def _words(words: Sequence[Measured]) -> Iterator[str]:
    rows = [
        [f"round {w['round']}", str(w["feedbacks"]), f"{w['mean_words']:.1f}", str(w["leaky"])] for w in words
    ]
    yield from table(["words", "feedbacks", "mean length", "give the answer away"], rows)


def drawing(summary: Measured) -> tuple[Draw, tuple[float, float]]:
    """Two panels with the same arms; where there are sessions of people, their line as well."""

    def draw(figure: Any) -> None:
        left, right = figure.subplots(1, 2, sharey=True)
        for axis, tests in ((left, "visible"), (right, "hidden")):
            _draw_curves(axis, summary, tests)
            axis.set_title(TESTS[tests])
        left.set_ylabel("problems solved")
        handles, labels = right.get_legend_handles_labels()
        figure.legend(handles, labels, loc="outside lower center", ncols=3)

    return draw, (9.6, 4.8)


def _draw_curves(axis: Any, summary: Measured, tests: str) -> None:
    arms = _by_arm(summary["curves"][tests])
    words = list(arms.pop("human", {}).values())
    said = summary["hidden_test_said"] if tests == "hidden" else []
    _line(axis, words, f"simulated words ({summary['person']})", _SIMULATED, "P", below=bool(said))
    for place, (arm, made) in enumerate(arms.items()):
        shift = 0.1 * (place + 1)
        _marks(axis, list(made.values()), NAMES[arm], COLOURS[arm], MARKERS[arm], shift)
    if said:
        _line(axis, said, "with a failing hidden test said", _SAID, "*", style="--")
    if summary.get("people"):
        people = [p for p in summary["people"]["curves"][tests] if p["arm"] == "human"]
        _line(axis, people, "people", COLOURS["human"], "o")
    percent_axis(axis)
    axis.set_xticks(range(len(words)))
    axis.set_xlim(-0.45, max(1, len(words)) - 0.3)
    axis.set_xlabel("feedbacks")
    axis.grid(visible=False, axis="x")


def _bars(made: Sequence[Measured]) -> list[list[float]]:
    return [
        [max(0.0, p["value"] - p["low"]) for p in made],
        [max(0.0, p["high"] - p["value"]) for p in made],
    ]


def _line(
    axis: Any,
    made: Sequence[Measured],
    label: str,
    colour: str,
    marker: str,
    style: str = "-",
    below: bool = False,
) -> None:
    """`below` is where the values are written: two lines that are near one another have theirs apart."""
    x = [p["interventions"] for p in made]
    axis.errorbar(
        x, [p["value"] for p in made], yerr=_bars(made), color=colour, marker=marker, markersize=6, linewidth=1.8,
        linestyle=style, capsize=3, elinewidth=1.1, label=label, zorder=5,
    )  # fmt: skip
    height = -12 if below else 7
    for point in made:
        axis.annotate(
            f"{point['value']:.0%}", (point["interventions"], point["value"]), xytext=(-4, height), ha="right",
            textcoords="offset points", color=colour, fontsize=8, zorder=6,
        )  # fmt: skip


def _marks(axis: Any, made: Sequence[Measured], label: str, colour: str, marker: str, shift: float) -> None:
    axis.errorbar(
        [p["interventions"] + shift for p in made], [p["value"] for p in made], yerr=_bars(made), color=colour,
        marker=marker, markersize=5, linestyle="none", capsize=2, elinewidth=0.9, label=label,
    )  # fmt: skip
