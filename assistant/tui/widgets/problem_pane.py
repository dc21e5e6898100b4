"""The text of a problem and its visible tests."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import VerticalScroll
from textual.content import Content
from textual.reactive import reactive
from textual.widgets import Static

from assistant.core.problem import Problem
from assistant.problems.starter_rates import rate_text
from assistant.tui.text.spans import displayable
from assistant.tui.widgets.resizable import RightEdge


class ProblemPane(RightEdge, VerticalScroll, can_focus=True):
    """Shows `problem`; with `with_tests` also its visible tests and where it comes from."""

    BORDER_TITLE = "Problem"

    problem: reactive[Problem | None] = reactive(None)

    def __init__(self, *, with_tests: bool = False, id: str | None = None) -> None:
        super().__init__(id=id)
        self._with_tests = with_tests

    def compose(self) -> ComposeResult:
        yield Static(classes="problem-text", markup=False)
        yield Static(classes="problem-tests", markup=False)
        yield Static(classes="problem-origin", markup=False)

    def watch_problem(self) -> None:
        if self.is_mounted:
            self._show(self.problem)

    def on_mount(self) -> None:
        self._show(self.problem)

    def _show(self, problem: Problem | None) -> None:
        text, tests, origin = self.query(Static)
        text.update(Content(_clean(problem.text) if problem else ""))
        tests.update(Content("\n".join(map(displayable, problem.test_texts())) if problem else ""))
        origin.update(Content(origin_of(problem) if problem else ""))
        tests.display = origin.display = self._with_tests and problem is not None
        self.border_title = problem.id if problem and not self._with_tests else "Problem"
        self.scroll_home(animate=False)


def origin_of(problem: Problem) -> str:
    """Where a problem comes from, how hard it is, and how it is tested, in one line."""
    count = len(problem.hidden_tests)
    hidden = f"{count or 'no'} hidden test{'' if count == 1 else 's'}"
    tags = " ".join(f"#{tag}" for tag in problem.tags)
    parts = [problem.id, difficulty_text(problem), problem.source, problem.licence, hidden, tags]
    return " · ".join(part for part in parts if part)


_ALONE = {"easy": "4 or 5", "medium": "2 or 3", "hard": "0 or 1"}
"""Of 5 programs of the default model, how many passed all tests under the wording `paper` (2026-11-25), by the word
that the starter set gives it."""


def difficulty_text(problem: Problem) -> str:
    """`medium (the default model alone: 3 of 5)` where that was measured, else the source's own word."""
    rate = rate_text(problem)
    earlier = _ALONE.get(problem.difficulty, "") if problem.source == "starter" and not rate else ""
    alone = rate or (f"{earlier} of 5, with an earlier wording" if earlier else "")
    return f"{problem.difficulty} (the default model alone: {alone})" if alone else problem.difficulty


def _clean(text: str) -> str:
    return "\n".join(displayable(line) for line in text.strip().splitlines())
