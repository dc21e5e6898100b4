"""`assistant bench synthesis`: programs from tasks, many samples a problem."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from assistant.cli import bench_options as b
from assistant.cli import options as o
from assistant.core.errors import UsageError

if TYPE_CHECKING:
    from assistant.bench.synthesis.synthesis_config import Question
    from assistant.core.problem import Problem

DRAWS, TEMPERATURE = 80, "0.5"


@o.with_groups
def synthesis(
    arguments: o.Arguments,
    problems: o.Problems = "starter",
    samples: Annotated[
        int, typer.Option("--samples", "-k", min=1, max=10_000, help="Of each problem.")
    ] = DRAWS,
    temperature: Annotated[
        str, typer.Option("--temperature", metavar="T[,T…]", help="0 is greedy; several make a sweep.")
    ] = TEMPERATURE,
    beams: Annotated[
        int,
        typer.Option(
            "--beams",
            min=1,
            max=64,
            metavar="N",
            help="The N likeliest programs, by beam search: none is drawn.",
        ),
    ] = 1,
    asserts: Annotated[
        str, typer.Option("--asserts", metavar="N[,N…]", help="Tests in the prompt: 0 to 3, or all.")
    ] = "all",
    shots: Annotated[
        str | None,
        typer.Option("--shots", metavar="IDS", help="Examples, e.g. 2,3,4 (usual for base models), or none."),
    ] = None,
    shots_from: Annotated[
        str | None,
        typer.Option("--shots-from", metavar="SOURCE", help="Where examples are (default: --problems)."),
    ] = None,
    prompt_seeds: Annotated[
        int,
        typer.Option("--prompt-seeds", min=1, max=100, help="Prompts with other examples; and their union."),
    ] = 1,
    edited: Annotated[
        str | None,
        typer.Option("--edited", metavar="FILE", help="Sanitized MBPP: ask original and edited text, both."),
    ] = None,
    split: o.Split = None,
    template: Annotated[
        str, typer.Option("--template", metavar="ID", help="Wording of the prompt.")
    ] = "paper",
    hidden_tests: o.HiddenTests = None,
    limit: o.Limit = None,
    ids: Annotated[
        str, typer.Option("--ids", metavar="ID[,ID…]", help="Only these problems, e.g. 2,3 or HumanEval/7.")
    ] = "",
    offset: Annotated[int, typer.Option("--offset", min=0, metavar="N", help="Pass over the first N.")] = 0,
    shard: Annotated[
        str,
        typer.Option(
            "--shard", metavar="I/N", help="Every N-th problem; `bench merge` puts shards together."
        ),
    ] = "",
    options: b.BenchOptions = b.BenchOptions(),
) -> int:
    """Draw programs for every problem, score them, and report both of the paper's metrics and pass@k."""
    from assistant.bench.shards import ProblemSelection
    from assistant.bench.synthesis.synthesis_config import Question

    options = options.asked_with(arguments)
    if beams > 1:  # what was left away
        samples = beams if samples == DRAWS else samples
        temperature = "0" if temperature == TEMPERATURE else temperature
    question = Question(
        source=problems, samples=samples, temperature=temperature, beams=beams, asserts=asserts, shots=shots,
        shots_from=shots_from or "", prompt_seeds=prompt_seeds, edited=edited or "", split=split or "",
        template=template, hidden=hidden_tests or "", limit=limit, seed=options.seed, max_tokens=options.max_tokens,
        thinking_tokens=options.thinking_tokens,
        part=ProblemSelection.parse(ids, offset, shard),
    )  # fmt: skip
    question.check()
    if b.shown_again("synthesis", options):
        return 0
    return answer(question, options)


def answer(
    question: Question,
    options: b.BenchOptions,
    select: Callable[[tuple[Problem, ...]], tuple[Problem, ...]] = lambda found: found,
) -> int:
    """Run it, on those of its problems that `select` takes, and show the result."""
    from assistant.bench.synthesis.figure import drawing
    from assistant.bench.synthesis.report import report
    from assistant.bench.synthesis.summary import summarise
    from assistant.core.generation import SupportsBeams

    with options.parts() as parts:
        found = question.problems(parts.sandbox, b.say)
        problems = {text: select(some) for text, some in found.items()}
        if not all(problems.values()):
            raise UsageError(f"no problem of {question.source} may be asked: name another source")
        plan = question.plan(problems, parts.prepare())
        if question.beams > 1 and not isinstance(parts.engine, SupportsBeams):
            raise UsageError(
                "--beams needs a model on this machine (--engine transformers): others only draw"
            )
        run = parts.run("synthesis", question.source, plan.asked(), plan.samples)
        with b.with_progress("synthesis", run) as progressing:
            progressing.make(plan.jobs(), plan.total)
        summary = run.finish(
            [variant.name for variant in plan.variants],
            plan.total,
            lambda groups: summarise(plan.variants, groups),
            drawing,
        )
    b.show(summary, report, run.folder, json_=options.json_)
    return 0
