"""Two server processes behind one session, one of them killed in the middle of an answer."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

from assistant.core import events as ev
from assistant.core.events import Settings
from assistant.core.problem import Problem
from assistant.core.submission import Sandbox
from assistant.engine.open import open_engine
from assistant.journal.reader import read_journal
from assistant.journal.validation import check_file
from assistant.session import commands as cmd
from assistant.session.session import Session
from tests.journal.build import write_chained
from tests.session.conftest import RIGHT, WRONG

ROOT = Path(__file__).resolve().parents[2]
SERVER = """
import sys, threading
from pathlib import Path
from tests.engine.server_fixtures import MisbehavingServer, answer, hang, running
wrong, right, slow = sys.argv[1:]
def behave(exchange):
    said = exchange.body["messages"][-1]["content"]
    if "slowly" in said and Path(slow).exists():
        hang("It ", "is")(exchange)
    else:
        answer(right if "slowly" in said else wrong)(exchange)
with running(MisbehavingServer([behave])) as server:
    print(server.url, flush=True)
    threading.Event().wait()
"""


@contextmanager
def server_process(slow: Path) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """A server that stops in the middle of an answer while the file `slow` is there."""
    command = [sys.executable, "-c", SERVER, WRONG, RIGHT, str(slow)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield process.stdout.readline().strip(), process
    finally:
        process.kill()
        process.communicate()


def test_a_session_moves_when_its_server_is_killed(
    problem: Problem, sandbox: Sandbox, tmp_path: Path
) -> None:
    slow = tmp_path / "slow"
    slow.touch()
    with ExitStack() as stack:
        servers = dict(stack.enter_context(server_process(slow)) for _ in range(2))
        engine = stack.enter_context(
            closing(open_engine("openai", base_url=",".join(servers), cache=tmp_path))
        )
        session = Session.begin(
            problem, Settings(), engine, sandbox, tmp_path / "sessions", annotator="tester"
        )
        stack.enter_context(closing(session))
        list(session.start())
        (mine,) = (program.finish.server for program in _answers(session.path))
        (other,) = set(servers) - {mine}
        shown = ""
        for event in session.feedback("please answer slowly"):
            if isinstance(event, ev.Streamed):
                shown += event.chunk.text
                if shown == "It is":
                    servers[mine].kill()
        slow.unlink()
        list(session.execute(cmd.Regenerate()))
    ends = [event.finish for event in _answers(session.path)]
    assert [(end.server, end.reason) for end in ends] == [(mine, "stop"), (mine, "error"), (other, "stop")]
    assert ends[1].text == "It is" and "kept" in ends[1].error
    ended = session.state.ended
    assert ended is not None and (ended.reason, ends[2].text) == ("solved", RIGHT)
    assert check_file(session.path).findings == ()
    header = read_journal(session.path).events[0]
    assert isinstance(header, ev.SessionStarted) and header.model.servers == tuple(servers)
    _a_server_of_no_run_is_found(session.path, tmp_path)


def _answers(path: Path) -> list[ev.GenerationFinished]:
    return [event for event in read_journal(path).events if isinstance(event, ev.GenerationFinished)]


def _a_server_of_no_run_is_found(path: Path, folder: Path) -> None:
    records = [json.loads(line) for line in path.read_bytes().splitlines()]
    last = next(record for record in reversed(records) if record["type"] == "generation_finished")
    last["finish"]["server"] = "http://another/v1"
    forged = folder / path.name
    write_chained(forged, records)
    assert any("another/v1" in finding.message for finding in check_file(forged).findings)


def test_one_server_is_not_named(problem: Problem, sandbox: Sandbox, tmp_path: Path) -> None:
    from tests.engine.server_fixtures import MisbehavingServer, answer, running

    with (
        running(MisbehavingServer([answer(RIGHT)])) as server,
        closing(open_engine("openai", base_url=server.url, cache=tmp_path)) as engine,
        closing(
            Session.begin(problem, Settings(), engine, sandbox, tmp_path / "sessions", annotator="tester")
        ) as session,
    ):
        list(session.start())
    assert [event.finish.server for event in _answers(session.path)] == [""]
    assert check_file(session.path).findings == ()
