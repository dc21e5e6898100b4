"""Which function stands behind which command. Modules are imported here, and must stay light (no torch)."""

from __future__ import annotations

import typer

from assistant.cli import (
    analyze,
    arms,
    bench_compare,
    bench_execution,
    bench_feedback,
    bench_protocol,
    bench_score,
    bench_synthesis,
    check,
    consent,
    doctor,
    engine,
    export,
    fix,
    guide,
    import_,
    model,
    paper,
    problems,
    replay,
    run,
    serve,
    sessions,
    study,
    train,
)

PASS_ON = {"allow_extra_args": True, "ignore_unknown_options": True}
"""For a command that hands on the options of another."""


def register(app: typer.Typer) -> None:
    """Hang every command onto `app`, in the order of `--help`."""
    app.command("run")(run.run)
    app.command("fix")(fix.fix)
    app.command("problems")(problems.problems)
    app.command("check")(check.check)
    app.command("sessions")(sessions.sessions)
    app.command("show")(sessions.show)
    app.command("resume")(run.resume)
    app.command("verify")(sessions.verify)
    app.command("replay")(replay.replay)
    app.command("arms")(arms.arms)
    app.command("analyze")(analyze.analyze)
    app.command("paper")(paper.paper)
    app.command("export")(export.export)
    app.command("consent")(consent.consent)
    app.command("withdraw")(consent.withdraw)
    app.command("import")(import_.import_)
    app.add_typer(_bench(), name="bench")
    app.command("train")(train.train)
    app.add_typer(study.study_app, name="study")
    app.add_typer(model.model_app, name="model")
    app.add_typer(engine.engine_app, name="engine")
    app.command("serve", context_settings=PASS_ON)(serve.serve)
    app.command("doctor")(doctor.doctor)
    app.command("guide")(guide.guide)


def _bench() -> typer.Typer:
    """The experiments of the paper."""
    app = typer.Typer(
        help="The paper's experiments as one command each; every run can be stopped and gone on with.",
        no_args_is_help=True,
        rich_markup_mode=None,
    )
    app.command("synthesis")(bench_synthesis.synthesis)
    app.command("execution")(bench_execution.execution)
    app.command("feedback")(bench_feedback.feedback)
    app.command("protocol")(bench_protocol.protocol)
    app.command("score")(bench_score.score)
    app.command("show")(bench_score.show)
    app.command("merge")(bench_score.merge)
    app.command("export")(bench_score.export)
    app.command("export-samples", hidden=True)(bench_score.export)  # its name before
    app.command("compare")(bench_compare.compare)
    app.command("check")(bench_compare.check)
    return app
