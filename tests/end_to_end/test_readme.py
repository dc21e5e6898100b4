"""The README is what a newcomer reads first: what it names exists, and what it tells to type is understood."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest
import typer

from assistant.cli.main import build_app, with_default_command
from tests.conftest import REPOSITORY

README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


def command_lines() -> list[str]:
    """Every line of a code block that begins with `assistant`."""
    blocks = re.findall(r"^```bash\n(.*?)^```", README, flags=re.MULTILINE | re.DOTALL)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    return [line.strip() for line in lines if line.strip().startswith("assistant")]


def test_every_file_that_it_links_to_is_there() -> None:
    linked = re.findall(r"\]\((?!https?:|#)([^)#]+)", README)
    assert any(name.endswith(".svg") for name in linked), "no picture of the app"
    assert [name for name in linked if not (REPOSITORY / name).exists()] == []


def test_nothing_is_left_to_be_filled_in() -> None:
    assert re.findall(r"^(?:[A-Z]{4,}|TODO.*|FIXME.*)$", README, flags=re.MULTILINE) == []


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
