"""One real session: the installed `assistant`, the real weights, the real sandbox, feedback on stdin.

Run as `python tests/e2e/real_session.py FOLDER`; the journal is left in FOLDER. It fails loudly when
anything about the session is not as it must be. Whether the model solves the problem is not among that.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

from assistant.core import events as ev
from assistant.core.state import replay
from assistant.journal.reader import read_journal
from assistant.journal.validation import verify_folder

PROBLEM = os.environ.get("ASSISTANT_E2E_PROBLEM", "starter/bar-chart")
"""None of five programs of the default model was seen to pass its visible tests, so that feedback is needed."""
FEEDBACK = (
    "Close, but read the tests again: each expected value must come out exactly.",
    "Please handle the empty case as well.",
    "Still not right. Write it in the simplest way you can.",
    "Compare your result with the expected value of the first test.",
    "The longest bar decides how long the others are.",
)
"""More than there are rounds: an answer that changes nothing uses none up."""


def main(folder: Path) -> None:
    """Hold the session and check its journal."""
    journal = hold_session(folder)
    check_journal(journal, folder)
    print(f"real session: ok, journal of {len(journal.read_text().splitlines())} events")


def hold_session(folder: Path) -> Path:
    """The real program as a person would start it; returns the journal."""
    command = [sys.executable, "-m", "assistant", "--plain", "--problems", "starter", "--problem", PROBLEM]
    command += ["--sessions", str(folder), "--annotator", "ci", "--max-tokens", "300"]
    started = time.monotonic()
    result = subprocess.run(
        command, input="\n".join(FEEDBACK) + "\n", capture_output=True, text=True, timeout=1500, check=False
    )
    print(result.stdout)
    print(result.stderr[-4000:], file=sys.stderr)
    print(f"exit {result.returncode} after {time.monotonic() - started:.0f} s")
    assert result.returncode == 0, "an unsolved problem is not an error, and this one failed"
    journals = sorted(folder.glob("*/*.jsonl"))
    assert len(journals) == 1, journals
    return journals[0]


def check_journal(path: Path, folder: Path) -> None:
    """Everything that must be in a real session's journal."""
    recording = read_journal(path)
    events = list(recording.events)
    header = events[0]
    assert isinstance(header, ev.SessionStarted)
    assert header.model.engine == "transformers", header.model
    assert header.model.weights_sha256, "the weights are not named by hash"
    assert header.model.versions.get("torch"), header.model.versions
    assert header.problem_sha256 == header.problem.sha256
    assert header.sandbox, "no sandbox layers recorded"
    state = replay(events)
    assert state.ended is not None, "the session did not end"
    given = [e for e in events if isinstance(e, ev.FeedbackGiven)]
    if state.ended.reason == "interrupted":  # the input ended, and there were rounds left
        assert len(given) == len(FEEDBACK) and state.tries_left > 0, state.ended
    else:
        assert state.ended.reason in ("solved", "rounds_used_up"), state.ended
    asked = [e for e in events if isinstance(e, ev.GenerationStarted)]
    generated = [e for e in events if isinstance(e, ev.GenerationFinished)]
    tested = [e for e in events if isinstance(e, ev.TestsFinished)]
    answers = [e for e in asked if e.redraw_of is None and e.point is None]
    assert len(answers) == len(given) + 1
    assert len(generated) == sum(e.samples for e in asked)
    assert all(
        e.finish.generated_tokens > 0 and e.finish.prompt_sha256 and e.finish.output_ids for e in generated
    )
    assert tested, "no program was tested"
    assert all(len(e.visible.cases) == 3 for e in tested if e.visible.cases)
    if given:
        assert generated[1].finish.reused_tokens > 0, "the conversation's cache was not reused"
    problems = list(verify_folder(folder))
    assert not problems, problems


if __name__ == "__main__":
    main(Path(sys.argv[1]))
