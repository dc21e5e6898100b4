"""Our engines and our sandbox keep the contract that a plugin's author can check theirs against."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from assistant import testing
from assistant.core.generation import Engine, Finish, Request
from assistant.core.submission import Sandbox
from assistant.engine.scripted.engine import ScriptedEngine
from assistant.sandbox.local import open_sandbox

ANSWER = "def add(x, y):\n    return x + y\n"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    sandbox = open_sandbox()
    yield sandbox
    sandbox.close()


@pytest.mark.parametrize("check", testing.ENGINE_CHECKS, ids=lambda check: check.__name__)
def test_the_scripted_engine(check: Callable[[Engine], None]) -> None:
    check(ScriptedEngine([ANSWER]))


@pytest.mark.parametrize("check", testing.SANDBOX_CHECKS, ids=lambda check: check.__name__)
def test_our_sandbox(check: Callable[[Sandbox], None], sandbox: Sandbox) -> None:
    check(sandbox)


class Deaf(ScriptedEngine):
    """Loses the end of every sample."""

    def generate(self, request: Request, cancel: object = None) -> Iterator[object]:  # type: ignore[override]
        yield from (piece for piece in super().generate(request) if not isinstance(piece, Finish))


def test_an_engine_that_breaks_the_contract_is_found() -> None:
    with pytest.raises(AssertionError, match="2 samples asked for"):
        testing.engine_finishes_every_sample_once(Deaf([ANSWER]))


def test_from_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    script = tmp_path / "answers.txt"
    script.write_text(ANSWER)
    assert testing.main(["engine", "scripted", "--script", str(script)]) == 0
    assert capsys.readouterr().out.count("ok ") == len(testing.ENGINE_CHECKS)
    assert testing.main(["engine", "nowhere"]) != 0
    assert "known: openai, scripted, transformers" in capsys.readouterr().err
