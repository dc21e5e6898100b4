"""Whole sessions by keys in a pseudo-terminal with the real model: what was sent, what came back, what was lost.

python -m tests.benchmarks.tui_real_sessions FOLDER [--sentences FILE] [--limit N] [--sizes 80x24 120x36]

Each line of FILE is a problem and sentences that a model wrote for it (`author: model`); the sizes take turns. The
problem is found by typing its name, each sentence is typed letter by letter, and the next one follows where the
program still fails. FOLDER gets the journals, and the screen after each step as text (`transcript.txt`). It can be
stopped and run again: problems whose journal is there are not played again.
"""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from assistant.core.events import FeedbackGiven, TestsFinished
from assistant.journal.library import list_sessions
from assistant.journal.load import read_sessions
from assistant.journal.reader import read_journal
from assistant.settings.paths import cache_folder
from tests.benchmarks.starter_difficulty import HERE
from tests.tui.terminal import TURN, Terminal, environment_at

ANSWER = 600.0
"""Seconds that an answer may take."""
ENDED = ("Solved", "passes the tests you saw", "No rounds left", "used up")


class Player:
    """One session at a time, played by keys."""

    def __init__(self, folder: Path, columns: int, rows: int) -> None:
        self._folder = folder
        self._size = f"{columns}x{rows}"
        environment = environment_at(folder / "home", ASSISTANT_CACHE=str(cache_folder()))
        self._sessions = folder / self._size
        arguments = ["--arms", "none", "--author", "model:claude", "--sessions", str(self._sessions)]
        self.terminal = Terminal(arguments, environment, columns, rows)

    def play(self, problem: str, sentences: Sequence[str]) -> None:
        """From the list of problems to the end, or to the last sentence."""
        name = problem.partition("/")[2]
        self.terminal.until("96 of 96", ANSWER)
        self._type(name)
        self.terminal.until(name, ANSWER)
        self._keep("the list, filtered")
        self.terminal.press("enter")
        self._wait(0)
        for count, sentence in enumerate(sentences, 1):
            if self._has_ended():
                break
            self._type(sentence)
            self._keep(f"typed: {sentence}")
            self.terminal.press("enter")
            self._wait(count)
        self.terminal.press("ctrl+q")
        if (status := self.terminal.end()) != 0:
            raise SystemExit(f"the app ended with status {status}; the screen showed:\n{self.terminal.text}")

    def _type(self, text: str) -> None:
        for letter in text:
            self.terminal.press(letter)
            self.terminal.read()

    def _has_ended(self) -> bool:
        return any(words in self.terminal.text for words in ENDED)

    def _wait(self, feedbacks: int) -> None:
        """Until the answer to so many feedbacks is judged and it is the person's turn, or the session has ended."""
        begun, steady = time.monotonic(), 0
        while steady < 20:  # for a second: the same program is drawn again after its verdict
            rests = self._answered() >= feedbacks and (self._has_ended() or TURN.search(self.terminal.text))
            steady = steady + 1 if rests else 0
            if time.monotonic() - begun > ANSWER:
                raise SystemExit(f"no answer came; the screen shows:\n{self.terminal.text}")
            self.terminal.read()
        self._keep(f"after {feedbacks} feedbacks, {time.monotonic() - begun:.1f} s")

    def _answered(self) -> int:
        """Feedbacks in the newest journal whose answer is judged; -1 before the first answer is."""
        sessions = list_sessions(self._sessions) if self._sessions.exists() else []
        if not sessions:
            return -1
        events = read_journal(sessions[0].path).events
        judged = [number for number, event in enumerate(events) if isinstance(event, TestsFinished)]
        return sum(isinstance(event, FeedbackGiven) for event in events[: judged[-1]]) if judged else -1

    def _keep(self, what: str) -> None:
        with (self._folder / "transcript.txt").open("a", encoding="utf-8") as file:
            file.write(f"--- {self._size}, {what}\n{self.terminal.text}\n\n")


def said(path: Path) -> Iterator[dict[str, Any]]:
    """The lines of the file of sentences."""
    yield from map(json.loads, path.read_text(encoding="utf-8").splitlines())


def report(folder: Path, wanted: dict[str, Sequence[str]]) -> None:
    """What came of the feedbacks, and what of the typed text is missing."""
    outcomes: Counter[str] = Counter()
    sent = rounds = lost = 0
    for place in sorted(path for path in folder.glob("*x*") if path.is_dir()):
        for session in read_sessions(place)[0]:
            found = [session.outcome_of(words) for words in session.feedback]
            sent += len(found)
            lost += sum(words.text not in wanted[session.problem.id] for words in session.feedback)
            outcomes.update(found)
            rounds += session.rounds_used
            print(f"{place.name} {session.problem.id}: {session.end}, {found}")
    print(
        f"{sent} feedbacks, {rounds} rounds used; answers: {dict(outcomes)}; feedbacks not as typed: {lost}"
    )


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--sentences", type=Path, default=HERE / "starter_sentences.jsonl")
    parser.add_argument("--limit", type=int, default=10)
    parser.add_argument("--sizes", nargs="+", default=["80x24", "120x36"])
    options = parser.parse_args()
    rows = list(said(options.sentences))[: options.limit]
    for number, row in enumerate(rows):
        columns, lines = map(int, options.sizes[number % len(options.sizes)].split("x"))
        place = options.folder / f"{columns}x{lines}"
        done = {session.problem.id for session in read_sessions(place)[0]} if place.exists() else set()
        if row["problem"] in done:
            continue
        options.folder.mkdir(parents=True, exist_ok=True)
        player = Player(options.folder, columns, lines)
        try:
            player.play(row["problem"], row["sentences"])
        finally:
            player.terminal.kill()
    report(options.folder, {row["problem"]: row["sentences"] for row in rows})


if __name__ == "__main__":
    main()
