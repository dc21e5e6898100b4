"""`assistant bench`: the experiments of the paper, as one command each."""

from __future__ import annotations

import typer

from assistant.cli import bench_compare, bench_execution, bench_feedback, bench_score, bench_synthesis

bench_app = typer.Typer(
    help="The paper's experiments as one command each; every run can be stopped and gone on with.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
bench_app.command("synthesis")(bench_synthesis.synthesis)
bench_app.command("execution")(bench_execution.execution)
bench_app.command("feedback")(bench_feedback.feedback)
bench_app.command("score")(bench_score.score)
bench_app.command("show")(bench_score.show)
bench_app.command("merge")(bench_score.merge)
bench_app.command("export-samples")(bench_score.export_samples)
bench_app.command("compare")(bench_compare.compare)
bench_app.command("check")(bench_compare.check)
