"""`assistant study check FILE`, and a study held in plain lines."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.cli import options as o
from assistant.cli.study_freeze import freeze
from assistant.cli.study_people import invite, status
from assistant.core.errors import UsageError

if TYPE_CHECKING:
    from assistant.core.problem import Problem
    from assistant.session.study import Study

study_app = typer.Typer(
    help="Studies: what a study file will do.", no_args_is_help=True, rich_markup_mode=None
)


@study_app.callback()
def study() -> None:
    """Studies: what a study file will do."""


@study_app.command("new")
def new(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The file to write.")] = Path("study.toml"),
) -> None:
    """Write an example of a study file: every key, with what it means, ready to be changed."""
    from assistant.session.study_file import example

    try:
        with file.open("x", encoding="utf-8") as out:
            out.write(example())
    except FileExistsError:
        raise UsageError(f"{file} exists already: name another file") from None
    except OSError as error:
        raise UsageError(f"{file} cannot be written: {error.strerror}") from None
    print(f"Wrote {file}. Change it, then run `assistant study check {file}`.")


study_app.command("freeze")(freeze)
study_app.command("invite")(invite)
study_app.command("status")(status)

KEYS = (
    "name, source, problems, order, annotators, author, rounds, minutes, samples, temperature, max_new_tokens, "
    "thinking_tokens, seed, redraw, redraw_unchanged, unchanged_uses_round, same_first_sample, engine, model, "
    "base_urls, precision, template, visible_tests, overflow, arms, lesson, branching, max_branches, "
    "continue_after_end, questions, expected_effect, expected_first, expected_control; [consent] version, text; "
    "[conditions] failing_cases, person_alone; "
    "[plan] hypotheses, primary_outcome, secondary_outcomes, compared_with, exclusions, stopping; "
    "[exclusions] failed_attention, failed_gold, attention_problems, least_ended, least_seconds, most_seconds, "
    "unended, bad_task; "
    "[participants] count, entry_questions, end_questions, practice, practice_tries, completion_code, "
    "completion_url; [allocation] per_problem, refill_hours, refill_each, gold, attention, between_people"
)
"""Every key of a study file, for `--help`, which must not load what reads it."""


@study_app.command(
    "check",
    epilog=f"Keys of a study file: {KEYS}. `assistant study new` writes an example that explains each.",
)
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A study file (TOML).")],
    json_: o.Json = False,
) -> None:
    """Say what the study will do, for whom, in which order, and how likely it is to see its effect."""
    from assistant.problems.load import load_source
    from assistant.session.power_analysis import power_of
    from assistant.session.study import chosen_problems
    from assistant.session.study_file import parse_study, text_of
    from assistant.session.study_freeze import changed_since, read_freeze

    text = text_of(file)
    plan, frozen = parse_study(text, str(file)), read_freeze(file)
    warnings = [*filter(None, [changed_since(frozen, text)])]
    problems = chosen_problems(plan, load_source(plan.source).problems)
    ways = {who: _way(plan, problems, who) for who in plan.annotators or (ANYONE,)}
    power = power_of(plan, len(problems))
    warnings += warnings_of(plan, problems)
    if json_:
        report = {
            "study": plan.model_dump(mode="json"),
            "sha256": plan.sha256,
            "orders": {who: [problem for problem, _ in way] for who, way in ways.items()},
            "failing_cases": {who: [given["failing_cases"] for _, given in way] for who, way in ways.items()},
            "person_alone": {
                who: [given.get("person_alone", "no") for _, given in way] for who, way in ways.items()
            },
            "power": power.power,
            "needed": power.needed,
            "power_assumes": power.assumptions,
            "warnings": warnings,
            "frozen_at": frozen.at if frozen is not None else "",
        }
        print(json.dumps(report, indent=1))
        return
    print("\n".join(_plan_lines(plan, problems)))
    for who, way in ways.items():
        marked = [
            problem + "".join(f" {_MARKS[k]}" for k, v in given.items() if v == "yes")
            for problem, given in way
        ]
        print(f"  {who}: {', '.join(marked[:6])}{f', … ({len(marked)})' if len(marked) > 6 else ''}")
    needed = (
        f"80% needs {power.needed} problems" if power.needed else "no number of problems up to 1000 gives 80%"
    )
    print(
        f"power to see a gain of {plan.expected_effect:.0%} over a control on {len(problems)} problems: "
        f"{power.power:.0%} (simulated); {needed}\n  assumed: {power.assumptions}"
    )
    if frozen is not None:
        print(f"frozen at {frozen.at}, SHA-256 {frozen.sha256[:12]}")
    for warning in warnings:
        print(f"! {warning}")


ANYONE = "(anyone)"
_MARKS = {"failing_cases": "+cases", "person_alone": "alone", "gold": "gold", "attention": "attention"}
"""How a condition is marked in an annotator's order."""


def _way(plan: Study, problems: Sequence[Problem], who: str) -> list[tuple[str, dict[str, str]]]:
    """The annotator's problems in order, each with its condition."""
    from assistant.session.study import condition_of, order_for

    ordered = order_for(plan, problems, who)
    return [(p.id, condition_of(plan, problems, who, p)) for p in ordered]


