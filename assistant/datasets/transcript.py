"""A session as a transcript: the conversation that led to its last program, for formats that other viewers read.

Steps are plain values, so that personal data can be replaced in them before they take anybody's form. Branches that
the person left and control arms are not part of the conversation; a session's rows in the other formats have them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from assistant.core.events import DIALOGUE_ARMS
from assistant.core.speaker import PEOPLE, SIMULATED, UNKNOWN, speaker
from assistant.core.thinking import split_thinking
from assistant.datasets.features import JSON, Columns
from assistant.datasets.provenance import Place, provenance
from assistant.datasets.session_view import Row, SessionView, fenced
from assistant.journal.records import Feedback, ProgramRecord

COLUMNS: Columns = {"steps": JSON, "end": "string", "reference": "string"}
"""Of a transcript's row, besides its last program's provenance."""
TOOL = "run_tests"
"""What the verdicts are shown as, where a form knows tools: the model itself called none."""

_LABELS = {
    UNKNOWN: "written by a person or by a program: not recorded which",
    SIMULATED: "written by a model, not by a person",
}
"""Of speakers that are no `model NAME`."""


def transcripts(views: Sequence[SessionView], place: Place) -> Iterator[Row]:
    """A row for every session with a program that counts."""
    for view in views:
        last = last_program(view)
        if last is not None:
            yield {
                "steps": list(transcript_steps(view, last)),
                "end": view.session.end,
                "reference": view.problem.reference,
                **provenance(view, last, place),
            }


def last_program(view: SessionView) -> ProgramRecord | None:
    """Where the conversation led: of the last turn the program that passes, else its first."""
    found = [p for p in view.counted if p.arm in DIALOGUE_ARMS]
    return max(found, key=lambda p: (p.turn, p.solved, -p.sample), default=None)


def transcript_steps(view: SessionView, last: ProgramRecord) -> Iterator[Row]:
    """The conversation up to `last`: the task, answers and edits with their verdicts, and feedback between them."""
    yield from ({"kind": "task", **message} for message in view.opening(last))
    said: set[int] = set()
    for program in view.session.path(last):
        given = view.session.feedback_of(program)
        if given is not None and given.seq not in said:
            said.add(given.seq)
            yield _feedback(given)
        yield _edit(program) if program.edited else _answer(view, program)
    yield from (_feedback(f) for f in view.session.feedback if f.about == last.id and f.seq not in said)


def _feedback(given: Feedback) -> Row:
    who = speaker([(given.author, given.author_model)])
    return {"kind": "feedback", "text": given.text, "speaker": who, "tags": list(given.kinds)}


def _edit(program: ProgramRecord) -> Row:
    return {"kind": "edit", "program": program.id, "code": program.code or "", **_verdicts(program)}


def _answer(view: SessionView, program: ProgramRecord) -> Row:
    texts = program.texts
    sent = texts.prompt
    split = split_thinking(texts.text)
    return {
        "kind": "answer",
        "program": program.id,
        "text": view.answer(program)["content"],
        "thinking": "" if sent is None or sent.raw else split.thinking.strip(),
        "code": program.code or "",
        "model": sent.model.name if sent is not None else view.session.model,
        "prompt_tokens": program.prompt_tokens,
        "cached_tokens": program.reused_tokens,
        "generated_tokens": program.generated_tokens,
        "seconds": round(program.seconds, 3),
        **_verdicts(program),
    }


def _verdicts(program: ProgramRecord) -> Row:
    return {"visible": _verdict(program.texts.visible), "hidden": _verdict(program.texts.hidden)}


def _verdict(report: Mapping[str, Any] | None) -> Row | None:
    """What a report says, without its times and layers."""
    if report is None:
        return None
    cases = [
        {name: case.get(name) for name in ("test", "outcome", "actual", "message")}
        for case in report["cases"]
    ]
    return {"passed": report["outcome"] == "passed", "sealed": report["sealed"], "cases": cases}


def said_by_tests(step: Row) -> str:
    """The visible tests' verdict as text, as a tool would report it."""
    report = step["visible"]
    if report is None:
        return "The tests did not run."
    cases = report["cases"]
    passed = sum(case["outcome"] == "passed" for case in cases)
    lines = [f"{passed} of {len(cases)} visible tests pass."]
    for case in cases:
        if case["outcome"] != "passed":
            gave = f" gave {case['actual']}" if case["actual"] is not None else ""
            why = f" ({case['message']})" if case["message"] else ""
            lines.append(f"{case['outcome']}: {case['test']}{gave}{why}")
    return "\n".join(lines)


def said_by_person(step: Row) -> str:
    """What stands in the user's place: a person's words as they are, all else labelled."""
    if step["kind"] == "edit":
        return f"[edited by hand]\n{fenced(step['code'])}"
    if step["kind"] != "feedback" or step["speaker"] == PEOPLE:
        return str(step["text"])
    label = _LABELS.get(step["speaker"], f"written by the {step['speaker']}, not by a person")
    return f"[{label}]\n{step['text']}"
