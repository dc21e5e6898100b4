"""`assistant bench execution`: what does the reference program give for a test's input?"""

from __future__ import annotations

from typing import Annotated

import typer

from assistant.cli import bench_options as b
from assistant.cli import options as o
from assistant.core.errors import UsageError


@o.with_groups
def execution(
    arguments: o.Arguments,
    problems: o.Problems = "starter",
    samples: Annotated[int, typer.Option("--samples", "-k", min=1, max=10_000, help="Of each call.")] = 1,
    temperature: o.Temperature = 0.0,
    calls: Annotated[int, typer.Option("--calls", min=1, max=100, help="Calls asked of each problem.")] = 1,
    split: o.Split = None,
    limit: o.Limit = None,
    options: Annotated[
        b.BenchOptions, o.Choice(without=("timeout", "judges", "ray"), defaults={"max_tokens": 320})
    ] = b.BenchOptions(),
) -> int:
    """Predict what the reference program gives, with and without the other tests shown; compared as values."""
    from assistant.bench.execution import plan as plans
    from assistant.bench.execution.call_questions import questions
    from assistant.bench.execution.report import drawing, report
    from assistant.bench.execution.values import judge_value
    from assistant.bench.load_problems import first, load_ready

    options = options.asked_with(arguments)
    o.check_samples(samples, temperature)
    if b.shown_again("execution", options):
        return 0
    with options.parts() as parts:
        collection = first(load_ready(problems, parts.sandbox, b.say, split=split or ""), limit)
        asked = questions(collection, parts.sandbox, calls, b.say)
        if not asked:
            raise UsageError(f"{problems} has no reference programs that are called with literals")
        template = plans.load_wording(is_chat=parts.prepare().is_chat)
        plan = plans.ExecutionPlan(asked, problems, template, samples, options.sampling(temperature))
        run = parts.run("execution", problems, plan.asked(), samples, judge=judge_value)
        with b.with_progress("execution", run) as progressing:
            progressing.make(plan.jobs(), plan.total)
        summary = run.finish(plans.GROUPS, plan.total, plans.summarise, drawing)
    b.show(summary, report, run.folder, json_=options.json_)
    return 0
