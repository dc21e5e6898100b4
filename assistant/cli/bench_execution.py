"""`assistant bench execution`: what does the reference program give for a test's input?"""

from __future__ import annotations

from typing import Annotated

import typer

from assistant.cli import bench_options as o
from assistant.core.errors import UsageError


def execution(
    problems: o.Problems = "starter",
    samples: Annotated[int, typer.Option("--samples", "-k", min=1, max=10_000, help="Of each call.")] = 1,
    temperature: Annotated[float, typer.Option("--temperature", min=0.0, max=5.0, help="0 is greedy.")] = 0.0,
    calls: Annotated[int, typer.Option("--calls", min=1, max=100, help="Calls asked of each problem.")] = 1,
    split: Annotated[
        str | None, typer.Option("--split", help="MBPP's prompt, test, validation or train.")
    ] = None,
    limit: o.Limit = None,
    engine: o.Engine_ = None,
    model: o.Model = None,
    device: o.Device = None,
    precision: o.Precision = None,
    base_url: o.BaseUrl = None,
    base_model: o.BaseModel = False,
    script: o.Script = None,
    seed: o.Seed = 0,
    max_tokens: o.MaxTokens = 320,
    streams: o.Streams = None,
    batch: o.BatchSize = None,
    minutes: o.Minutes = None,
    price_in: o.PriceIn = None,
    price_out: o.PriceOut = None,
    out: o.Out = None,
    json_: o.JsonOut = False,
    unsafe_run: o.Unsafe = False,
) -> int:
    """Predict what the reference program gives, with and without the other tests shown; compared as values."""
    given = o.given_options(locals())
    from assistant.bench.execution import plan as plans
    from assistant.bench.execution.call_questions import questions
    from assistant.bench.execution.report import drawing, report
    from assistant.bench.execution.values import judge_value
    from assistant.bench.load_problems import first, load_ready
    from assistant.core.generation import Sampling

    options = o.BenchOptions(
        engine=engine, model=model, device=device, precision=precision, base_url=base_url, script=script,
        base_model=base_model, streams=streams, batch=batch, minutes=minutes, price_in=price_in, price_out=price_out,
        out=out, json_=json_, unsafe=unsafe_run, given=given,
    )  # fmt: skip
    if samples > 1 and temperature == 0:
        raise UsageError(
            "more than one sample at temperature 0 draws the same value again: add --temperature"
        )
    if o.shown_again("execution", options):
        return 0
    with options.parts() as parts:
        collection = first(load_ready(problems, parts.sandbox, o.say, split=split or ""), limit)
        asked = questions(collection, parts.sandbox, calls, o.say)
        if not asked:
            raise UsageError(f"{problems} has no reference programs that are called with literals")
        sampling = Sampling(temperature=temperature, seed=seed, max_new_tokens=max_tokens)
        template = plans.load_wording(parts.prepare())
        plan = plans.Plan(asked, problems, template, samples, sampling)
        run = parts.run("execution", problems, plan.asked(), samples, judge=judge_value)
        with o.with_progress("execution", run) as progressing:
            progressing.make(plan.jobs(), plan.total)
        summary = run.finish(plans.GROUPS, plan.total, plans.summarise, drawing)
    o.show(summary, report, run.folder, json_=options.json_)
    return 0
