"""No problem, program, message, journal or file name can drive the terminal, in any command."""

from __future__ import annotations

import io
import json
import re
import unicodedata
from collections.abc import Callable
from pathlib import Path

import pytest

from assistant.cli.main import main

HOSTILE = "\x1b]0;OWNED\x07\x1b[2J\x1b[31m\x9b31m\u202e\u2066\rX\x08\u200b\U000e0041"
"""Title, clear, colour, C1, bidi, return, backspace, zero width, tag."""
HARMFUL = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}
Run = Callable[..., tuple[int, str, str]]


def harmful(text: str) -> set[str]:
    return {ascii(c) for c in text if unicodedata.category(c) in HARMFUL and c not in "\n\t\u200c\u200d"}


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    monkeypatch.chdir(tmp_path)
    Path("hostile.jsonl").write_text(json.dumps(PROBLEM) + "\n", encoding="utf-8")
    answers = {"entry_point": "f", "answers": [ANSWER, ANSWER.replace("return x", "return x + 1")]}
    Path("script.jsonl").write_text(json.dumps(answers) + "\n", encoding="utf-8")

    def call(*words: str, said: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr("sys.stdin", io.StringIO(said))
        with pytest.raises(SystemExit) as end:
            main([*words])
        out, err = capsys.readouterr()
        assert not harmful(out + err), (words, harmful(out + err))
        assert "Traceback" not in err and "unexpected" not in err
        return int(end.value.code or 0), out, err

    return call


TEST = f"assert f(1) == 2, '{HOSTILE}'".replace("\r", "")
PROBLEM = {
    "id": "own/hostile",
    "text": f"Add one. {HOSTILE}",
    "entry_point": "f",
    "visible_tests": [TEST, f"assert f({HOSTILE!r}) == 1"],
    "hidden_tests": [TEST],
    "reference": f"# {HOSTILE}\ndef f(x):\n    print({HOSTILE!r})\n    raise ValueError({HOSTILE!r})\n",
}
ANSWER = (
    f"{HOSTILE}\n```python\n# {HOSTILE}\ndef f(x):\n    print({HOSTILE!r})\n"
    f"    if isinstance(x, str):\n        raise ValueError({HOSTILE!r})\n    return x\n```\n{HOSTILE}"
)
PLAIN = ("run", "--plain", "--engine", "scripted", "--script", "script.jsonl", "--sessions", "sessions")


@pytest.mark.slow
def test_lists_and_checks_of_problems(run: Run) -> None:
    assert "own/hostile" in run("problems", "hostile.jsonl")[1]
    assert json.loads(run("problems", "hostile.jsonl", "--json")[1])["text"] == PROBLEM["text"]
    assert run("problems", "hostile.jsonl", "--check")[0] == 1
    run("problems", "hostile.jsonl", "--check", "--json")


@pytest.mark.parametrize("field", ["id", "entry_point", "source", "licence", "difficulty", "tags"])
@pytest.mark.parametrize("bad", ["\x1b]0;X\x07", "\u202e", "\u3164", "a\nb", "\x9b", "\u00a0"])
def test_a_label_with_an_unseen_character_is_refused_by_name(run: Run, field: str, bad: str) -> None:
    record = {**PROBLEM, field: [f"t{bad}"] if field == "tags" else f"f{bad}"}
    Path("labels.jsonl").write_text(
        json.dumps(record) + "\n" + json.dumps({**PROBLEM, "id": "own/good"}), encoding="utf-8"
    )
    status, out, err = run("problems", "labels.jsonl")
    assert status == 0 and "own/good" in out
    assert f"labels.jsonl line 1: its {field} holds a character that cannot be seen" in err


@pytest.mark.parametrize("field", ["id", "text", "entry_point", "visible_tests", "hidden_tests", "reference"])
def test_half_a_character_names_its_record(run: Run, field: str) -> None:
    half = "f\\ud800"
    value = [half] if field.endswith("tests") else half
    record = json.dumps({**PROBLEM, field: value}).replace("\\\\ud800", "\\ud800")
    Path("halves.jsonl").write_text(
        record + "\n" + json.dumps({**PROBLEM, "id": "own/good"}), encoding="utf-8"
    )
    for words in (("problems", "halves.jsonl"), ("problems", "halves.jsonl", "--json")):
        status, out, err = run(*words)
        assert status == 0 and "own/good" in out and "halves.jsonl line 1: " in err


@pytest.mark.slow
def test_a_session_in_plain_lines_and_all_that_tells_it(run: Run) -> None:
    source = ("--problems", "hostile.jsonl")
    status, out, _ = run(*PLAIN, *source, said=f"1\nthat is wrong {HOSTILE}\n:stop\n")
    assert status == 0 and "\\x1b]0;OWNED" in out
    identity = json.loads(run("sessions", "--sessions", "sessions", "--json")[1])["id"]
    for words in (
        ("show", identity),
        ("show", identity, "--json"),
        ("sessions",),
        ("sessions", "--json"),
        ("verify",),
    ):
        run(*words, "--sessions", "sessions")
    run(*PLAIN, *source, "--problem", "own/hostile", "--json", said=":stop\n")


@pytest.mark.slow
def test_check_and_its_errors(run: Run) -> None:
    Path("program.py").write_text(re.sub("(?s).*```python\n(.*)```.*", r"\1", ANSWER), encoding="utf-8")
    run("check", "program.py", "--test", TEST, "--test", f"assert f('a') == 1  # {HOSTILE}")
    run("check", "program.py", "--problems", "hostile.jsonl", "--problem", "own/hostile")
    run("check", "program.py", "--problems", "hostile.jsonl", "--problem", "own/hostile", "--json")
    assert run("check", "program.py", "--test", "assert f(1) == 1  # \udcff")[0] == 2


NAME = "gone\x1b]0;X\x07\u202e\udcff.jsonl"


@pytest.mark.parametrize(
    "words",
    [
        ("problems", NAME),
        ("check", NAME, "--test", "assert True"),
        ("run", "--plain", "--problems", NAME),
        ("run", "--plain", "--problem", NAME),
        ("show", NAME),
        ("resume", NAME),
        ("sessions", "--sessions", NAME),
        ("verify", NAME),
        ("analyze", NAME),
        ("import", NAME),
        ("study", "check", NAME),
        ("export", NAME, "--format", NAME),
        ("bench", "compare", NAME, NAME),
        (NAME,),
        ("run", f"--{NAME}"),
        ("run", "--plain", "--engine", "scripted", "--script", NAME),
    ],
)
def test_names_in_errors(run: Run, words: tuple[str, ...]) -> None:
    run(*words)
