"""`harbor`: task folders for Harbor (https://harborframework.com/docs/tasks) and for what reads its form.

One task for each problem as first asked, and one for each feedback: the wrong program lies in `/app/solution.py`,
and the instruction is what was said about it. `tests/` carries this project's sandbox, so that the program never sees
the tests that judge it; the verdict is given in a second container, which the agent never touched.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path

import tomlkit

from assistant import __version__
from assistant.core.problem import Problem
from assistant.datasets.environment_tasks import COLUMNS, environment_tasks, is_of_people
from assistant.datasets.formats.base import Format
from assistant.datasets.session_view import Row
from assistant.datasets.transcript import said_by_person
from assistant.reporting.templates import markdown_page

ORGANIZATION = "assistant"
SCHEMA = "1.4"
"""Of `task.toml`, as Harbor 0.26 writes it."""
_UNSAFE = re.compile(r"[^A-Za-z0-9]+")
_MODULES = ("core", "sandbox")
"""What the sandbox is made of."""


@dataclass(frozen=True)
class _Task:
    """One task: the program to begin with, and what was said about it (none for a problem as first asked)."""

    name: str
    program: str
    said: str


def _write(root: Path, split: str, rows: Iterator[Row]) -> None:
    for row in rows:
        for task in _tasks(row):
            folder = root / "harbor" / split / task.name
            if not folder.exists():  # the problem as first asked is the same in every session
                _put(folder, row, task)


def _tasks(row: Row) -> Iterator[_Task]:
    problem = Problem.model_validate(row["tests"])
    name = f"{_slug(problem.id)}-{row['content_sha256'][:8]}"
    yield _Task(name, "", "")
    program, number = "", 0
    for step in row["steps"]:
        if step["kind"] == "feedback":
            number += 1
            if program:
                yield _Task(f"{name}-{_slug(row['session'])}-{number}", program, said_by_person(step))
        else:
            program = step["code"]


def _slug(text: str) -> str:
    return _UNSAFE.sub("-", text).strip("-").lower()[:60] or "task"


def _put(folder: Path, row: Row, task: _Task) -> None:
    problem = Problem.model_validate(row["tests"])
    of_people = is_of_people(row)
    instruction = markdown_page(
        "assistant.datasets", "harbor_instruction.md.j2", text=problem.text.strip(), tests=problem.test_texts(),
        entry_point=problem.entry_point, said=task.said, of_people=of_people,
    )  # fmt: skip
    written: dict[str, str | bytes] = {
        "task.toml": _config(row, task, problem),
        "instruction.md": instruction,
        "environment/Dockerfile": _template("harbor_dockerfile.j2"),
        "environment/solution.py": task.program or f"# Write {problem.entry_point or 'the program'} here.\n",
        "tests/test.sh": _template("harbor_test.sh.j2"),
        "tests/judge.py": _template("harbor_judge.py.j2"),
        "tests/problem.json": json.dumps(row["tests"], ensure_ascii=False, indent=1) + "\n",
        "tests/sandbox.zip": sandbox_archive(),
    }
    if row["answer"]:
        written["solution/solution.py"] = row["answer"].rstrip() + "\n"
        written["solution/solve.sh"] = _template("harbor_solve.sh.j2")
    for name, content in written.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content if isinstance(content, bytes) else content.encode("utf-8", "surrogatepass"))
        if name.endswith(".sh"):
            file.chmod(0o755)


def _template(name: str) -> str:
    return markdown_page("assistant.datasets", name)


def _config(row: Row, task: _Task, problem: Problem) -> str:
    kind = "repair a program from feedback" if task.said else "write a program"
    config = {
        "schema_version": SCHEMA,
        "artifacts": ["/app/solution.py"],
        "task": {
            "name": f"{ORGANIZATION}/{task.name}",
            "version": __version__,
            "description": f"{problem.id}: {kind}",
            "keywords": ["python", "feedback"],
        },
        "metadata": {
            name: row[name]
            for name in (
                "problem", "source", "licence", "origin", "speaker", "session", "journal_sha256", "content_sha256",
                "overlaps",
            )
        },
        "agent": {"timeout_sec": 600.0},
        "verifier": {"timeout_sec": 300.0, "environment_mode": "separate"},
        "environment": {"build_timeout_sec": 600.0, "cpus": 1, "memory_mb": 2048, "storage_mb": 4096},
    }  # fmt: skip
    return tomlkit.dumps(config)


@cache
def sandbox_archive() -> bytes:
    """The modules of this project's sandbox as a zip file; the same bytes for the same version."""
    package = files("assistant")
    sources = {"assistant/__init__.py": package.joinpath("__init__.py").read_bytes()}
    for module in _MODULES:
        base = Path(str(package.joinpath(module)))
        for file in sorted(base.rglob("*.py")):
            sources[f"assistant/{module}/{file.relative_to(base).as_posix()}"] = file.read_bytes()
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in sources.items():
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, zipfile.ZIP_DEFLATED)
    return held.getvalue()


HARBOR = Format(
    "harbor",
    COLUMNS,
    environment_tasks,
    (),
    "Harbor task folders (`harbor/SPLIT/TASK`): each problem as first asked, and for each feedback the wrong program "
    "with what was said about it.",
    "Reward 1 for a program that passes every visible and hidden test in the sealed sandbox, else 0.",
    order=23,
    files=_write,
)
