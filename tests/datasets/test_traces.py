"""`traces` and `inspect`: sessions in other people's forms, held to what those forms document."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

for module in ("pyarrow", "datasketch", "detect_secrets", "faker"):
    pytest.importorskip(module)

from assistant.core.errors import AssistantError  # noqa: E402
from assistant.datasets.formats import inspect_log  # noqa: E402
from assistant.datasets.formats.base import parse_formats  # noqa: E402
from assistant.datasets.pipeline import export  # noqa: E402
from tests.datasets.build import MENDED, RIGHT, WRONG, Script, problem, request  # noqa: E402

EMAIL = "write to jane.doe@example.org"


def _sessions(folder: Path) -> None:
    """Words with an address and an edit; words of a model; a session on another problem that is right at once."""
    long = Script(problem(1)).consent().answer(WRONG, right=[False]).say(f"it must not subtract; {EMAIL}")
    long.answer(WRONG, right=[False]).edit(MENDED, right=True).end().write(folder, "20261124-101112-long")
    Script(problem(2)).consent().answer(RIGHT, right=[True]).end().write(folder, "20261124-090000-short")
    spoken = Script(problem(3), imported_from="mint").answer(WRONG, right=[False])
    spoken.say("THIS IS WRONG", author="model").answer(RIGHT, right=[True]).end().write(folder, "spoken")


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Exports of `traces` by origin."""
    base = tmp_path_factory.mktemp("traces")
    _sessions(base / "sessions")
    for origin in ("people", "mint"):
        export(request(base / "sessions", "traces", origin=origin), base / origin)
    return {origin: base / origin for origin in ("people", "mint")}


def _hub(folder: Path) -> dict[str, list[dict[str, Any]]]:
    files = sorted(folder.glob("traces/*/*.jsonl"))
    return {file.stem: [json.loads(line) for line in file.read_text().splitlines()] for file in files}


def _atif(folder: Path) -> Iterator[dict[str, Any]]:
    yield from (json.loads(file.read_text()) for file in sorted(folder.glob("atif/*/*.json")))


def test_hub_form(places: dict[str, Path]) -> None:
    """As huggingface.co/docs/hub/session-traces-format says: a header, messages, every result answers a call."""
    traces = _hub(places["people"])
    assert set(traces) == {"20261124-101112-long", "20261124-090000-short"}
    for name, (header, *messages) in traces.items():
        assert header["type"] == "session"
        assert (header["harness"], header["id"]) == ("assistant", name)
        called: list[str] = []
        for line in messages:
            assert set(line) == {"type", "message"}
            message = line["message"]
            assert line["type"] == "message"
            assert set(message) <= {
                "role", "content", "reasoningContent", "toolCalls", "toolCallId", "timestamp", "model",
            }  # fmt: skip
            assert message["role"] in ("user", "assistant", "system", "tool")
            assert isinstance(message["content"], str)
            called += [call["id"] for call in message.get("toolCalls", ())]
            assert all(
                isinstance(json.loads(c["function"]["arguments"]), dict) for c in message.get("toolCalls", ())
            )
            assert message["role"] != "tool" or called.pop(0) == message["toolCallId"]
        assert called == []
    said = [(m["message"]["role"], m["message"]["content"]) for m in traces["20261124-101112-long"][1:]]
    assert [role for role, _ in said] == [
        "user", "assistant", "tool", "user", "assistant", "tool", "user", "assistant", "tool",
    ]  # fmt: skip
    assert said[3] == ("user", "it must not subtract; write to [e-mail]")
    assert said[6][1].startswith("[edited by hand]\n```python\n")
    assert said[2][1] == "0 of 1 visible tests pass.\nwrong: t"


def test_what_a_model_said_is_labelled(places: dict[str, Path]) -> None:
    (_, *messages) = _hub(places["mint"])["spoken"]
    said = [m["message"]["content"] for m in messages if m["message"]["role"] == "user"]
    assert said[1] == "[written by a model, not by a person]\nTHIS IS WRONG"
    (trajectory,) = _atif(places["mint"])
    assert [s["message"] for s in trajectory["steps"] if s["source"] == "user"][1] == said[1]
    assert (trajectory["extra"]["speaker"], trajectory["extra"]["origin"]) == ("simulated", "mint")


def test_atif_form(places: dict[str, Path]) -> None:
    """The rules of ATIF 1.7 (Harbor's models, by hand: they need Python 3.12)."""
    for trajectory in _atif(places["people"]):
        assert trajectory["schema_version"] == "ATIF-v1.7"
        assert set(trajectory["agent"]) == {"name", "version", "model_name"}
        assert [step["step_id"] for step in trajectory["steps"]] == list(
            range(1, len(trajectory["steps"]) + 1)
        )
        assert trajectory["final_metrics"]["total_steps"] == len(trajectory["steps"])
        for step in trajectory["steps"]:
            assert step["source"] in ("system", "user", "agent")
            own = {"model_name", "reasoning_effort", "reasoning_content", "tool_calls", "metrics"}
            assert step["source"] == "agent" or not own & set(step)
            calls = {call["tool_call_id"] for call in step.get("tool_calls", ())}
            for result in step.get("observation", {"results": []})["results"]:
                assert result.get("source_call_id") in {*calls, None}
    assert "jane" not in json.dumps(list(_atif(places["people"])))


def test_files_are_asked_for_by_name_and_make_no_table(places: dict[str, Path]) -> None:
    assert not {"traces", "inspect", "verifiers", "harbor"} & set(parse_formats("all"))
    assert parse_formats("traces,sft") == ("sft", "traces")
    card = (places["people"] / "README.md").read_text()
    assert "config_name" not in card
    assert "| `traces` |" in card
    assert not (places["people"] / "data").exists()


def test_inspect_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import sys

    monkeypatch.setitem(sys.modules, "inspect_ai", None)
    _sessions(tmp_path / "sessions")
    with pytest.raises(AssistantError, match=r"this needs inspect_ai.*pip install 'assistant\[inspect\]'"):
        export(request(tmp_path / "sessions", "inspect"), tmp_path / "out")
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_inspect_reads_its_own_log_again(tmp_path: Path) -> None:
    log = pytest.importorskip("inspect_ai.log", reason="pip install 'assistant[inspect]'")
    _sessions(tmp_path / "sessions")
    export(request(tmp_path / "sessions", "inspect"), tmp_path / "out")
    files = sorted((tmp_path / "out" / "inspect").glob("*.eval"))
    logs = [log.read_eval_log(str(file)) for file in files]
    samples = {sample.id: sample for made in logs for sample in made.samples}
    assert set(samples) == {"20261124-101112-long", "20261124-090000-short"}
    long = samples["20261124-101112-long"]
    assert [m.role for m in long.messages] == [
        "user", "assistant", "tool", "user", "assistant", "tool", "user", "assistant", "tool",
    ]  # fmt: skip
    assert long.messages[3].text == "it must not subtract; write to [e-mail]"
    assert {name: score.value for name, score in long.scores.items()} == {
        "visible tests": "C",
        "hidden tests": "C",
    }
    assert all(made.eval.created.startswith("2026-11-24T") for made in logs)
    assert inspect_log.INSPECT.needs == "inspect_ai"
