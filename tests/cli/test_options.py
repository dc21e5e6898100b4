"""Options that are written once: groups become options, and each command keeps its own list of them."""

from __future__ import annotations

import inspect
from dataclasses import dataclass
from typing import Annotated, Any

import pytest
import typer

from assistant.cli import bench_execution, bench_feedback, bench_synthesis, composition, run
from assistant.cli import options as o
from assistant.cli.bench_options import LATER, UNDECIDING, BenchOptions
from assistant.cli.run_options import RunOptions
from assistant.settings.preferences import save_preference

MACHINE = "engine model device precision base_url script base_model seed max_tokens streams batch minutes"
ENDS = "price_in price_out out json_ unsafe_run"


@dataclass(frozen=True)
class Group:
    """Two options, and a field that is none."""

    seed: o.Seed = 1
    limit: o.Limit = None
    given: str = ""


def _app(command: object) -> typer.Typer:
    app = typer.Typer(rich_markup_mode=None)
    app.command()(command)  # type: ignore[arg-type, type-var]
    return app


def _called(command: object, *words: str) -> object:
    return _app(command)(args=list(words), standalone_mode=False)


def test_a_group_is_its_options() -> None:
    found = []

    @o.with_groups
    def command(arguments: o.Arguments, folder: o.SessionsFolder = None, group: Group = Group()) -> int:
        found.append((dict(arguments), folder, group))
        return 0

    _called(command, "--limit", "3")
    _called(command, "here", "--seed", "7")
    assert found[0] == ({"folder": None, "seed": 1, "limit": 3}, None, Group(1, 3))
    assert found[1][2] == Group(7) and str(found[1][1]) == "here"


def test_a_command_chooses_among_them() -> None:
    found = []

    @o.with_groups
    def command(group: Annotated[Group, o.Choice(without=("limit",), defaults={"seed": 5})]) -> int:
        found.append(group)
        return 0

    _called(command)
    assert found == [Group(5)]
    with pytest.raises(Exception, match="No such option: --limit"):
        _called(command, "--limit", "3")


@pytest.mark.parametrize(
    ("command", "own", "machine"),
    [
        (
            bench_synthesis.synthesis,
            "problems samples temperature asserts shots shots_from prompt_seeds edited split template hidden_tests "
            "limit ids offset shard",
            f"{MACHINE} timeout judges {ENDS}",
        ),
        (bench_execution.execution, "problems samples temperature calls split limit", f"{MACHINE} {ENDS}"),
        (
            bench_feedback.feedback,
            "folder ilf arms template search half samples temperature person_model person_base_url held_out limit",
            f"{MACHINE} timeout {ENDS}",
        ),
    ],
)
def test_arguments_by_which_a_finished_run_is_found(command: object, own: str, machine: str) -> None:
    """Runs of earlier releases are found by these names: they are part of what a run's folder holds."""
    parameters = inspect.signature(command).parameters  # type: ignore[arg-type]
    added = {name: str(parameters[name].default) for name in LATER if name in parameters}
    assert added.items() <= LATER.items(), "left out of the name of a run where it is not used"
    names = [name for name in parameters if name not in {*LATER, "ray"}]
    assert names == [*own.split(), *machine.split()]
    given = BenchOptions().asked_with(o.Arguments(dict.fromkeys(names))).given
    assert sorted(given) == sorted(set(names) - UNDECIDING)
    one = BenchOptions().asked_with(o.Arguments(base_url=["http://s/v1"])).given
    assert one == {"base_url": "http://s/v1"}, "as before there could be several"


def test_options_of_a_session() -> None:
    assert list(inspect.signature(run.resume).parameters) == ["session", *run.OF_RESUME]
    assert set(run.OF_RESUME) < set(inspect.signature(run.run).parameters)


@pytest.mark.parametrize(
    ("said", "kept", "found"),
    [
        ({}, {}, ("", "")),
        ({"model": "m"}, {"model": "other"}, ("m", "")),
        ({}, {"model": "other", "base_url": "http://s/v1"}, ("other", "http://s/v1")),
        ({"engine": "transformers"}, {"base_url": "http://s/v1"}, ("", "")),
        ({"engine": "openai", "base_url": ["http://t/v1"]}, {"base_url": "http://s/v1"}, ("", "http://t/v1")),
        ({"base_url": ["http://t/v1", "http://u/v1"]}, {}, ("", "http://t/v1,http://u/v1")),
        ({"engine": "scripted"}, {}, ("", "")),
    ],
)
def test_the_app_starts_with_the_choice_that_the_engine_is_made_of(
    said: dict[str, Any], kept: dict[str, str], found: tuple[str, str]
) -> None:
    for name, value in kept.items():
        save_preference(name, value)
    assert composition.engine_choice(RunOptions(**said)) == found
