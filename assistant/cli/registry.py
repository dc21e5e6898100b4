"""Which function stands behind which command. Modules are imported here, and must stay light (no torch)."""

from __future__ import annotations

import typer

from assistant.cli import (
    analyze,
    arms,
    bench,
    check,
    consent,
    doctor,
    export,
    guide,
    import_,
    model,
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
    app.command("problems")(problems.problems)
    app.command("check")(check.check)
    app.command("sessions")(sessions.sessions)
    app.command("show")(sessions.show)
    app.command("resume")(run.resume)
    app.command("verify")(sessions.verify)
    app.command("replay")(replay.replay)
    app.command("arms")(arms.arms)
    app.command("analyze")(analyze.analyze)
    app.command("export")(export.export)
    app.command("consent")(consent.consent)
    app.command("withdraw")(consent.withdraw)
    app.command("import")(import_.import_)
    app.add_typer(bench.bench_app, name="bench")
    app.command("train")(train.train)
    app.add_typer(study.study_app, name="study")
    app.add_typer(model.model_app, name="model")
    app.command("serve", context_settings=PASS_ON)(serve.serve)
    app.command("doctor")(doctor.doctor)
    app.command("guide")(guide.guide)
