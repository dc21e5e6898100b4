"""Realistic rounds for the engine's benchmarks: MBPP tasks, wrong programs and what people said about them (ILF)."""

from __future__ import annotations

import ast
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from assistant.core.generation import Message
from assistant.problems.load import load_source
from assistant.session import prompting

DATA = Path(__file__).resolve().parents[3] / "shared" / "data"


@dataclass(frozen=True)
class Round:
    """A first request, and the one that follows once a person has spoken."""

    name: str
    entry_point: str
    first: tuple[Message, ...]
    feedback: tuple[Message, ...]


def rounds(count: int) -> list[Round]:
    """Up to 104 rounds in the order of the data set. Raises FileNotFoundError without ../shared/data."""
    problems = {p.id.rpartition("/")[2]: p for p in load_source(str(DATA / "mbpp" / "mbpp.jsonl")).problems}
    template = prompting.load_template("paper")
    lines = (DATA / "ilf" / "human-feedback.jsonl").read_text(encoding="utf-8").splitlines()
    found = []
    for row in map(json.loads, lines[:count]):
        problem = problems[str(row["task_id"])]
        words = prompting.task_turn(template, problem, problem.visible_tests)
        task = Message(role="user", content=words)
        program = Message(
            role="assistant", content=f"```python\n{_program(row['original_model_completion'])}\n```"
        )
        feedback = Message(role="user", content=" ".join(row["Feedback"].split()))
        found.append(Round(problem.id, problem.entry_point, (task,), (task, program, feedback)))
    return found


def long_rounds(count: int, tokenizer: Any, tokens: int = 400) -> list[Round]:
    """The same with the exchange repeated until the dialogue before the last words has `tokens` tokens."""
    found = []
    for one in rounds(count):
        task, program, words = one.feedback
        middle: tuple[Message, ...] = (task, program)
        while len(prompt_ids(tokenizer, middle)) < tokens:
            middle = (*middle, words, program)
        found.append(Round(one.name, one.entry_point, middle[:1], (*middle, words)))
    return found


def prompt_ids(tokenizer: Any, messages: tuple[Message, ...], *, answer: bool = True) -> list[int]:
    """Token ids in the chat template, with the beginning of an answer unless it is not wanted."""
    turns = [{"role": m.role, "content": m.content} for m in messages]
    text = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=answer)
    return list(tokenizer(text, add_special_tokens=False)["input_ids"])


def _program(completion: str) -> str:
    """Without the task that ILF repeats as a string before the program."""
    try:
        first = ast.parse(completion).body[0]
    except SyntaxError:
        return completion.strip()
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and first.end_lineno:
        return "\n".join(completion.splitlines()[first.end_lineno :]).strip()
    return completion.strip()
