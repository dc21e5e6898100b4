"""Feedback that plain mode has not sent yet: quotes of tests and lines, lines of its own, and labels."""

from __future__ import annotations

from collections.abc import Callable

from assistant.cli.plain_views import code_of, place
from assistant.core.errors import UsageError
from assistant.core.printable import printable
from assistant.core.state import Program
from assistant.tui.feedback_suggestions import FORMS, KINDS, quoted_case, quoted_line
from assistant.tui.test_rows import rows_of


class UnsentWords:
    """What comes before the next line that is sent. Every refusal is a UsageError."""

    def __init__(self, say: Callable[[str], None]) -> None:
        self.text = ""
        self.labels: tuple[str, ...] = ()
        self._say = say

    def quote_case(self, program: Program, number: str) -> None:
        """A test, by its number in `:tests`; without one, the first that fails."""
        rows = rows_of(program.visible, None) if program.visible is not None else ()
        if not rows:
            raise UsageError("there is no test to quote")
        failing = (n for n, row in enumerate(rows) if row.case is not None and not row.case.passed)
        self.add(quoted_case(rows[place(number, len(rows)) if number else next(failing, 0)]) + " ")

    def quote_line(self, program: Program, number: str) -> None:
        """A line of the program."""
        lines = code_of(program).split("\n")
        at = place(number, len(lines))
        self.add(quoted_line(at + 1, lines[at].strip()))

    def add(self, words: str) -> None:
        """Words, after those that wait already."""
        self.text += words
        self._say(f"not sent yet: {printable(self.text).strip()} … (your next line goes after it)")

    def label(self, names: str) -> None:
        """Labels of the next words, with commas between them."""
        known = (*KINDS, *FORMS)
        labels = tuple(filter(None, (name.strip() for name in names.split(","))))
        if not labels or (unknown := [label for label in labels if label not in known]):
            wrong = f"{unknown[0]} is not a label: " if labels else ""
            raise UsageError(f"{wrong}choose from: {', '.join(known)}")
        self.labels = labels
        self._say(f"your next words have the labels: {', '.join(labels)}")

    def sent(self) -> None:
        """They are on their way."""
        self.text, self.labels = "", ()

    def forget(self) -> None:
        """Drop them."""
        self.sent()
        self._say("nothing waits to be sent")
