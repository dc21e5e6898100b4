"""The scripted engine keeps an engine's promises: chunks, cancel, samples, stop, errors, script files."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from assistant.core.code_extraction import extract_code
from assistant.core.errors import UsageError
from assistant.core.generation import Chunk, Engine, Finish, Message, Request, Sampling
from assistant.engine.scripted.engine import CHARACTERS_PER_TOKEN, ScriptedEngine
from assistant.engine.scripted.script import DEMO_FILE, Script, ScriptedAnswer
from assistant.problems.load import load_source


def ask(text: str = "Write it.", **fields: object) -> Request:
    return Request.model_validate({"messages": [Message(role="user", content=text)], **fields})


def finishes(engine: Engine, request: Request) -> list[Finish]:
    return [item for item in engine.generate(request) if isinstance(item, Finish)]


def test_chunks_join_to_the_text_of_the_finish() -> None:
    engine = ScriptedEngine(["def f():\n    return 1\n"])
    *chunks, finish = engine.generate(ask())
    assert len(chunks) > 3
    assert "".join(chunk.text for chunk in chunks if isinstance(chunk, Chunk)) == "def f():\n    return 1\n"
    assert isinstance(finish, Finish)
    assert (finish.text, finish.reason) == ("def f():\n    return 1\n", "stop")
    assert finish.generated_tokens == len(chunks)
    assert finish.first_token_seconds is not None
    assert finish.first_token_seconds <= finish.seconds


def test_answers_come_in_turn_and_the_last_repeats_with_a_note() -> None:
    engine = ScriptedEngine(["one", "two"])
    ends = [finishes(engine, ask())[0] for _ in range(3)]
    assert [end.text for end in ends] == ["one", "two", "two"]
    assert not ends[1].notes
    assert ends[2].notes


def test_a_script_used_up_can_be_an_error() -> None:
    engine = ScriptedEngine(["one"], on_empty="error")
    finishes(engine, ask())
    (end,) = finishes(engine, ask())
    assert end.reason == "error"
    assert "1" in end.error


def test_samples_take_consecutive_answers_and_are_streamed_side_by_side() -> None:
    engine = ScriptedEngine(["a" * 40, "b" * 40, "c" * 40])
    items = list(engine.generate(ask(samples=3, sampling=Sampling(seed=5, temperature=1))))
    ends = {item.sample: item for item in items if isinstance(item, Finish)}
    assert {index: end.text[0] for index, end in ends.items()} == {0: "a", 1: "b", 2: "c"}
    assert len({end.seed for end in ends.values()}) == 3
    first = [item.sample for item in items[:3]]
    assert first == [0, 1, 2]


def test_requests_are_kept() -> None:
    engine = ScriptedEngine(["one"])
    request = ask("what was sent")
    finishes(engine, request)
    assert engine.requests == [request]


def test_cancel_between_chunks_keeps_the_partial_text() -> None:
    engine, cancel = ScriptedEngine(["x" * 400]), threading.Event()
    stream = engine.generate(ask(samples=2), cancel)
    seen = [next(stream) for _ in range(6)]
    cancel.set()
    rest = list(stream)
    assert [type(item) for item in rest] == [Finish, Finish]
    for end in rest:
        assert isinstance(end, Finish)
        mine = "".join(item.text for item in seen if isinstance(item, Chunk) and item.sample == end.sample)
        assert (end.reason, end.text) == ("cancelled", mine)


def test_cancel_is_noticed_while_waiting_for_a_slow_chunk() -> None:
    engine, cancel = ScriptedEngine(["x" * 40], seconds_per_chunk=30), threading.Event()
    threading.Timer(0.05, cancel.set).start()
    started = time.perf_counter()
    (end,) = engine.generate(ask(), cancel)
    assert isinstance(end, Finish)
    assert (end.reason, end.text) == ("cancelled", "")
    assert time.perf_counter() - started < 10


def test_stop_strings_and_the_longest_answer_cut_the_text() -> None:
    engine = ScriptedEngine(["code\n```\nprose after"])
    (stopped,) = finishes(engine, ask(stop=("\n```",)))
    assert (stopped.text, stopped.reason) == ("code", "stop")
    (cut,) = finishes(engine, ask(sampling=Sampling(max_new_tokens=2)))
    assert (len(cut.text), cut.reason, cut.generated_tokens) == (2 * CHARACTERS_PER_TOKEN, "length", 2)


def test_an_answer_ends_where_its_program_is_complete() -> None:
    program = "```python\ndef f(x):\n    return x\n```"
    engine = ScriptedEngine([f"{program}\nIt returns x."])
    [whole], [cut] = finishes(engine, ask()), finishes(engine, ask(until_program="f"))
    assert whole.text.endswith("It returns x.")
    assert (cut.text, cut.reason) == (program, "stop")


def test_prepare_names_the_script_by_its_content() -> None:
    one, same, other = (ScriptedEngine([text]).prepare() for text in ("a", "a", "b"))
    assert one.engine == "scripted"
    assert one.revision == same.revision != other.revision


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_plain_file(tmp_path: Path) -> None:
    path = write(tmp_path, "script.txt", "```python\ndef f(): ...\n```\n---\nsecond\n\nanswer\n---\n")
    engine = ScriptedEngine.from_file(path, on_empty="error")
    assert finishes(engine, ask())[0].text == "```python\ndef f(): ...\n```"
    assert finishes(engine, ask())[0].text == "second\n\nanswer"
    assert finishes(engine, ask())[0].reason == "error"


def test_json_lines_file_with_pace_and_error(tmp_path: Path) -> None:
    path = write(tmp_path, "s.jsonl", '{"text": "a"}\n\n{"text": "partial", "error": "the card fell out"}\n')
    engine = ScriptedEngine.from_file(path)
    assert finishes(engine, ask())[0].text == "a"
    (end,) = finishes(engine, ask())
    assert (end.reason, end.text, end.error) == ("error", "partial", "the card fell out")


def test_entry_points_choose_by_problem_and_by_round(tmp_path: Path) -> None:
    path = write(
        tmp_path,
        "s.jsonl",
        '{"text": "unknown problem"}\n'
        '{"entry_point": "add", "answers": ["add 0", {"text": "add 1"}]}\n'
        '{"entry_point": "sub", "answers": ["sub 0"]}\n',
    )
    engine = ScriptedEngine.from_file(path)
    add = Message(role="user", content="assert add(1, 2) == 3\nassert add(sub(3, 2), 2) == 3")
    second = (add, Message(role="assistant", content="…"), Message(role="user", content="No."))
    assert finishes(engine, Request(messages=second))[0].text == "add 1"
    assert finishes(engine, Request(messages=(add,)))[0].text == "add 0"
    assert finishes(engine, ask("assert sub(3, 2) == 1"))[0].text == "sub 0"
    assert finishes(engine, ask("assert mul(3, 2) == 6"))[0].text == "unknown problem"


@pytest.mark.parametrize(
    ("text", "line", "word"),
    [
        ('{"text": "a"}\n{"text": }\n', 2, "JSON"),
        ('{"txt": "a"}\n', 1, "txt"),
        ('{"text": "a"}\n{}\n', 2, "text"),
        ('{"entry_point": "f"}\n', 1, "answers"),
        ('{"text": "a", "seconds_per_chunk": -1}\n', 1, "seconds_per_chunk"),
        ('{"entry_point": "f", "answers": ["a"]}\n{"entry_point": "f", "answers": ["b"]}\n', 2, "f"),
        ("[1]\n", 1, "dictionary"),
    ],
)
def test_a_bad_line_is_named(tmp_path: Path, text: str, line: int, word: str) -> None:
    path = write(tmp_path, "bad.jsonl", text)
    with pytest.raises(UsageError) as caught:
        ScriptedEngine.from_file(path)
    message = str(caught.value)
    assert f"bad.jsonl line {line}" in message
    assert word in message
    assert "\n" not in message


@pytest.mark.parametrize("text", ["", "---\n---\n", "\n\n"])
def test_a_file_without_answers_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(UsageError, match="no answers"):
        ScriptedEngine.from_file(write(tmp_path, "empty.txt", text))


def test_a_missing_file_and_bytes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="nowhere"):
        ScriptedEngine.from_file(tmp_path / "nowhere.txt")
    (tmp_path / "bytes.txt").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UsageError, match=r"bytes\.txt"):
        ScriptedEngine.from_file(tmp_path / "bytes.txt")


@pytest.mark.slow
def test_the_demo_answers_any_problem() -> None:
    engine = ScriptedEngine()
    first, *_ = engine.generate(ask("assert never_heard_of(1) == 2"))
    assert isinstance(first, Chunk)


def passes(code: str, tests: Sequence[str]) -> list[bool]:
    """Whether each test passes; the demo's code is ours, so it may run here."""
    verdicts = []
    for test in tests:
        space: dict[str, object] = {}
        try:
            exec(code + "\n" + test, space)
            verdicts.append(True)
        except AssertionError:
            verdicts.append(False)
    return verdicts


