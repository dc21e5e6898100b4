"""`assistant run` and `assistant resume`: the terminal app, or the same session in plain lines."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from assistant.cli.composition import RunOptions, check_options, tell_settings
from assistant.core.plugins import engine_kinds
from assistant.engine.inference.precision import PRECISIONS

SOURCE = typer.Option("--problems", metavar="SOURCE", help="starter, humaneval, a path, or hub:NAME.")
PROBLEM = typer.Option("--problem", metavar="ID", help="Start with this problem.")
ENGINE = typer.Option("--engine", metavar="KIND", help=f"{', '.join(engine_kinds())}.")
MODEL = typer.Option("--model", metavar="NAME|PATH", help="A Hugging Face name, a folder, or a GGUF file.")
DEVICE = typer.Option("--device", metavar="DEVICE", help="auto, cuda, mps or cpu.")
PRECISION = typer.Option(
    "--precision", metavar="P", help=f"{', '.join(PRECISIONS[:-1])} or {PRECISIONS[-1]}."
)
BASE_URL = typer.Option("--base-url", metavar="URL", help="Server for --engine openai.")
SCRIPT = typer.Option("--script", metavar="FILE", help="Answers for --engine scripted.")
ROUNDS = typer.Option("--rounds", min=0, max=100, help="Feedback rounds after the first answer.")
SAMPLES = typer.Option("--samples", min=1, max=100, help="Programs drawn each round.")
TEMPERATURE = typer.Option("--temperature", min=0.0, max=5.0, help="0 is greedy.")
SEED = typer.Option("--seed", help="Of the random draws.")
MAX_TOKENS = typer.Option("--max-tokens", min=1, help="Longest answer, in tokens.")
TESTS_SHOWN = typer.Option("--tests-in-prompt", min=0, help="Visible tests the model sees (default: all).")
CASES = typer.Option("--failing-cases/--no-failing-cases", help="Send failing cases along with your words.")
DROP = typer.Option(
    "--drop-rounds/--keep-rounds",
    help="When the dialogue outgrows the model: leave out its oldest rounds, or refuse.",
)
TEMPLATE = typer.Option("--template", metavar="ID", help="Wording of the prompts.")
SESSIONS = typer.Option("--sessions", metavar="DIR", help="Where journals are written.")
ANNOTATOR = typer.Option("--annotator", metavar="ID", help="A pseudonym; never your name.")
AUTHOR = typer.Option(
    "--author",
    metavar="WHO",
    help="Who speaks: person (the default at a terminal), or model:NAME where a program or a model does.",
)
STUDY = typer.Option("--study", metavar="FILE", help="A study file that fixes the settings.")
ARMS = typer.Option(
    "--arms", metavar="ARMS", help="Control arms made while you think: all, none, or retry,tests,…"
)
PLAIN = typer.Option("--plain", help="No full screen: plain lines, feedback from standard input.")
JSON = typer.Option("--json", help="With --plain: print every event as a line of JSON.")
UNSAFE = typer.Option(
    "--unsafe-run", help="Run code without isolation where the sandbox is not available. Dangerous."
)


def run(
    context: typer.Context,
    problems: Annotated[str | None, SOURCE] = None,
    problem: Annotated[str | None, PROBLEM] = None,
    engine: Annotated[str | None, ENGINE] = None,
    model: Annotated[str | None, MODEL] = None,
    device: Annotated[str | None, DEVICE] = None,
    precision: Annotated[str | None, PRECISION] = None,
    base_url: Annotated[str | None, BASE_URL] = None,
    script: Annotated[Path | None, SCRIPT] = None,
    rounds: Annotated[int, ROUNDS] = 4,
    samples: Annotated[int, SAMPLES] = 1,
    temperature: Annotated[float, TEMPERATURE] = 0.0,
    seed: Annotated[int, SEED] = 0,
    max_tokens: Annotated[int, MAX_TOKENS] = 640,
    tests_in_prompt: Annotated[int | None, TESTS_SHOWN] = None,
    failing_cases: Annotated[bool | None, CASES] = None,
    drop_rounds: Annotated[bool, DROP] = True,
    template: Annotated[str | None, TEMPLATE] = None,
    sessions: Annotated[Path | None, SESSIONS] = None,
    annotator: Annotated[str | None, ANNOTATOR] = None,
    author: Annotated[str | None, AUTHOR] = None,
    study: Annotated[Path | None, STUDY] = None,
    arms: Annotated[str | None, ARMS] = None,
    plain: Annotated[bool, PLAIN] = False,
    json_events: Annotated[bool, JSON] = False,
    unsafe_run: Annotated[bool, UNSAFE] = False,
) -> int:
    """Work on problems with the model (the default command)."""
    options = RunOptions(
        source=problems,
        problem=problem,
        engine=engine,
        model=model,
        device=device,
        precision=precision,
        base_url=base_url,
        script=script,
        rounds=rounds,
        samples=samples,
        temperature=temperature,
        seed=seed,
        max_tokens=max_tokens,
        tests_in_prompt=tests_in_prompt,
        failing_cases=failing_cases,
        drop_rounds=drop_rounds,
        template=template,
        sessions=sessions,
        annotator=annotator,
        study=study,
        arms=arms,
        unsafe=unsafe_run,
        author=author,
        given=_given(context),
    )
    check_options(options)
    if plain or json_events or not full_screen_possible():
        from assistant.cli.plain_session import run_plain

        tell_settings()

        return run_plain(options, json_events=json_events)
    from assistant.cli.tui_launcher import run_screen

    return run_screen(options)


def resume(
    session: Annotated[str, typer.Argument(metavar="ID", help="A session id, or the beginning of one.")],
    engine: Annotated[str | None, ENGINE] = None,
    model: Annotated[str | None, MODEL] = None,
    device: Annotated[str | None, DEVICE] = None,
    precision: Annotated[str | None, PRECISION] = None,
    base_url: Annotated[str | None, BASE_URL] = None,
    script: Annotated[Path | None, SCRIPT] = None,
    sessions: Annotated[Path | None, SESSIONS] = None,
    annotator: Annotated[str | None, ANNOTATOR] = None,
    author: Annotated[str | None, AUTHOR] = None,
    plain: Annotated[bool, PLAIN] = False,
    json_events: Annotated[bool, JSON] = False,
    unsafe_run: Annotated[bool, UNSAFE] = False,
) -> int:
    """Go on with an interrupted session at the round where it stopped."""
    options = RunOptions(
        engine=engine,
        model=model,
        device=device,
        precision=precision,
        base_url=base_url,
        script=script,
        sessions=sessions,
        annotator=annotator,
        unsafe=unsafe_run,
        author=author,
        resume=session,
    )
    check_options(options)
    if plain or json_events or not full_screen_possible():
        from assistant.cli.plain_session import run_plain

        tell_settings()

        return run_plain(options, json_events=json_events)
    from assistant.cli.tui_launcher import run_screen

    return run_screen(options)


def _given(context: typer.Context) -> frozenset[str]:
    """Names of the options that stand on the command line, as the function's parameters are named."""
    sources = {name: context.get_parameter_source(name) for name in context.params}
    return frozenset(name for name, source in sources.items() if source and source.name == "COMMANDLINE")


def full_screen_possible() -> bool:
    """A real terminal on all ends that is not `dumb` (Textual paints on standard error), or a browser."""
    if os.environ.get("TEXTUAL_DRIVER"):  # `assistant serve` hands the screen on through pipes
        return True
    ends = (sys.stdin, sys.stdout, sys.stderr)
    return all(end is not None and end.isatty() for end in ends) and os.environ.get("TERM", "dumb") != "dumb"
