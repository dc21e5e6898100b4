"""`verifiers`: an environment package for Prime Intellect's `verifiers` (0.4, its interface `v1`) and prime-rl.

`verifiers/` is a package of its own: `pip install DATASET/verifiers`, then `vf-eval assistant-feedback`. It is
multi-turn: after a wrong program the user says what a person said in the recorded session, and then a fixed retry.
The reward is this project's sealed sandbox: a program earns it when every visible and hidden test passes and no
verdict could have been forged.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from assistant import __version__
from assistant.datasets.environment_tasks import COLUMNS, RETRY, environment_tasks, words
from assistant.datasets.formats.base import Format
from assistant.datasets.session_view import Row
from assistant.reporting.templates import markdown_page

PACKAGE = "assistant_feedback"
_FILES = {
    "pyproject.toml": "verifiers_pyproject.toml.j2",
    "README.md": "verifiers_readme.md.j2",
    f"{PACKAGE}/__init__.py": "verifiers_environment.py.j2",
}


def _write(root: Path, split: str, rows: Iterator[Row]) -> None:
    folder = root / "verifiers"
    data = folder / PACKAGE / "data"
    data.mkdir(parents=True, exist_ok=True)
    tasks = [_task(row) for row in rows]
    for name, template in _FILES.items():
        values = {"version": __version__, "retry": RETRY, "origin": tasks[0]["origin"]}
        text = markdown_page("assistant.datasets", template, **values)
        (folder / name).write_text(text, encoding="utf-8", newline="")
    lines = [json.dumps(task, ensure_ascii=False) for task in tasks]
    (data / f"{split}.jsonl").write_text("".join(f"{line}\n" for line in lines), encoding="utf-8", newline="")


def _task(row: Row) -> Row:
    return {
        "id": row["session"],
        "messages": row["prompt"],
        "feedback": words(row),
        "problem": row["tests"],
        **{
            name: row[name]
            for name in ("origin", "speaker", "source", "licence", "journal_sha256", "overlaps")
        },
    }


VERIFIERS = Format(
    "verifiers",
    COLUMNS,
    environment_tasks,
    ("prompt", "steps"),
    "A task of an environment package for `verifiers` (`verifiers/`): the prompt as first asked, and as user turns "
    "after wrong programs what was said in the session, then a fixed retry.",
    "Reward 1 for a program that passes every visible and hidden test in the sealed sandbox, else 0.",
    order=22,
    files=_write,
)
