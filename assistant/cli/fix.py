"""`assistant fix`: a session on a function or method of one's own, whose result is written back to its file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.cli import options as o
from assistant.cli.composition import journal_folder, own_session
from assistant.cli.run import full_screen_possible, started
from assistant.cli.run_options import RunOptions
from assistant.core.errors import UsageError

if TYPE_CHECKING:
    from assistant.problems.own_function import OwnWork

NOT_OF_FIX = ("problems", "problem", "study", "arms", "alone")
"""Options of a session that a function of one's own has no use for."""
Place = Annotated[
    str,
    typer.Argument(metavar="FILE.py::FUNCTION", help="A function at the top of its file, or Class.method."),
]
Tests = Annotated[
    list[str] | None,
    typer.Option("--test", metavar="ASSERT", help="An assert that it has to pass; may be repeated."),
]
TestsFile = Annotated[
    Path | None,
    typer.Option("--tests", metavar="FILE", help="A file of asserts, or of pytest functions that call it."),
]
Say = Annotated[
    str, typer.Option("--say", metavar="WORDS", help="What it should do (default: its docstring).")
]
Yes = Annotated[
    bool, typer.Option("--yes", help="Plain lines: write the result without asking, once it passes.")
]
Again = Annotated[
    str | None,
    typer.Option("--resume", metavar="ID", help="Go on with an interrupted session on this function."),
]


@o.with_groups
def fix(
    place: Place,
    *,
    test: Tests = None,
    tests: TestsFile = None,
    say: Say = "",
    yes: Yes = False,
    again: Again = None,
    options: Annotated[RunOptions, o.Choice(without=NOT_OF_FIX)],
) -> int:
    """Work on a function of your own with the model; the result goes back into its file as a diff you confirm."""
    from assistant.problems.own_function import OwnFunction, OwnWork

    function = OwnFunction.named(place)
    found = function.tests(test or (), tests)
    for line in found.left_out:
        typer.echo(f"left out: {line}", err=True)
    in_lines = options.plain or options.json_events or not full_screen_possible()
    if in_lines and not found.tests and again is None:
        raise UsageError(
            f"no test says what {function.name} should give: add --test '{function.called}(…) == …' or --tests FILE"
        )
    problem = function.problem(found.tests, say, found.setup)
    options = replace(
        options, arms="none", resume=again, own=OwnWork(function, problem, place, confirmed=yes)
    )
    if again is not None:
        options = replace(options, own=_continued(options))
    return started(options)


def _continued(options: RunOptions) -> OwnWork:
    """The work with the problem of the session that is resumed. Raises UsageError where that has another one."""
    from assistant.core.state import replay
    from assistant.journal.reader import read_journal

    own = options.own
    assert own is not None
    journal = own_session(options, journal_folder(options))
    problem = replay(read_journal(journal).events[:1]).problem
    if problem is None or (problem.source, problem.entry_point) != (
        own.problem.source,
        own.problem.entry_point,
    ):
        raise UsageError(f"session {options.resume} is not about {own.function.name} of a file")
    return replace(own, problem=problem)
