"""`assistant fix` from the command line: a function of one's own, edited in rounds and written back."""

from __future__ import annotations

import ast
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.cli.main import main
from assistant.core.events import GenerationStarted
from assistant.core.safe_ast import read_program
from assistant.journal.reader import read_journal
from assistant.journal.validation import check_file

FILE = """import os

SEP = "-"


# About slug.
def slug(text: str) -> str:
    return text.replace(" ", SEP)


print("as it was")
"""
TESTS = """from mine import slug

def test_slug():
    assert slug('A b') == 'a-b'

def test_tmp(tmp_path):
    slug(tmp_path)
"""
UPPER = '```python\ndef slug(text):\n    return text.replace(" ", SEP).upper()\n```'
LOWER = '```python\nimport re\n\ndef slug(text):\n    return re.sub(" ", SEP, text).lower()\n```'
EDITED = FILE.replace("import os\n", "import os\nimport re\n").replace(
    'def slug(text: str) -> str:\n    return text.replace(" ", SEP)',
    'def slug(text: str) -> str:\n    return re.sub(" ", SEP, text).lower()',
)
WORDS = "lower case please\nlower, not upper\n"
Fix = Callable[..., tuple[int, str, str]]


class Terminal(io.StringIO):
    """Lines that a person types."""

    def isatty(self) -> bool:
        return True


@pytest.fixture
def fix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Fix:
    """`fix(*options, said=..., typed=...)`: exit status, stdout and stderr of `assistant fix place`."""
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text(FILE, encoding="utf-8")
    Path("tests.py").write_text(TESTS, encoding="utf-8")
    script = {"entry_point": "slug", "answers": ["", UPPER, LOWER]}
    Path("script.jsonl").write_text(json.dumps(script) + "\n", encoding="utf-8")
    engine = (
        "--engine",
        "scripted",
        "--script",
        "script.jsonl",
        "--sessions",
        "sessions",
        "--author",
        "person",
    )

    def call(
        *options: str, said: str = WORDS, typed: bool = False, place: str = "mine.py::slug"
    ) -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", Terminal(said) if typed else io.StringIO(said))
        with pytest.raises(SystemExit) as end:
            main(["fix", place, "--plain", *engine, *options])
        out, err = capsys.readouterr()
        return int(end.value.code or 0), out, err

    return call


GIVEN = ("--tests", "tests.py")


@pytest.mark.parametrize(
    ("options", "said", "typed", "written", "last"),
    [
        (GIVEN, WORDS, False, False, "say --yes to write it"),
        ((*GIVEN, "--yes"), WORDS, False, True, "written: mine.py"),
        (GIVEN, f"{WORDS}y\n", True, True, "written: mine.py"),
        (GIVEN, f"{WORDS}\n\n", True, False, "nothing is written"),
        ((*GIVEN, "--yes"), "lower\n:save\n:stop\n", False, False, "--yes writes what passes"),
        ((*GIVEN, "--yes"), "lower\n", False, False, "go on with: assistant fix mine.py::slug --resume"),
        (GIVEN, ":stop\n", True, False, "journal"),
    ],
)
def test_the_result_is_written_once_it_is_confirmed(
    fix: Fix, options: tuple[str, ...], said: str, typed: bool, written: bool, last: str
) -> None:
    status, out, err = fix(*options, said=said, typed=typed)
    assert status == 0 and last in err, err
    assert "left out: test_tmp: it needs the fixture tmp_path" in err
    assert Path("mine.py").read_text(encoding="utf-8") == (EDITED if written else FILE)
    assert ("+import re" in out) == (WORDS in said)
    journal = next(Path("sessions").rglob("*.jsonl"))
    assert check_file(journal).findings == () and "mine.py" not in journal.read_text(encoding="utf-8")


def test_a_session_is_continued_and_then_written(fix: Fix) -> None:
    fix(*GIVEN, said="lower case please\n")
    journal = next(Path("sessions").rglob("*.jsonl"))
    Path("script.jsonl").write_text(
        json.dumps({"entry_point": "slug", "answers": ["", "", LOWER]}) + "\n", encoding="utf-8"
    )
    status, _, err = fix("--resume", journal.stem, "--yes", said="lower, not upper\n")
    assert (status, Path("mine.py").read_text(encoding="utf-8")) == (0, EDITED), err
    types = [event.type for event in read_journal(journal).events]
    assert types[:2] == ["session_started", "program_given"] and types.count("feedback_given") == 2


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((), "no test says what slug should give: add --test"),
        (("--test", "slug(1"), "tests, line 1"),
        (("--tests", "nothing.py"), "cannot read nothing.py"),
        (("--tests", "mine.py"), "mine.py holds no test that calls slug"),
        (("--resume", "20"), "no session"),
    ],
)
def test_what_is_missing_is_said_in_one_line(fix: Fix, options: tuple[str, ...], words: str) -> None:
    status, _, err = fix(*options)
    assert status in (1, 2) and words in err and len(err.strip().splitlines()) == 1


def test_a_function_that_passes_stays_open(fix: Fix) -> None:
    status, _, err = fix(
        "--test", "slug('a') == 'a'", "--yes", said=":test slug('A b') == 'a-b'\nlower\nno\n"
    )
    assert status == 0 and "your function passes its tests" in err and "written" in err
    assert Path("mine.py").read_text(encoding="utf-8") == EDITED


STACK = '''class Stack:
    """Last in, first out."""

    def __init__(self, *items: str) -> None:  # any number
        self._items = list(items)

    def peek(self) -> str:
        """The last one."""
        return self._items[0]

    @staticmethod
    def joined(words: list[str]) -> str:
        return ",".join(words)  # how?

    @classmethod
    def of(cls, text: str) -> 'Stack':
        return cls(*text)
'''
METHODS = {
    "peek": ("Stack('a', 'b').peek() == 'b'", "return self._items[0]", "return self._items[-1]"),
    "joined": (
        "Stack.joined(['a', 'b']) == 'a-b'",
        'return ",".join(words)  # how?',
        "return '-'.join(words)",
    ),
    "of": ("Stack.of('ab c').peek() == 'ab'", "return cls(*text)", "return cls(*text.split())"),
}


@pytest.mark.parametrize("method", METHODS)
def test_a_method_is_put_back_alone(fix: Fix, method: str) -> None:
    """The model writes the class, here without comments; of that the method goes into the file."""
    test, before, after = METHODS[method]
    Path("mine.py").write_text(STACK, encoding="utf-8")
    edited = STACK.replace(before, after)
    answer = f"```python\n{ast.unparse(read_program(edited))}\n```"
    Path("script.jsonl").write_text(json.dumps({"text": answer}) + "\n", encoding="utf-8")
    status, _, err = fix("--test", test, "--yes", said="no\n", place=f"mine.py::Stack::{method}")
    assert status == 0 and "written: mine.py" in err, err
    assert Path("mine.py").read_text(encoding="utf-8") == edited
    journal = next(Path("sessions").rglob("*.jsonl"))
    assert check_file(journal).findings == ()
    task = (
        next(e for e in read_journal(journal).events if isinstance(e, GenerationStarted)).messages[1].content
    )
    assert "class Stack:\n" in task and "Write the whole class Stack" in task and f"def {method}(" in task
