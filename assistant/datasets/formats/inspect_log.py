"""`inspect`: logs of inspect_ai, written by its own API; `inspect view --log-dir DATASET/inspect` opens them.

One log for each split and model (a log is of one model), one sample for each session: the whole dialogue, and as
scores whether its last program passes the visible and the hidden tests. `created` is the time of the first session.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from assistant import __version__
from assistant.datasets.extras import need
from assistant.datasets.formats.base import Format
from assistant.datasets.formats.traces import file_name
from assistant.datasets.session_view import Row
from assistant.datasets.transcript import COLUMNS, TOOL, said_by_person, said_by_tests, transcripts

TASK = "assistant-feedback"
SCORERS = ("visible", "hidden")


def _write(root: Path, split: str, rows: Iterator[Row]) -> None:
    models: dict[str, list[Row]] = {}
    for row in rows:
        models.setdefault(row["model"], []).append(row)
    folder = root / "inspect"
    folder.mkdir(exist_ok=True)
    for model, sessions in models.items():
        log = eval_log(split, model, sessions)
        need("inspect_ai.log", "inspect").write_eval_log(log, folder / f"{split}-{file_name(model)}.eval")


def eval_log(split: str, model: str, rows: list[Row]) -> Any:
    """The sessions of one split and model as an `EvalLog`."""
    log = need("inspect_ai.log", "inspect")
    name = hashlib.sha256(
        "\n".join([split, model, *(row["journal_sha256"] for row in rows)]).encode()
    ).hexdigest()
    return log.EvalLog(
        status="success",
        eval=log.EvalSpec(
            eval_id=name[:22], run_id=name[22:44], task_id=name[44:], created=_created(rows), task=TASK,
            task_version=__version__, model=model or "unknown", config=log.EvalConfig(),
            dataset=log.EvalDataset(
                name=f"{rows[0]['origin']} {split}", samples=len(rows), sample_ids=[row["session"] for row in rows]
            ),
            metadata={"origin": rows[0]["origin"], "split": split},
            packages={"assistant": __version__},
        ),
        results=_results(rows),
        stats=log.EvalStats(),
        samples=[_sample(row) for row in rows],
    )  # fmt: skip


def _created(rows: list[Row]) -> str:
    """When the first session began, as its id says; imported sessions do not say it."""
    times = []
    for row in rows:
        try:
            times.append(datetime.strptime(row["session"][:15], "%Y%m%d-%H%M%S").replace(tzinfo=UTC))
        except ValueError:
            continue
    return min(times, default=datetime(1970, 1, 1, tzinfo=UTC)).isoformat()


def _results(rows: list[Row]) -> Any:
    """Of each score the share of sessions that pass; those without hidden tests have no hidden score."""
    log = need("inspect_ai.log", "inspect")
    scores = []
    for scorer in SCORERS:
        passed = [row[f"{scorer}_passed"] for row in rows if row[f"{scorer}_passed"] is not None]
        if passed:
            accuracy = log.EvalMetric(name="accuracy", value=sum(passed) / len(passed))
            scores.append(
                log.EvalScore(
                    name=f"{scorer} tests", scorer=f"{scorer} tests", scored_samples=len(passed),
                    metrics={"accuracy": accuracy},
                )
            )  # fmt: skip
    return log.EvalResults(total_samples=len(rows), completed_samples=len(rows), scores=scores)


def _sample(row: Row) -> Any:
    log, model = need("inspect_ai.log", "inspect"), need("inspect_ai.model", "inspect")
    messages = [
        message for number, step in enumerate(row["steps"]) for message in _messages(row, number, step)
    ]
    opening = sum(step["kind"] == "task" for step in row["steps"])
    last = next(m for m in reversed(messages) if m.role == "assistant")
    return log.EvalSample(
        id=row["session"],
        epoch=1,
        input=messages[:opening],
        target=row["reference"],
        messages=messages,
        output=model.ModelOutput(
            model=row["model"], choices=[model.ChatCompletionChoice(message=last, stop_reason="stop")]
        ),
        scores=_scores(row),
        metadata={
            name: row[name]
            for name in (
                "problem", "source", "licence", "origin", "speaker", "annotator", "study", "end", "round",
                "journal_sha256", "model_revision", "weights_sha256",
            )
        },
        uuid=row["journal_sha256"][:22],
    )  # fmt: skip


def _messages(row: Row, number: int, step: Row) -> Iterator[Any]:
    model, tool = need("inspect_ai.model", "inspect"), need("inspect_ai.tool", "inspect")
    place = f"{row['session']}-{number}"
    if step["kind"] == "task":
        kind = model.ChatMessageSystem if step["role"] == "system" else model.ChatMessageUser
        yield kind(id=place, content=step["content"], source="input")
        return
    if step["kind"] == "feedback":
        spoke = {"speaker": step["speaker"], "tags": step["tags"]}
        yield model.ChatMessageUser(id=place, content=said_by_person(step), source="operator", metadata=spoke)
        return
    call = tool.ToolCall(id=step["program"], function=TOOL, arguments={"program": step["program"]})
    calls = [call] if step["visible"] is not None else None
    if step["kind"] == "edit":
        yield model.ChatMessageUser(id=place, content=said_by_person(step), source="operator")
        yield model.ChatMessageAssistant(id=f"{place}-tests", content="", tool_calls=calls)
    else:
        content: Any = step["text"]
        if step["thinking"]:
            content = [
                model.ContentReasoning(reasoning=step["thinking"]),
                model.ContentText(text=step["text"]),
            ]
        yield model.ChatMessageAssistant(
            id=place, content=content, source="generate", model=step["model"], tool_calls=calls
        )
    if calls:
        yield model.ChatMessageTool(
            id=f"{place}-verdict", content=said_by_tests(step), tool_call_id=step["program"], function=TOOL
        )


def _scores(row: Row) -> dict[str, Any]:
    scorer = need("inspect_ai.scorer", "inspect")
    last = next(step for step in reversed(row["steps"]) if step["kind"] in ("answer", "edit"))
    return {
        f"{name} tests": scorer.Score(
            value="C" if row[f"{name}_passed"] else "I",
            answer=last["code"],
            explanation=said_by_tests(last) if name == "visible" else None,
            metadata={"sealed": row[f"{name}_sealed"]},
        )
        for name in SCORERS
        if row[f"{name}_passed"] is not None
    }


INSPECT = Format(
    "inspect",
    COLUMNS,
    transcripts,
    (),
    "A session as a sample of an inspect_ai log (`inspect/`, one log for each split and model): "
    "`inspect view --log-dir inspect`. The tests were called by the harness, not by the model.",
    "None: to look at.",
    order=21,
    files=_write,
    needs="inspect_ai",
)
