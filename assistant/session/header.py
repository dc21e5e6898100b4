"""How a session is held: who speaks, and through what."""

from __future__ import annotations

import platform
from pathlib import Path
from typing import Literal, cast

from assistant import __version__
from assistant.core import events as ev
from assistant.core.control_arms import RECORDED
from assistant.core.errors import JournalError, UsageError
from assistant.core.generation import ModelInfo
from assistant.core.problem import FrozenModel, Problem
from assistant.core.state import State, program_id
from assistant.core.submission import Sandbox
from assistant.problems.expected_cache import fill_problem_once
from assistant.problems.expected_values import LiteralRecorder, is_open
from assistant.session.draws import draws_for
from assistant.session.points import takes_points
from assistant.session.prompting import load_template
from assistant.settings.paths import cache_folder


class Held(FrozenModel):
    """Author of a session's feedback and the interface; `unknown` when called from Python without an author."""

    author: ev.Author = "unknown"
    author_model: str = ""
    """Name of the model that speaks, where `author` is `model`."""
    interface: ev.Interface = "python"
    terminal: str = ""
    """Size of the terminal in characters, e.g. `120x36`; empty without one."""
    command: str = ""
    """The command that began or resumed the session, e.g. `resume`."""


def parse_author(text: str) -> tuple[ev.Author, str]:
    """`person`, `model` or `model:NAME` as who speaks and the model's name. Raises UsageError."""
    kind, _, name = text.strip().partition(":")
    if kind == "model":
        return "model", name.strip()
    if text.strip() in ("person", "unknown"):
        return ("person", "") if kind == "person" else ("unknown", "")
    raise UsageError(f"the author is `person` or `model:NAME`, not `{text}`")


def header(
    session: str,
    problem: Problem,
    settings: ev.Settings,
    model: ModelInfo,
    sandbox: Sandbox,
    annotator: str,
    study: ev.StudyInfo | None,
    held: Held,
) -> ev.SessionStarted:
    """The first line of a session's journal: prompt's wording, control arms and expected values are settled."""
    problem = with_values(problem, sandbox)
    if not settings.person_alone:
        settings = _settled(settings, model, held, study=study is not None)
    return ev.SessionStarted(
        session=session,
        app_version=__version__,
        annotator=annotator,
        problem=problem,
        problem_sha256=problem.sha256,
        model=model,
        settings=settings,
        sandbox=dict(sandbox.layers),
        machine=describe_machine(),
        study=study,
        **held.model_dump(exclude={"command"}),
    )


def _settled(settings: ev.Settings, model: ModelInfo, held: Held, *, study: bool) -> ev.Settings:
    """The settings with the prompt's wording, control arms, further draws and steps decided."""
    template = load_template(settings.prompt.template, is_chat=model.is_chat)
    draws = draws_for(settings, model, held.interface, study=study)
    prompt = settings.prompt.model_copy(update={"template": template.id, "template_sha256": template.sha256})
    return settings.model_copy(
        update={
            "prompt": prompt,
            "arms": arms_for(settings, model),
            "draws": draws,
            "point_by_point": takes_points(settings, model, study=study),
        }
    )


def given_program(code: str, origin: Literal["file", "pasted"] = "file") -> ev.ProgramGiven:
    """A person's own function as the program of round 0."""
    return ev.ProgramGiven(program=program_id(0, 0), code=code, origin=origin)


def resumption(model: ModelInfo, sandbox: Sandbox, annotator: str, held: Held) -> ev.SessionResumed:
    """What the journal says where a session is opened again."""
    return ev.SessionResumed(
        app_version=__version__,
        model=model,
        sandbox=dict(sandbox.layers),
        machine=describe_machine(),
        annotator=annotator,
        **held.model_dump(),
    )


def arms_for(settings: ev.Settings, model: ModelInfo) -> tuple[ev.Arm, ...]:
    """The control arms asked for; where nothing was said, all of them on a GPU and none elsewhere."""
    if settings.arms is not None:
        return settings.arms
    return RECORDED if model.device.startswith(("cuda", "mps")) else ()


def describe_machine() -> dict[str, str]:
    """Python, operating system and processor; never a name, address or path."""
    return {
        "python": platform.python_version(),
        "system": platform.system(),
        "release": platform.release(),
        "processor": platform.machine(),
    }


def check_resumable(state: State, journal: Path, annotator: str) -> None:
    """Raises JournalError for a session that cannot be continued, UsageError for another annotator's."""
    if state.problem is None:
        raise JournalError(f"{journal.name} has no first line with the problem; it cannot be resumed")
    if state.ended is not None and state.is_over and not state.may_reopen:
        raise JournalError(
            f"session {state.session} has ended ({state.ended.reason}); `assistant show` shows it"
        )
    check_owner(state, annotator)


def check_owner(state: State, annotator: str) -> None:
    """Only its own annotator may continue a session; without a name, nothing is checked. Raises UsageError."""
    owner = state.started.annotator if state.started else ""
    if annotator and owner and annotator != owner:
        raise UsageError(
            f"session {state.session} belongs to annotator {owner}, and you are {annotator}. Nobody can continue "
            f"another person's session; if you are {owner}, say so with --annotator {owner}"
        )


def with_values(problem: Problem, sandbox: Sandbox) -> Problem:
    """The problem with its expected values, recorded once; unchanged where the sandbox records nothing.

    MBPP+ and HumanEval+ publish inputs only; the reference gives their values.
    """
    if not is_open(problem) or not hasattr(sandbox, "literals"):
        return problem
    return fill_problem_once(problem, cast(LiteralRecorder, sandbox), cache_folder()).problem