@pytest.mark.parametrize("name", ["middle-item", "rotate-left", "initials", "rank-scores"])
def test_the_demo_is_wrong_first_and_right_after_feedback(name: str) -> None:
    problem = load_source("starter").get(f"starter/{name}")
    visible = [test.text(problem.entry_point) for test in problem.visible_tests]
    hidden = [test.text(problem.entry_point) for test in problem.hidden_tests]
    engine = ScriptedEngine.from_file(DEMO_FILE)
    engine.script = engine.script.model_copy(update={"by_entry_point": at_once(engine.script)})
    dialogue = [Message(role="user", content=problem.text + "\n" + "\n".join(visible))]
    codes = []
    for _ in range(2):
        (end,) = finishes(engine, Request(messages=tuple(dialogue)))
        code = extract_code(end.text, problem.entry_point).code
        assert code is not None
        codes.append(code)
        dialogue += [Message(role="assistant", content=end.text), Message(role="user", content="No.")]
    assert not all(passes(codes[0], visible))
    assert any(passes(codes[0], visible))
    assert all(passes(codes[1], visible + hidden))


def at_once(script: Script) -> dict[str, tuple[ScriptedAnswer, ...]]:
    """The script's answers without their pace."""
    return {
        name: tuple(answer.model_copy(update={"seconds_per_chunk": 0.0}) for answer in answers)
        for name, answers in script.by_entry_point.items()
    }


