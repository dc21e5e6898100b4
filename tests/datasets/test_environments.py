"""`verifiers` and `harbor`: environments whose reward is the sealed sandbox (its attacks: `test_reward.py`)."""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import subprocess
import sys
import tomllib
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

for module in ("pyarrow", "datasketch", "detect_secrets", "faker"):
    pytest.importorskip(module)

from assistant.datasets.environment_tasks import RETRY  # noqa: E402
from assistant.datasets.pipeline import export  # noqa: E402
from tests.datasets.build import RIGHT, WRONG, Script, problem, request  # noqa: E402

WORDS = "It must not subtract"
FORGED = """class Equal(int):
    def __eq__(self, other):
        return True

    __hash__ = int.__hash__


def add(a, b):
    return Equal(0)
"""


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    base = tmp_path_factory.mktemp("environments")
    for number in (1, 2):
        script = Script(problem(number)).consent().answer(WRONG, right=[False]).say(WORDS)
        script.answer(RIGHT, right=[True]).end().write(base / "sessions", f"s{number}")
    export(request(base / "sessions", "verifiers", "harbor", shares=(1.0, 0.0, 0.0)), base / "out")
    return base / "out"


class _Base:
    """Stands for what the package takes from `verifiers`, which cannot be installed beside our own dependencies."""

    def __class_getitem__(cls, item: object) -> type:
        return cls

    def __init__(self, *values: Any, **named: Any) -> None:
        self.__dict__.update(named)
        self.data, self.config = (*values, None, None)[:2]


@pytest.fixture(scope="module")
def package(dataset: Path) -> Iterator[ModuleType]:
    """The environment package, imported as it stands in the export."""
    v1 = ModuleType("verifiers.v1")
    for name in (
        "TaskData", "Task", "TasksetConfig", "Taskset", "SingleAgentEnvConfig", "AgentConfig", "SingleAgentEnv",
        "Trace", "Agents",
    ):  # fmt: skip
        setattr(v1, name, type(name, (_Base,), {}))
    v1.Env = type("Env", (), {"__class_getitem__": classmethod(lambda cls, item: cls)})  # type: ignore[attr-defined]
    v1.metric = v1.reward = lambda function: function  # type: ignore[attr-defined]
    whole = ModuleType("verifiers")
    whole.v1 = v1  # type: ignore[attr-defined]
    held = {name: sys.modules.get(name) for name in ("verifiers", "verifiers.v1", "assistant_feedback")}
    sys.modules |= {"verifiers": whole, "verifiers.v1": v1}
    place = dataset / "verifiers" / "assistant_feedback" / "__init__.py"
    spec = importlib.util.spec_from_file_location(
        "assistant_feedback", place, submodule_search_locations=[str(place.parent)]
    )
    assert spec is not None
    assert spec.loader is not None
    made = importlib.util.module_from_spec(spec)
    sys.modules["assistant_feedback"] = made
    spec.loader.exec_module(made)
    yield made
    made.sandbox().close()
    for name, module in held.items():
        sys.modules.pop(name) if module is None else sys.modules.__setitem__(name, module)


def _tasks(package: ModuleType, **config: Any) -> list[Any]:
    taskset = package.FeedbackTaskset()
    settings = {"split": "train", "user": "recorded", "turns": 4, "task": None, **config}
    taskset.config = SimpleNamespace(**settings)
    made: list[Any] = taskset.load()
    return made


def _played(package: ModuleType, task: Any, *replies: str) -> list[str | None]:
    """What the user said to these replies."""
    said: list[str | None] = []
    left = list(replies)

    class Interaction:
        async def turn(self, words: str | None = None) -> Any:
            said.append(words)
            return SimpleNamespace(last_reply=left.pop(0), terminated=False)

    @asynccontextmanager
    async def interaction(task: Any) -> AsyncIterator[Interaction]:
        yield Interaction()

    agents = SimpleNamespace(agent=SimpleNamespace(interaction=interaction))
    asyncio.run(package.FeedbackEnv().run(task, agents))
    return said


def _answer(program: str) -> str:
    return f"Here:\n```python\n{program}```"


