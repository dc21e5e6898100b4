"""README, guide and CONTRIBUTING: what they link to exists, and the commands that they show are understood."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import typer

from assistant.cli.guide import TOPICS, guide, title
from assistant.cli.main import build_app, with_default_command
from assistant.core.errors import UsageError
from tests.conftest import REPOSITORY

GUIDE = REPOSITORY / "assistant" / "guide"
PAGES = (REPOSITORY / "README.md", REPOSITORY / ".github" / "CONTRIBUTING.md", *sorted(GUIDE.glob("*.md")))


def command_lines() -> list[str]:
    """Every line of a code block of any page that begins with `assistant`."""
    pages = [page.read_text(encoding="utf-8") for page in PAGES]
    blocks = [b for p in pages for b in re.findall(r"^```bash\n(.*?)^```", p, flags=re.MULTILINE | re.DOTALL)]
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    return list(dict.fromkeys(line.strip() for line in lines if line.strip().startswith("assistant")))


def identity(page: Path) -> str:
    return page.name


@pytest.mark.parametrize("page", PAGES, ids=identity)
def test_every_file_that_a_page_links_to_is_there(page: Path) -> None:
    linked = re.findall(r"\]\((?!https?:|#)([^)#]+)", page.read_text(encoding="utf-8"))
    assert [name for name in linked if not (page.parent / name).exists()] == []


def test_the_readme_shows_the_app_and_is_short() -> None:
    readme = PAGES[0].read_text(encoding="utf-8")
    assert re.search(r"\]\([^)]+\.svg\)", readme), "no picture of the app"
    assert len(readme.splitlines()) <= 200


@pytest.mark.parametrize("page", PAGES, ids=identity)
def test_nothing_is_left_to_be_filled_in(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    assert re.findall(r"^(?:[A-Z]{4,}|TODO.*|FIXME.*)$", text, flags=re.MULTILINE) == []
    assert len(text.split()) > 50


def test_every_page_of_the_guide_is_a_topic_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert sorted(TOPICS) == sorted(page.stem for page in GUIDE.glob("*.md"))
    guide("")
    listed = capsys.readouterr().out
    for topic in TOPICS:
        guide(topic)
        text = capsys.readouterr().out
        assert text == (GUIDE / f"{topic}.md").read_text(encoding="utf-8")
        assert re.search(rf"^{topic} +{re.escape(title(text))}$", listed, flags=re.MULTILINE)
    with pytest.raises(UsageError, match="choose one of app, models"):
        guide("nothing")


@pytest.mark.parametrize("line", command_lines())
def test_every_command_is_understood(line: str) -> None:
    words = with_default_command(shlex.split(line, comments=True)[1:])
    command: Any = typer.main.get_command(build_app())  # typer brings a click of its own
    path = ["assistant"]
    while hasattr(command, "commands") and words and words[0] in command.commands:
        path.append(words[0])
        command = command.commands[words.pop(0)]
    is_whole = not hasattr(command, "commands") or (not words and command.invoke_without_command)
    assert is_whole, f"{line}: no command {' '.join(path + words[:1])}"
    options = {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}
    unknown = [word for word in words if word.startswith("--") and word.partition("=")[0] not in options]
    assert unknown == [], f"{line}: {' '.join(path)} does not know {', '.join(unknown)}"
