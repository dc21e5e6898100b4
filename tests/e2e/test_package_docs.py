"""Every package says what it is for, who imports it, where it runs, and where to start reading; and it is true."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from tests.conftest import REPOSITORY

ROOT = REPOSITORY / "assistant"
PACKAGES = sorted(file.parent for file in ROOT.glob("*/**/__init__.py"))
READMES = sorted(ROOT.glob("*/**/README.md"))


def identity(path: Path) -> str:
    return str(path.relative_to(ROOT))


def documented(package: Path) -> str:
    return ast.get_docstring(ast.parse((package / "__init__.py").read_text(encoding="utf-8"))) or ""


@pytest.mark.parametrize("package", PACKAGES, ids=identity)
def test_a_package_says_what_it_is_for_and_where_to_start(package: Path) -> None:
    text = documented(package)
    missing = [
        topic for topic in ("Imported by", "Imports", "Thread", "Start reading at") if topic not in text
    ]
    assert missing == []


@pytest.mark.parametrize("page", [*PACKAGES, *READMES], ids=identity)
def test_every_file_that_is_named_is_there(page: Path) -> None:
    text = documented(page) if page.is_dir() else page.read_text(encoding="utf-8")
    folder = page if page.is_dir() else page.parent
    named = set(re.findall(r"`([\w/]+\.py)`", text))
    roots = (folder, ROOT, *folder.glob("*/"), REPOSITORY / "tests" / folder.relative_to(ROOT))
    assert sorted(name for name in named if not any((root / name).is_file() for root in roots)) == []


def test_the_program_in_the_sandbox_s_readme_runs(capsys: pytest.CaptureFixture[str]) -> None:
    text = (ROOT / "sandbox" / "README.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"^```python\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)
    exec(block, {})
    assert "passed" in capsys.readouterr().out
