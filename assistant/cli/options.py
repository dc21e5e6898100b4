"""Command-line options that several commands have, each written once, and groups of them.

A command takes a single option by its `Annotated` type. A dataclass whose fields have such types is a group: under
`with_groups`, a parameter annotated with it becomes its options on the command line; the command gets an instance.
"""

from __future__ import annotations

import functools
import inspect
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import MISSING, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Annotated, Any, get_args, get_origin, get_type_hints

import typer
from typer.models import ParameterInfo

from assistant.core.errors import UsageError
from assistant.core.plugins import engine_kinds
from assistant.engine.inference.precision import PRECISIONS

_PROBLEMS = typer.Option("--problems", metavar="SOURCE", help="starter, humaneval, a path, or hub:NAME.")
Problems = Annotated[str, _PROBLEMS]
OptionalProblems = Annotated[str | None, _PROBLEMS]
"""None where nothing is named, so that a study or the default decides."""
Problem = Annotated[str | None, typer.Option("--problem", metavar="ID", help="Start with this problem.")]
Limit = Annotated[int | None, typer.Option("--limit", min=1, metavar="N", help="Only the first N problems.")]
Split = Annotated[str | None, typer.Option("--split", help="MBPP's prompt, test, validation or train.")]

Engine = Annotated[str | None, typer.Option("--engine", metavar="KIND", help=f"{', '.join(engine_kinds())}.")]
Model = Annotated[
    str | None,
    typer.Option("--model", metavar="NAME|PATH", help="A Hugging Face name, a folder, or a GGUF file."),
]
Device = Annotated[str | None, typer.Option("--device", metavar="DEVICE", help="auto, cuda, mps or cpu.")]
Precision = Annotated[
    str | None,
    typer.Option("--precision", metavar="P", help=f"{', '.join(PRECISIONS[:-1])} or {PRECISIONS[-1]}."),
]
BaseUrl = Annotated[
    list[str] | None,
    typer.Option("--base-url", metavar="URL", help="Server for --engine openai; repeatable, for one model."),
]
BaseModel = Annotated[
    bool,
    typer.Option(
        "--base-model", help="The server's model is no chat model: plain text with [BEGIN], [DONE]."
    ),
]
Script = Annotated[
    Path | None, typer.Option("--script", metavar="FILE", help="Answers for --engine scripted.")
]
OwnEngine = Annotated[
    bool, typer.Option("--own-engine", help="Load a model of our own, whatever `assistant engine` holds.")
]
UnsafeRun = Annotated[
    bool,
    typer.Option(
        "--unsafe-run", help="Run code without isolation where the sandbox is not available. Dangerous."
    ),
]

Rounds = Annotated[
    int, typer.Option("--rounds", min=0, max=100, help="Feedback rounds after the first answer.")
]
Samples = Annotated[int, typer.Option("--samples", min=1, max=100, help="Programs drawn each round.")]
Draws = Annotated[
    int | None,
    typer.Option(
        "--draws", min=0, max=64, help="Further draws of each answer while you read (app: 3, on a GPU 8)."
    ),
]
PointByPoint = Annotated[
    bool | None,
    typer.Option(
        "--point-by-point/--all-at-once",
        help="Take several points of your feedback one by one where the answer to all of them fails.",
    ),
]
Temperature = Annotated[float, typer.Option("--temperature", min=0.0, max=5.0, help="0 is greedy.")]
Seed = Annotated[int, typer.Option("--seed", help="Of the random draws.")]
MaxTokens = Annotated[int, typer.Option("--max-tokens", min=1, help="Longest answer, in tokens.")]
ThinkingTokens = Annotated[
    int | None,
    typer.Option(
        "--thinking-tokens", min=0, help="Of these, most that a thinking model may think before it answers."
    ),
]
TestsInPrompt = Annotated[
    int | None, typer.Option("--tests-in-prompt", min=0, help="Visible tests the model sees (default: all).")
]
FailingCases = Annotated[
    bool | None,
    typer.Option("--failing-cases/--no-failing-cases", help="Send failing cases along with your feedback."),
]
DropRounds = Annotated[
    bool,
    typer.Option(
        "--drop-rounds/--keep-rounds",
        help="When the dialogue outgrows the model: leave out its oldest rounds, or refuse.",
    ),
]
Template = Annotated[str | None, typer.Option("--template", metavar="ID", help="Wording of the prompts.")]
Annotator = Annotated[
    str | None, typer.Option("--annotator", metavar="ID", help="A pseudonym; never your name.")
]
Author = Annotated[
    str | None,
    typer.Option(
        "--author",
        metavar="WHO",
        help="Who speaks: person (the default at a terminal), or model:NAME where a program or a model does.",
    ),
]
Study = Annotated[
    Path | None, typer.Option("--study", metavar="FILE", help="A study file that fixes the settings.")
]
Alone = Annotated[
    bool,
    typer.Option("--alone", help="Write the program yourself, without the model, on the clock."),
]
Arms = Annotated[
    str | None,
    typer.Option(
        "--arms", metavar="ARMS", help="Control arms made while you think: all, none, or retry,tests,…"
    ),
]
Plain = Annotated[
    bool, typer.Option("--plain", help="No full screen: plain lines, feedback from standard input.")
]
JsonEvents = Annotated[
    bool, typer.Option("--json", help="With --plain: print every event as a line of JSON.")
]