def test_user_turns_are_recorded_words_and_then_the_retry(package: ModuleType) -> None:
    task = _tasks(package)[0]
    wrong, right = _answer(WRONG), _answer(RIGHT)
    assert _played(package, task, wrong, wrong, right) == [None, WORDS, RETRY]
    assert _played(package, task, wrong, "no program", wrong, wrong) == [None, WORDS, RETRY, RETRY]
    assert _played(package, task, right) == [None]
    (control, *_) = _tasks(package, user="retry")
    assert _played(package, control, wrong, right) == [None, RETRY]
    assert WORDS not in json.dumps(task.data.prompt)
    with pytest.raises(ValueError, match="the split 'test' holds no task"):
        _tasks(package, split="test")


def test_reward_needs_every_test_and_a_sealed_verdict(package: ModuleType) -> None:
    task = _tasks(package)[0]
    hard_coded = "def add(a, b):\n    return {1: 3, 2: 4}[a] if b == 2 else 0\n"
    for reply, visible, solved in (
        (_answer(RIGHT), 1.0, 1.0), (_answer(WRONG), 0.0, 0.0), (_answer(hard_coded), 1.0, 0.0),
        ("nothing", 0.0, 0.0), (_answer(FORGED), 0.0, 0.0),
    ):  # fmt: skip
        trace = SimpleNamespace(last_reply=reply)
        assert (asyncio.run(task.visible(trace)), asyncio.run(task.solved(trace))) == (visible, solved), reply


def _run_tests(task: Path, place: Path, program: str) -> tuple[int, dict[str, float]]:
    """Harbor's `tests/test.sh` on a program, outside a container: its exit status and the reward."""
    place.mkdir()
    (place / "solution.py").write_text(program)
    environment = {**os.environ, "SOLUTION": str(place / "solution.py"), "VERIFIER_LOGS": str(place / "logs")}
    environment["PATH"] = f"{place}:{environment['PATH']}"
    (place / "python3").write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n')
    (place / "python3").chmod(0o755)
    done = subprocess.run(
        [task / "tests" / "test.sh"], env=environment, capture_output=True, text=True, check=False
    )
    reward = place / "logs" / "reward.json"
    return done.returncode, json.loads(reward.read_text()) if reward.exists() else {"none": 0.0}


def test_harbor_tasks_have_the_documented_form(dataset: Path) -> None:
    tasks = sorted(dataset.glob("harbor/*/*"))
    assert len(tasks) == 4  # two problems as first asked, and one feedback on each
    for task in tasks:
        config = tomllib.loads((task / "task.toml").read_text())
        assert config["task"]["name"] == f"assistant/{task.name}"
        assert config["verifier"]["environment_mode"] == "separate"
        assert config["artifacts"] == ["/app/solution.py"]
        for name in ("environment/Dockerfile", "tests/test.sh", "solution/solve.sh", "tests/sandbox.zip"):
            assert (task / name).stat().st_size > 0, name
        instruction = (task / "instruction.md").read_text()
        told = f"A person looked at it and said:\n\n> {WORDS}\n" in instruction
        assert told == task.name.endswith("-1")
        assert ("return a - b" in (task / "environment" / "solution.py").read_text()) == told
        hidden = json.loads((task / "tests" / "problem.json").read_text())["hidden_tests"][0]["code"]
        assert hidden not in instruction
        assert RIGHT not in (task / "tests" / "problem.json").read_text()


@pytest.mark.slow
def test_harbor_reward(dataset: Path, tmp_path: Path) -> None:
    """The judge that the task carries, without this installation: the task's solution, and a forged verdict."""
    task = sorted(dataset.glob("harbor/*/*-1"))[0]
    for name, program, reward in (
        (
            "right",
            (task / "solution" / "solution.py").read_text(),
            {"reward": 1.0, "visible": 1.0, "hidden": 1.0},
        ),
        ("forged", FORGED, {"reward": 0.0, "visible": 0.0, "hidden": 0.0}),
    ):
        assert _run_tests(task, tmp_path / name, program) == (0, reward)
