"""Filter of the problem list: text, #tags, and progress. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from assistant.core.problem import Problem
from assistant.problems.starter_rates import rate_text
from assistant.tui.session_filter import is_false
from assistant.tui.text.spans import Line, Piece, displayable, shortened

if TYPE_CHECKING:
    from assistant.journal.session_summary import SessionSummary

STATES = ("untried", "solved", "false-solve", "open", "given-up", "unsolved")
"""What `is:` may say. `open` can be resumed; `unsolved` used up its rounds; a `false-solve` fails hidden tests."""
_OPENING = re.compile(r"^write a (python )?function( [\w.]+)? (that|which|to) ", re.IGNORECASE)
_MARKS = {
    "solved": ("✓", "case--passed"),
    "false-solve": ("≈", "line--tag"),
    "open": ("◐", "line--tag"),
    "unsolved": ("✗", "case--failed"),
    "given-up": ("–", "case--failed"),
}
_RANK = {"solved": 5, "false-solve": 4, "open": 3, "unsolved": 2, "given-up": 1, "untried": 0}


@dataclass(frozen=True)
class Entry:
    """A problem of the library, how far one got, and the text that words are looked for in."""

    problem: Problem
    state: str = "untried"
    haystack: str = ""
    level: str = ""
    """How hard it is, in at most six characters: `3 of 5`, else the source's own word."""


def entries_of(problems: Iterable[Problem], attempts: Mapping[str, str]) -> list[Entry]:
    """Problems with the state that `attempts` gives for their hash."""
    return [
        Entry(
            problem,
            attempts.get(problem.id, "untried"),
            f"{problem.id} {problem.text}".lower(),
            rate_text(problem) or problem.difficulty[:6],
        )
        for problem in problems
    ]


def attempts_of(sessions: Iterable[SessionSummary]) -> dict[str, str]:
    """By problem id, the best that any session on it came to."""
    best: dict[str, str] = {}
    for session in sessions:
        state = _state_of(session)
        if _RANK[state] > _RANK[best.get(session.problem, "untried")]:
            best[session.problem] = state
    return best


def solved_text(
    problems: Iterable[Problem], attempts: Mapping[str, str], sessions: Iterable[SessionSummary], me: str
) -> str:
    """`12 of 96 solved, 4 through your words`; a false solve is none. Empty where nothing is solved yet."""
    ids = {problem.id for problem in problems}
    solved = {name for name in ids if attempts.get(name) == "solved"}
    if not solved:
        return ""
    by_words = {s.problem for s in sessions if s.by_words and s.annotator == me and not is_false(s)} & solved
    words = f", {len(by_words)} through your words" if by_words else ""
    return f"{len(solved)} of {len(ids)} solved{words}"


def next_untried(
    problems: Sequence[Problem], done: Sequence[str], attempts: Mapping[str, str]
) -> Problem | None:
    """The first problem after those just `done` that was never tried; from the beginning where there is none."""
    ids = [problem.id for problem in problems]
    start = max((ids.index(name) for name in done if name in ids), default=-1) + 1
    ordered = [*problems[start:], *problems[:start]]
    return next((p for p in ordered if p.id not in attempts and p.id not in done), None)


def _state_of(session: SessionSummary) -> str:
    if session.state == "solved":
        return "false-solve" if is_false(session) else "solved"
    if session.resumable:
        return "open"
    return {"gave_up": "given-up", "bad_task": "given-up", "rounds_used_up": "unsolved"}.get(
        session.state, "untried"
    )


def matching(entries: Iterable[Entry], query: str) -> list[Entry]:
    """Entries that fit every word of `query`: `#tag`, `is:solved`, `easy`, or a piece of id or text."""
    words = query.lower().split()
    return [entry for entry in entries if all(_fits(entry, word) for word in words)]


def _fits(entry: Entry, word: str) -> bool:
    if word.startswith("#"):
        return any(tag.lower().startswith(word[1:]) for tag in entry.problem.tags)
    if word.startswith("is:"):
        return entry.state.startswith(word[3:])
    if word in ("easy", "medium", "hard"):
        return entry.problem.difficulty == word
    return word in entry.haystack


def next_state(query: str) -> str:
    """`query` with its `is:` moved on: none, untried, solved, open, given-up, unsolved, none."""
    words = query.split()
    given = next((word[3:] for word in words if word.startswith("is:")), "")
    others = [word for word in words if not word.startswith("is:")]
    index = STATES.index(given) + 1 if given in STATES else 0
    return " ".join([*others, *([f"is:{STATES[index]}"] if index < len(STATES) else [])])


def completed(query: str, tags: Sequence[str]) -> str | None:
    """`query` with the `#tag` or `is:state` at its end written out; None where nothing fits."""
    word = query.rpartition(" ")[2]
    if len(word) < 2 or not word.startswith(("#", "is:")):
        return None
    known = [*(f"#{tag.lower()}" for tag in tags), *(f"is:{state}" for state in STATES)]
    found = next((name for name in known if name.startswith(word.lower()) and name != word.lower()), None)
    return None if found is None else query + found[len(word) :]


def gist(text: str) -> str:
    """The text on one line without the opening that nearly every task shares."""
    words = " ".join(text.split())
    rest = _OPENING.sub("", words)
    return rest[:1].upper() + rest[1:]


def entry_line(entry: Entry, width: int = 200, *, with_level: bool = True) -> Line:
    """One line of the library, at most `width` characters; `with_level` where the source has difficulties."""
    mark, look = _MARKS.get(entry.state, (" ", ""))
    problem = entry.problem
    name = problem.id.removeprefix(f"{problem.source}/")
    level = f"{entry.level:<6} " if with_level else ""
    summary = shortened(displayable(gist(problem.text)), max(10, width - 26 - len(level)))
    return (
        Piece(f" {mark} ", look),
        Piece(f"{shortened(name, 22):<22} ", "line--strong"),
        Piece(level, "line--note"),
        Piece(summary),
    )
