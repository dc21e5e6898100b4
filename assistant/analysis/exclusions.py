"""Sessions that are left out: by the rules of a frozen plan, and by hand, each with the rule that it fell under."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from assistant.analysis.person_alone import solved_somehow
from assistant.core.errors import UsageError
from assistant.journal.records import SessionRecord, StudyFreeze
from assistant.session.study import Study
from assistant.session.study_file import parse_study
from assistant.session.study_tables import Exclusions, Plan

BY_HAND = "by hand"


@dataclass(frozen=True)
class Excluded:
    """A session that is in no figure."""

    session: str
    annotator: str
    study: str
    rule: str
    """The key of a rule in [exclusions], `words N` for the Nth sentence of the plan's exclusions, or `by hand`."""
    planned: bool


def frozen_study(freeze: StudyFreeze) -> tuple[Study, Plan]:
    """The study file that was frozen, and its plan. Raises UsageError where it has none: it was not frozen by us."""
    study = parse_study(freeze.text, "the frozen study in a journal")
    if study.plan is None:
        raise UsageError(
            f"the study frozen at {freeze.at} has no plan: `assistant verify` tells which journal"
        )
    return study, study.plan


def excluded(
    sessions: Sequence[SessionRecord], by_hand: Sequence[str] = (), *, planned: bool = True
) -> list[Excluded]:
    """What is left out of all sessions of a folder, each session once: under the first rule that it falls under.

    `by_hand` holds names of sessions or annotators; `NAME=N` says that the Nth sentence of the plan's exclusions is
    why. Rules are those of the plan that a session was held under; without `planned` none is applied. Raises
    UsageError for a name that no session has.
    """
    found: dict[str, Excluded] = {}
    for word in by_hand:
        for out in _named(sessions, word):
            found.setdefault(out.session, out)
    for freeze in dict.fromkeys(s.freeze for s in sessions if s.freeze is not None) if planned else ():
        held = [s for s in sessions if s.freeze == freeze and s.condition.get("practice") != "yes"]
        for rule, session in _ruled_out(frozen_study(freeze)[0].exclusions or Exclusions(), held):
            out = Excluded(session.id, session.annotator, session.study, rule, True)
            found.setdefault(session.id, out)
    return list(found.values())


def _named(sessions: Sequence[SessionRecord], word: str) -> Iterator[Excluded]:
    """Sessions that the researcher leaves out by a name of `--leave-out`."""
    name, equals, number = word.rpartition("=") if "=" in word else (word, "", "")
    chosen = [s for s in sessions if name in (s.id, s.annotator)]
    if not chosen:
        raise UsageError(f"--leave-out {word}: no session here has this id or annotator")
    for session in chosen:
        rule = BY_HAND
        if equals:
            words = frozen_study(session.freeze)[1].exclusions if session.freeze is not None else ()
            if not (number.isascii() and number.isdigit() and 0 < int(number) <= len(words)):
                raise UsageError(
                    f"--leave-out {word}: the plan of session {session.id} has {len(words)} exclusions in words, "
                    "counted from 1"
                )
            rule = f"words {int(number)}"
        yield Excluded(session.id, session.annotator, session.study, rule, bool(equals))


def _ruled_out(rules: Exclusions, held: Sequence[SessionRecord]) -> Iterator[tuple[str, SessionRecord]]:
    """Every session that a rule hits, rule by rule."""
    people: dict[str, list[SessionRecord]] = {}
    for session in held:
        people.setdefault(session.annotator, []).append(session)
    of_people: Mapping[str, Callable[[Sequence[SessionRecord]], bool]] = {
        "failed_attention": lambda own: _failed(own, "attention"),
        "failed_gold": lambda own: _failed(own, "gold"),
        "least_ended": lambda own: _ended(own) < (rules.least_ended or 0),
    }
    of_sessions: Mapping[str, Callable[[SessionRecord], bool]] = {
        "attention_problems": lambda s: s.condition.get("attention") == "yes",
        "least_seconds": lambda s: bool(s.feedback) and s.effort.active < (rules.least_seconds or 0),
        "most_seconds": lambda s: s.effort.active > (rules.most_seconds or 0),
        "unended": lambda s: not s.has_ended,
        "bad_task": lambda s: s.end == "bad_task",
    }
    for rule in rules.rules():
        if rule in of_people:
            for own in people.values():
                if of_people[rule](own):
                    yield from ((rule, session) for session in own)
        else:
            yield from ((rule, session) for session in held if of_sessions[rule](session))


def _failed(own: Sequence[SessionRecord], mark: str) -> bool:
    """Whether a problem so marked was ended and in no session of this person solved."""
    solved = {s.problem_sha256 for s in own if solved_somehow(s)}
    return any(s.condition.get(mark) == "yes" and s.has_ended and s.problem_sha256 not in solved for s in own)


def _ended(own: Sequence[SessionRecord]) -> float:
    """The share of this person's problems that they ended; of those they began where the number is not known."""
    ended = {s.problem_sha256 for s in own if s.has_ended}
    of = max((s.study_problems or 0 for s in own), default=0) or len({s.problem_sha256 for s in own})
    return len(ended) / of


def counted(out: Sequence[Excluded], rule: str, study: str | None = None) -> str:
    """`3 sessions of 1 annotator`: what fell under a rule, of one study or of all."""
    hit = [x for x in out if x.rule == rule and study in (None, x.study)]
    people = len({x.annotator for x in hit})
    return f"{len(hit)} session{'s' * (len(hit) != 1)} of {people} annotator{'s' * (people != 1)}"
