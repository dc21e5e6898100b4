"""Replay: generate again from the recorded messages and settings, run the recorded programs again, compare."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from assistant.core import events as ev
from assistant.core.generation import Engine, Finish, ModelInfo
from assistant.core.outcome import Report
from assistant.core.problem import FrozenModel, Problem, Test
from assistant.core.state import without_last
from assistant.core.submission import Sandbox, Submission
from assistant.session.turns import conversation_of, request_of


class ReplayComparison(FrozenModel):
    """One recorded value compared with its repetition."""

    program: str
    what: Literal["generation", "visible tests", "hidden tests"]
    same: bool | None
    """None when it cannot be compared (cancelled or failed at the time)."""
    detail: str = ""
    """Where it differs: the first differing token (character, where the engine gives no tokens) or case."""


def model_differences(before: ModelInfo, now: ModelInfo) -> list[str]:
    """What differs between the recorded model and this one, e.g. `torch 2.12.0 -> 2.13.0`."""
    unsaid = (
        {"versions"} if before.parameters is not None else {"versions", "parameters"}
    )  # of older journals
    found = [
        f"{name} {getattr(before, name) or '?'} -> {getattr(now, name) or '?'}"
        for name in ModelInfo.model_fields
        if name not in unsaid and getattr(before, name) != getattr(now, name)
    ]
    names = sorted(before.versions.keys() | now.versions.keys())
    return found + [
        f"{name} {before.versions.get(name, '?')} -> {now.versions.get(name, '?')}"
        for name in names
        if before.versions.get(name) != now.versions.get(name)
    ]


def repeat_generations(events: Sequence[ev.Event], engine: Engine) -> Iterator[ReplayComparison]:
    """Every complete generation once more, in the recorded order, so that caches are warm where they were."""
    finished = {(e.turn, e.finish.sample): e for e in events if isinstance(e, ev.GenerationFinished)}
    session = next((e.session for e in events if isinstance(e, ev.SessionStarted)), "")
    for started in (e for e in events if isinstance(e, ev.GenerationStarted)):
        recorded = [finished[key] for key in sorted(finished) if key[0] == started.turn]
        if recorded:
            yield from _repeat_turn(started, recorded, engine, session)


def _repeat_turn(
    started: ev.GenerationStarted, recorded: list[ev.GenerationFinished], engine: Engine, session: str
) -> Iterator[ReplayComparison]:
    if all(event.finish.reason in ("cancelled", "error") for event in recorded):
        for event in recorded:
            yield _generation(event, None, f"it was {event.finish.reason} at the time")
        return
    request = request_of(started, conversation_of(started, f"{session}/replay"))
    again = {piece.sample: piece for piece in engine.generate(request) if isinstance(piece, Finish)}
    for event in recorded:
        yield _compare(event, again.get(event.finish.sample))


def _compare(event: ev.GenerationFinished, now: Finish | None) -> ReplayComparison:
    before = event.finish
    if before.reason in ("cancelled", "error"):
        return _generation(event, None, f"it was {before.reason} at the time")
    if now is None or now.reason == "error":
        return _generation(event, False, now.error if now else "no answer came")
    if before.prompt_sha256 and now.prompt_sha256 and before.prompt_sha256 != now.prompt_sha256:
        return _generation(event, False, "the prompt's tokens differ: another tokenizer or chat template")
    if before.output_ids is None or now.output_ids is None:
        return _compare_texts(event, before.text, now)
    if before.output_ids == now.output_ids:
        return _generation(event, True, f"{len(before.output_ids)} tokens")
    at = _first_difference(before.output_ids, now.output_ids)
    was, is_ = _token(before.output_ids, at), _token(now.output_ids, at)
    return _generation(event, False, f"first differing token is number {at}: {was}, now {is_}")


def _compare_texts(event: ev.GenerationFinished, before: str, now: Finish) -> ReplayComparison:
    """Servers and scripts give no token ids: the characters are compared."""
    if before == now.text:
        return _generation(event, True, f"{len(before)} characters")
    at = _first_difference(before, now.text)
    was, is_ = (repr(text[at : at + 12]) if at < len(text) else "the end" for text in (before, now.text))
    heeded = "" if now.seed_honoured is not False else "; the server does not heed seeds"
    return _generation(event, False, f"first differing character is number {at}: {was}, now {is_}{heeded}")


def _first_difference(before: Sequence[object], now: Sequence[object]) -> int:
    pairs = enumerate(zip(before, now, strict=False))
    return next((index for index, (a, b) in pairs if a != b), min(len(before), len(now)))


def _token(ids: tuple[int, ...], at: int) -> str:
    return str(ids[at]) if at < len(ids) else "the end"


def _generation(event: ev.GenerationFinished, same: bool | None, detail: str) -> ReplayComparison:
    return ReplayComparison(program=event.program, what="generation", same=same, detail=detail)


def repeat_tests(
    events: Sequence[ev.Event], problem: Problem, sandbox: Sandbox
) -> Iterator[ReplayComparison]:
    """Every recorded verdict once more: the same program against the same tests."""
    codes: dict[str, str] = {}
    extra: tuple[Test, ...] = ()
    for event in events:
        match event:
            case (
                ev.GenerationFinished(program=name, code=str(code))
                | ev.CodeEdited(program=name, code=str(code))
                | ev.ProgramGiven(program=name, code=str(code))
            ):
                codes[name] = code
            case ev.TestAdded():
                extra = (*extra, event.test)
            case ev.TestRemoved():
                extra = without_last(extra, event.test)
            case ev.TestsFinished():
                asked = problem.model_copy(update={"visible_tests": problem.visible_tests + extra})
                again = sandbox.run(Submission.of(asked, codes[event.program]))
                yield _verdicts(event.program, "visible tests", event.visible, again)
            case ev.HiddenScored():
                again = sandbox.run(Submission.of(problem, codes[event.program], hidden=True))
                yield _verdicts(event.program, "hidden tests", event.hidden, again)


def _verdicts(
    program: str, what: Literal["visible tests", "hidden tests"], before: Report, now: Report
) -> ReplayComparison:
    was, is_ = [c.outcome for c in before.cases], [c.outcome for c in now.cases]
    if (before.outcome, was) == (now.outcome, is_):
        return ReplayComparison(program=program, what=what, same=True, detail=f"{len(is_)} cases")
    at = next((i for i, (a, b) in enumerate(zip(was, is_, strict=False)) if a != b), min(len(was), len(is_)))
    a = was[at].word if at < len(was) else before.outcome.word
    b = is_[at].word if at < len(is_) else now.outcome.word
    return ReplayComparison(program=program, what=what, same=False, detail=f"case {at + 1}: {a}, now {b}")
