"""Sessions in which a person writes the program without the model, on the clock.

The paper's open question is when it is easier to simply fix the code: such a session is a study's arm of its own
(`[conditions] person_alone`), or `assistant run --alone`. It begins with `starting_code`, in place of a first answer;
every edit is tested as any program is, and it ends when one passes the visible tests, or when the person gives up.
"""

from __future__ import annotations

from assistant.core import events as ev
from assistant.core.problem import Problem
from assistant.core.starting_code import starting_code
from assistant.core.state import program_id

NO_MODEL_HERE = "no model takes part in this session"


def first_program(problem: Problem, settings: ev.Settings) -> ev.ProgramGiven | None:
    """What the person begins with: their own function, or a start where they work alone; None: the model answers."""
    if problem.given:
        return ev.ProgramGiven(program=program_id(0, 0), code=problem.given, origin="pasted")
    if settings.person_alone:
        return ev.ProgramGiven(program=program_id(0, 0), code=starting_code(problem), origin="stub")
    return None
