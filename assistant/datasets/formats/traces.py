"""`traces`: a session in two public forms of agent traces, a file each, to look at in other people's viewers.

`traces/SPLIT/SESSION.jsonl` is the Hugging Face Hub's Session Trace Simple Format
(https://huggingface.co/docs/hub/session-traces-format): a header line, then a line for each message.
`atif/SPLIT/SESSION.json` is the Agent Trajectory Interchange Format, version 1.7 (Harbor's RFC 0001,
https://harborframework.com/docs/trajectory-format): a list of steps, with observations and token counts.
In both the visible tests' verdict is the result of a tool, `run_tests`, which the harness called and not the model.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from assistant import __version__
from assistant.datasets.features import PROVENANCE
from assistant.datasets.formats.base import Format
from assistant.datasets.session_view import Row, fenced
from assistant.datasets.transcript import COLUMNS, TOOL, said_by_person, said_by_tests, transcripts

HARNESS = "assistant"
"""Our id in the header. The Hub shows sessions of ids that it has no icon for without one."""
ATIF = "ATIF-v1.7"
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


def file_name(session: str) -> str:
    """A session's id as a file's name, without its ending."""
    return _UNSAFE.sub("_", session)[:120]


def _write(root: Path, split: str, rows: Iterator[Row]) -> None:
    for row in rows:
        name = file_name(row["session"])
        lines = [json.dumps(line, ensure_ascii=False) for line in hub_lines(row)]
        _put(root / "traces" / split / f"{name}.jsonl", "".join(f"{line}\n" for line in lines))
        trajectory = json.dumps(atif_trajectory(row), ensure_ascii=False, indent=1)
        _put(root / "atif" / split / f"{name}.json", f"{trajectory}\n")


def _put(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, encoding="utf-8", newline="")


def _about(row: Row) -> Row:
    """Where the session comes from, for the places where a form leaves room."""
    names = [name for name in PROVENANCE if name not in ("program", "round", "arm", "edited", "redacted")]
    return {**{name: row[name] for name in names}, "end": row["end"]}


def hub_lines(row: Row) -> Iterator[Row]:
    """The header and the messages of the Hub's form."""
    yield {
        "type": "session", "harness": HARNESS, "id": row["session"], "name": row["problem"],
        "version": __version__, **_about(row),
    }  # fmt: skip
    for step in row["steps"]:
        for message in _messages(step):
            yield {"type": "message", "message": message}


def _messages(step: Row) -> Iterator[Row]:
    if step["kind"] == "task":
        yield {"role": step["role"], "content": step["content"]}
        return
    if step["kind"] == "answer":
        said: Row = {"role": "assistant", "content": step["text"], "model": step["model"]}
        if step["thinking"]:
            said["reasoningContent"] = step["thinking"]
    else:
        said = {"role": "user", "content": said_by_person(step)}
    if step["kind"] == "feedback":
        yield said
    elif step["kind"] == "edit":
        yield said
        if step["visible"] is not None:  # a tool's result answers a call, and only an assistant calls
            yield {"role": "assistant", "content": "", "toolCalls": [_call(step)]}
            yield _result(step)
    elif step["visible"] is None:
        yield said
    else:
        yield {**said, "toolCalls": [_call(step)]}
        yield _result(step)


def _call(step: Row) -> Row:
    arguments = json.dumps({"program": step["program"]})
    return {"id": step["program"], "function": {"name": TOOL, "arguments": arguments}}


def _result(step: Row) -> Row:
    return {"role": "tool", "toolCallId": step["program"], "content": said_by_tests(step)}


def atif_trajectory(row: Row) -> Row:
    """The session as an ATIF trajectory."""
    steps = [{"step_id": number, **_step(step)} for number, step in enumerate(row["steps"], start=1)]
    answers = [step for step in row["steps"] if step["kind"] == "answer"]
    return {
        "schema_version": ATIF,
        "session_id": row["session"],
        "trajectory_id": row["session"],
        "agent": {"name": HARNESS, "version": __version__, "model_name": row["model"]},
        "steps": steps,
        "notes": f"The tests ran in a sandbox: `{TOOL}` was called by the harness, not by the model.",
        "final_metrics": {
            "total_prompt_tokens": sum(step["prompt_tokens"] for step in answers),
            "total_completion_tokens": sum(step["generated_tokens"] for step in answers),
            "total_cached_tokens": sum(step["cached_tokens"] for step in answers),
            "total_steps": len(steps),
        },
        "extra": _about(row),
    }


def _step(step: Row) -> Row:
    match step["kind"]:
        case "task":
            return {"source": "system" if step["role"] == "system" else "user", "message": step["content"]}
        case "feedback":
            extra = {"speaker": step["speaker"], "tags": step["tags"]}
            return {"source": "user", "message": said_by_person(step), "extra": extra}
        case "edit":
            return {"source": "user", "message": said_by_person(step), **_observed(step, None)}
    return {
        "source": "agent",
        "model_name": step["model"],
        "message": step["text"] or fenced(step["code"]),
        **({"reasoning_content": step["thinking"]} if step["thinking"] else {}),
        **_tested(step),
        "metrics": {
            "prompt_tokens": step["prompt_tokens"],
            "completion_tokens": step["generated_tokens"],
            "cached_tokens": step["cached_tokens"],
            "extra": {"seconds": step["seconds"]},
        },
    }


def _tested(step: Row) -> Row:
    call = {"tool_call_id": step["program"], "function_name": TOOL, "arguments": {"program": step["program"]}}
    return {"tool_calls": [call], **_observed(step, step["program"])}


def _observed(step: Row, call: str | None) -> Row:
    """The visible verdict as an observation, and both as data."""
    result: dict[str, Any] = {"content": said_by_tests(step)}
    if call is not None:
        result["source_call_id"] = call
    verdicts = {name: step[name] for name in ("visible", "hidden") if step[name] is not None}
    return {"observation": {"results": [result]}, "extra": {"program": step["program"], **verdicts}}


TRACES = Format(
    "traces",
    COLUMNS,
    transcripts,
    (),
    "A session as the Hub's trace viewer shows it (`traces/`), and as an ATIF trajectory (`atif/`). The verdicts are "
    "those of the visible tests; ATIF's `extra` has the hidden ones, which neither person nor model saw.",
    "None: to look at.",
    order=20,
    files=_write,
)