SessionId = Annotated[str, typer.Argument(metavar="ID", help="A session id, or the beginning of one.")]
WrittenSessions = Annotated[
    Path | None, typer.Option("--sessions", metavar="DIR", help="Where journals are written.")
]
Sessions = Annotated[Path | None, typer.Option("--sessions", metavar="DIR", help="The folder of journals.")]
SessionsFolder = Annotated[Path | None, typer.Argument(metavar="DIR", help="The folder of journals.")]
"""The same as the command's argument; it goes before `--sessions`."""
LeaveOut = Annotated[
    list[str] | None,
    typer.Option(
        "--leave-out",
        metavar="NAME",
        help="Leave out a session or an annotator, counted as not planned; NAME=2: by the plan's 2nd exclusion.",
    ),
]
KeepExcluded = Annotated[
    bool, typer.Option("--keep-excluded", help="Do not apply the exclusions of a frozen plan; this is said.")
]
RunFolder = Annotated[Path, typer.Argument(metavar="DIR", help="The folder of a run.")]
PublicUrl = Annotated[
    str,
    typer.Option(
        "--public-url",
        metavar="URL",
        help="Where a reverse proxy with TLS serves it, e.g. https://study.example.org.",
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]

HiddenTests = Annotated[
    str | None,
    typer.Option("--hidden-tests", metavar="FILE", help="MBPP+ or HumanEval+: its tests, scored silently."),
]
Streams = Annotated[
    int | None, typer.Option("--streams", min=1, max=4096, help="Requests open at once (64 for a server).")
]
BatchSize = Annotated[
    int | None,
    typer.Option("--batch", min=1, max=1024, help="Samples in one request (of a model on this machine)."),
]
Minutes = Annotated[
    float | None,
    typer.Option("--minutes", min=0.01, help="Begin nothing new after so long; the same command goes on."),
]
Timeout = Annotated[
    float, typer.Option("--timeout", min=0.05, max=600.0, metavar="S", help="Seconds per test.")
]
Judges = Annotated[
    int | None,
    typer.Option(
        "--judges", min=1, max=1024, help="Programs judged at once (default: cores; ASSISTANT_CORES)."
    ),
]
Ray = Annotated[
    str | None,
    typer.Option("--ray", metavar="ADDRESS", help="Judge on a Ray cluster: local, auto or HOST:PORT."),
]
PriceIn = Annotated[float | None, typer.Option("--price-in", min=0, help="Of a million tokens read.")]
PriceOut = Annotated[float | None, typer.Option("--price-out", min=0, help="Of a million tokens written.")]
BenchOut = Annotated[
    Path | None, typer.Option("--out", metavar="DIR", help="Folder of the run (default: by what is asked).")
]
SummaryJson = Annotated[bool, typer.Option("--json", help="Print summary.json instead of the tables.")]


def check_samples(samples: int, temperature: float) -> None:
    """Refuse several draws that would all be the same. Raises UsageError."""
    if samples > 1 and temperature == 0:
        raise UsageError("--samples above 1 with --temperature 0 draws the same again; try --temperature 0.8")


def check_thinking(thinking_tokens: int | None, max_tokens: int) -> None:
    """Refuse a bound on thinking that would leave no answer. Raises UsageError."""
    if thinking_tokens is not None and thinking_tokens >= max_tokens:
        raise UsageError(
            f"--thinking-tokens {thinking_tokens} leaves no room for an answer: --max-tokens {max_tokens} bounds "
            "both; raise it"
        )


@dataclass(frozen=True)
class EngineOptions:
    """Which model runs, and where: the options of a command that needs nothing else from a session's."""

    engine: Engine = None
    model: Model = None
    device: Device = None
    precision: Precision = None
    base_url: BaseUrl = None
    script: Script = None

    @property
    def servers(self) -> str:
        """The addresses of `--base-url` as one text, as engines take it."""
        return ",".join(self.base_url or ())


@dataclass(frozen=True)
class ProblemOptions:
    """Which problems a session may take, and the first."""

    problems: OptionalProblems = None
    problem: Problem = None


class Arguments(dict[str, object]):
    """Every argument of a command, by the name of its parameter; `with_groups` fills it in."""


@dataclass(frozen=True)
class Choice:
    """Which options of a group a command has (all where `only` is empty), and defaults of its own."""

    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    defaults: Mapping[str, object] = field(default_factory=dict)

    def has(self, name: str) -> bool:
        """Whether the command has the option of this field."""
        return name not in self.without and (not self.only or name in self.only)


def with_groups(command: Callable[..., int]) -> Callable[..., int]:
    """The command with the options of its groups in place of the groups, in the order of the fields.

    A group may inherit others; as in every dataclass, the fields of the last base stand first.

    A group is a parameter annotated with a dataclass, or with `Annotated[the dataclass, Choice(…)]`. A parameter
    annotated with `Arguments` gets all arguments.
    """
    hints = get_type_hints(command, include_extras=True)
    groups = {name: group for name, hint in hints.items() if (group := _group_of(hint)) is not None}
    everything = next((name for name, hint in hints.items() if hint is Arguments), None)
    parameters: list[inspect.Parameter] = []
    for name, parameter in inspect.signature(command).parameters.items():
        if name in groups:
            parameters += _parameters_of(*groups[name])
        elif name != everything:
            kind = inspect.Parameter.KEYWORD_ONLY
            parameters.append(parameter.replace(annotation=hints[name], kind=kind))

    @functools.wraps(command)
    def flat(**arguments: Any) -> int:
        given = dict(arguments)
        for name, (group, choice) in groups.items():
            own = [option for option, _ in _options_of(group) if choice.has(option)]
            given[name] = group(**{option: given.pop(option) for option in own})
        if everything is not None:
            given[everything] = Arguments(arguments)
        return command(**given)

    flat.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
    flat.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    return flat


def _group_of(hint: Any) -> tuple[type[Any], Choice] | None:
    """The dataclass of a group and which of its options are meant; None for a parameter of another kind."""
    if isinstance(hint, type) and is_dataclass(hint):
        return hint, Choice()
    if get_origin(hint) is Annotated and is_dataclass(get_args(hint)[0]):
        choices = [extra for extra in get_args(hint)[1:] if isinstance(extra, Choice)]
        return (get_args(hint)[0], choices[0]) if choices else None
    return None


def _options_of(group: type[Any]) -> Iterator[tuple[str, Any]]:
    """Name and annotation of the fields that are options; other fields are not for the command line, and their types
    may be known to the type checker only.
    """
    for base in reversed(group.__mro__):
        names = vars(sys.modules[base.__module__])
        for name, text in inspect.get_annotations(base).items():
            with suppress(NameError):
                hint = eval(text, names)
                if any(isinstance(extra, ParameterInfo) for extra in getattr(hint, "__metadata__", ())):
                    yield name, hint


def _parameters_of(group: type[Any], choice: Choice) -> Iterator[inspect.Parameter]:
    defaults = {item.name: item.default for item in fields(group) if item.default is not MISSING}
    for name, hint in _options_of(group):
        if choice.has(name):
            default = {**defaults, **choice.defaults}.get(name, inspect.Parameter.empty)
            yield inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=hint)
