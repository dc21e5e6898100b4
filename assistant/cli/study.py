"""`assistant study check FILE`, and a study held in plain lines."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer

from assistant.domain.errors import UsageError

study_app = typer.Typer(
    help="Studies: what a study file will do.", no_args_is_help=True, rich_markup_mode=None
)


@study_app.callback()
def study() -> None:
    """Studies: what a study file will do."""


@study_app.command("check")
def check(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A study file (TOML).")],
    json_: Annotated[bool, typer.Option("--json", help="Print it as JSON.")] = False,
) -> None:
    """Say what the study will do, for whom, in which order, and how likely it is to see its effect."""
    from assistant.problems.sources import load_source
    from assistant.session.power import paired_power, problems_needed
    from assistant.session.study import chosen_problems, condition_of, load_study, order_for

    plan = load_study(file)
    problems = chosen_problems(plan, load_source(plan.source).problems)
    people = plan.annotators or ("(anyone)",)
    orders = {who: [p.id for p in order_for(plan, problems, who)] for who in people}
    conditions = {
        who: [condition_of(plan, problems, who, p)["failing_cases"] for p in order_for(plan, problems, who)]
        for who in people
    }
    power = paired_power(len(problems), plan.expected_effect)
    needed = problems_needed(plan.expected_effect)
    if json_:
        report = {"study": plan.model_dump(mode="json"), "orders": orders, "power": power, "needed": needed}
        print(json.dumps({**report, "sha256": plan.sha256, "failing_cases": conditions}, indent=1))
        return
    print(
        f"study {plan.name} ({plan.sha256[:12]}): {len(problems)} problems of {plan.source}, order {plan.order}"
    )
    print(f"up to {plan.rounds} rounds of {plan.samples} sample(s), temperature {plan.temperature:g}")
    print(f"model: {plan.model or 'the default'}; control arms: {', '.join(plan.arms) or 'none'}")
    print(
        f"consent: {'version ' + plan.consent.version if plan.consent else 'none (nothing can be exported)'}"
    )
    for who in people:
        marked = [
            f"{p}{' +cases' if c == 'yes' else ''}" for p, c in zip(orders[who], conditions[who], strict=True)
        ]
        print(f"  {who}: {', '.join(marked[:6])}{f', … ({len(marked)})' if len(marked) > 6 else ''}")
    print(
        f"power to see a gain of {plan.expected_effect:.0%} (paired sign test, 5% level, 5% harmed): {power:.0%}"
        f"; 80% needs {needed or 'more than 2000'} problems"
    )


def ask_consent(text: str, read_line: Callable[[], str]) -> bool:
    """Show the text and read yes or no. Raises UsageError on any other end of the input."""
    print(f"{text.strip()}\n", file=sys.stderr)
    while True:
        print("do you agree? (yes/no) ", end="", file=sys.stderr, flush=True)
        line = read_line()
        if not line:
            raise UsageError("no answer to the consent text: nothing was started")
        if line.strip().lower() in ("yes", "y", "no", "n"):
            return line.strip().lower().startswith("y")