@pytest.mark.parametrize(
    "line",
    [
        "[" * 100_000,
        '{"text": "x", "seconds_per_chunk": ' + "9" * 6000 + "}",
        '{"text": ' + '{"a":' * 100_000,
        '{"text": 5}',
        '{"entry_point": "f", "answers": 3}',
        '{"entry_point": "f", "answers": [[]]}',
        '{"text": "x", "seconds_per_chunk": NaN}',
        "null",
        "7",
    ],
)
def test_lines_that_are_no_answers_are_named_in_one_line(line: str, tmp_path: Path) -> None:
    path = tmp_path / "script.jsonl"
    path.write_text(json.dumps({"text": "fine"}) + "\n" + line + "\n", encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        ScriptedEngine.from_file(path)
    assert "line 2" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 400


def test_a_script_without_end_is_refused() -> None:
    if not Path("/dev/zero").exists():
        pytest.skip("no /dev/zero here")
    with pytest.raises(UsageError, match="larger than"):
        ScriptedEngine.from_file("/dev/zero")


def test_halves_of_characters_in_a_script_can_be_written_down(tmp_path: Path) -> None:
    path = tmp_path / "script.jsonl"
    path.write_text('{"text": "a\\ud83d b\\ud83d\\ude00"}\n', encoding="utf-8")
    request = Request(messages=(Message(role="user", content="x"),))
    end = list(ScriptedEngine.from_file(path).generate(request))[-1]
    assert isinstance(end, Finish)
    assert end.text == "a\ufffd b\U0001f600"


def test_an_answer_thinks_before_it_may_end() -> None:
    draft = "```python\ndef f(x):\n    return 0\n```\n"
    right = "```python\ndef f(x):\n    return x\n```"
    for opening in ("<think>\n", ""):
        request = Request(messages=(Message(role="user", content="x"),), until_program="f")
        engine = ScriptedEngine([f"{opening}{draft}</think>\n{right}\nBye.\n"])
        end = list(engine.generate(request))[-1]
        assert isinstance(end, Finish)
        assert end.text == f"{opening}{draft}</think>\n{right}"
        assert end.thinking_characters > 20
