"""What a person looks up in plain mode, as text: rounds, numbered code, numbered tests, differences."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from assistant.cli import text_rendering as text
from assistant.core.errors import UsageError
from assistant.core.events import DRAW
from assistant.core.printable import exact, printable
from assistant.core.problem import Test
from assistant.core.state import Program, State
from assistant.core.state_labels import program_name, score


def place(number: str, count: int) -> int:
    """The 0-based place that a number from 1 to `count` stands for. Raises UsageError."""
    if not number.isdecimal() or not 1 <= int(number) <= count:
        raise UsageError(f"say a number from 1 to {count}")
    return int(number) - 1


def named_program(state: State, name: str, but: str | None = None) -> Program:
    """The program of an id, or the last one of a round other than `but`; the current one where nothing is named.

    Raises UsageError.
    """
    found: Program | None
    if not name:
        found = state.current_program
    elif name.isdigit():
        path = {program.id for program in state.path(state.current)}
        of_round = [
            program for program in state.human_programs if program.round == int(name) and program.id != but
        ]
        of_round.sort(key=lambda program: program.id in path)
        found = of_round[-1] if of_round else None
    else:
        found = next((p for p in state.programs if p.id == name and p.arm in ("human", DRAW)), None)
    if found is None:
        raise UsageError(
            f"there is no program {name}; :rounds lists them" if name else "there is no program yet"
        )
    return found


def added_test(state: State, number: str) -> Test:
    """The test of this number where the person added it, else the last one that they added. Raises UsageError."""
    added = state.extra_tests
    if not added:
        raise UsageError("no test was added in this session: there is none to take back")
    if not number:
        return added[-1]
    shown = state.visible_tests()
    at = place(number, len(shown)) - len(shown) + len(added)
    if at < 0:
        raise UsageError("only a test that you added can be taken back; :tests lists them")
    return added[at]


def code_of(program: Program) -> str:
    """The program; the whole answer where it holds none."""
    return (program.code if program.code is not None else program.text).rstrip("\n")


def name_of(program: Program) -> str:
    """`round 2 (t2s0), edited by hand`."""
    return f"{program_name(program)} ({program.id})" + (", edited by hand" if program.edited else "")


def numbered_code(program: Program) -> str:
    """Its lines with their numbers, which `:line` takes."""
    lines = exact(code_of(program)).split("\n")
    return "\n".join([f"--- {name_of(program)}", *(f"{n:4}  {line}" for n, line in enumerate(lines, 1))])


def numbered_tests(program: Program, colour: bool) -> str:
    """What each visible test found, with the number that `:quote` takes."""
    if program.visible is None:
        return "this program was not tested"
    report = program.visible
    cases = [f"{n:3} {text.case_text(case, colour)}" for n, case in enumerate(report.cases, 1)]
    return "\n".join([f"--- tests of {name_of(program)}", *(cases or [exact(report.message)])])


def rounds_text(state: State) -> str:
    """Every program of the session in its order; a star stands before the current one."""
    return "\n".join(line for program in state.dialogue for line in _round_lines(state, program))


def _round_lines(state: State, program: Program) -> Iterator[str]:
    if program.feedback and not program.edited:
        yield f"    you said: {printable(' '.join(program.feedback.split()))}"
    mark = "*" if program.id == state.current else " "
    yield f"{mark} {name_of(program)}: {score(program.visible)}"


def difference(old: Program, new: Program) -> str:
    """A unified difference of two programs."""
    lines = [
        exact(line)
        for line in difflib.unified_diff(
            code_of(old).split("\n"), code_of(new).split("\n"), name_of(old), name_of(new), lineterm=""
        )
    ]
    return "\n".join(lines) or f"{name_of(old)} and {name_of(new)}: the same program"