def _plan_lines(plan: Study, problems: Sequence[Problem]) -> Iterator[str]:
    from assistant.session.study import order_for

    people = len(plan.annotators)
    sessions = sum(len(order_for(plan, problems, who)) for who in plan.annotators)
    held = f"{people} annotators, {sessions} sessions" if people else "any number of annotators"
    first = "the same for all annotators" if plan.same_first_sample else "each annotator has their own"
    arms = "all on a GPU, none elsewhere" if plan.arms is None else ", ".join(plan.arms) or "none"
    shown = "all" if plan.visible_tests is None else str(plan.visible_tests)
    after = "hidden tests and control arms are shown" if plan.lesson else "nothing is shown"
    yield f"study {plan.name} ({plan.sha256[:12]}): {len(problems)} problems of {plan.source}, {_ORDERS[plan.order]}"
    yield f"{held}; up to {plan.rounds} rounds of {plan.samples} sample(s), temperature {plan.temperature:g}"
    yield f"model: {plan.model or 'the default'}; first sample: {first}; control arms: {arms}"
    yield f"visible tests in the prompt: {shown}; failing cases with the feedback: {_cases(plan)}"
    if plan.minutes is not None:
        yield f"time limit a problem: {plan.minutes:g} minutes of the person's own time"
    if True in plan.conditions.person_alone:
        between = plan.allocation is not None and plan.allocation.between_people
        balanced = "drawn for each person" if between else "balanced over problems and annotators"
        both = balanced if False in plan.conditions.person_alone else "always"
        yield f"the person writes the program alone, without the model: {both}"
    yield from _people_lines(plan, problems)
    if plan.exclusions is not None and (rules := plan.exclusions.rules()):
        yield f"`analyze` leaves out, once the plan is frozen: {'; '.join(rules.values())}"
    yield f"after each session {after}; questions then: {len(plan.questions) or 'none'}"
    yield f"consent: {'version ' + plan.consent.version if plan.consent else 'none (nothing can be exported)'}"


_ORDERS = {"fixed": "the same order for all", "random": "a random order for each", "latin": "a Latin square"}


def _people_lines(plan: Study, problems: Sequence[Problem]) -> Iterator[str]:
    """What the people of the study are asked around their problems, and who gets what."""
    from assistant.session.study import order_for

    asked, dealt = plan.participants, plan.allocation
    if asked is not None:
        if asked.practice:
            yield f"first {asked.practice} to practise on, which has to be solved in {asked.practice_tries} tries"
        before, after = len(asked.entry_questions), len(asked.end_questions)
        yield f"{before} questions before the problems, {after} after them"
    if dealt is not None and dealt.per_problem is not None:
        shares = [[p.id for p in order_for(plan, problems, who)] for who in plan.annotators]
        people = Counter(problem for share in shares for problem in share)
        each, most = sorted({len(share) for share in shares}), sorted({*people.values()})
        yield f"each person gets {_span(each)} problems, each problem goes to {_span(most)} people"
        if dealt.refill_hours is not None:
            yield (
                f"of people who drop out or stay away for {dealt.refill_hours:g} hours, others take over up to "
                f"{dealt.refill_each} problems each"
            )


def _span(numbers: Sequence[int]) -> str:
    return str(numbers[0]) if numbers[0] == numbers[-1] else f"{numbers[0]} to {numbers[-1]}"


def _cases(plan: Study) -> str:
    values = set(plan.conditions.failing_cases) or {False}
    if len(values) > 1:
        between = plan.allocation is not None and plan.allocation.between_people
        return "drawn for each person" if between else "balanced over problems and annotators"
    return "yes" if values == {True} else "no"


def warnings_of(plan: Study, problems: Sequence[Problem]) -> Iterator[str]:
    """What the study's author may not have meant."""
    row = len(problems) * (2 if len(problems) % 2 else 1)
    if plan.order == "latin" and not plan.annotators:
        yield "a Latin square without `annotators`: rows are drawn by name, so nothing is balanced"
    elif plan.order == "latin" and len(plan.annotators) % row:
        yield f"this Latin square is balanced only over {row} annotators, or a multiple of that"
    if plan.arms == ():
        yield "no control arms: nothing will say that it was the feedback (`assistant arms DIR` can make them later)"
    if plan.plan is not None and plan.plan.primary_outcome == "lift" and plan.arms == ():
        yield "the primary outcome is the lift over a control, and the study makes no control arms"
    if plan.rounds == 0:
        yield "no rounds: no feedback will be requested"
    if plan.max_branches is not None and not plan.branching:
        yield "max_branches has no effect without branching = true: nobody may go back at all"
    unscored = sum(not problem.hidden_tests for problem in problems)
    if unscored:
        yield f"{unscored} problems have no hidden tests: false solves cannot be seen there"


def ask_consent(text: str, read_line: Callable[[], str]) -> bool:
    """Show the text and read yes or no. Raises UsageError on any other end of the input."""
    print(f"{text.strip()}\n", file=sys.stderr)
    while True:
        print("Do you agree? (yes/no) ", end="", file=sys.stderr, flush=True)
        line = read_line()
        if not line:
            raise UsageError("no answer to the consent text: nothing was started")
        answer = line.strip().lower()
        if answer in ("yes", "y", "no", "n"):
            return answer.startswith("y")
        print("Please answer yes or no.", file=sys.stderr)
