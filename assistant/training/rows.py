"""The rows that a model is trained on: of an export, or made of problems and their reference solutions."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from assistant.bench.execution.call_questions import Asked
from assistant.bench.execution.plan import load_wording, question
from assistant.bench.run_folder import asked_of_problems
from assistant.core.errors import AssistantError, UsageError
from assistant.core.optional_deps import need
from assistant.core.problem import Problem
from assistant.datasets.atomic_directory import MARK
from assistant.datasets.session_view import fenced
from assistant.datasets.task_columns import task_columns
from assistant.session.prompting import dialogue_prompt, load_template, task_turn
from assistant.training.methods import METHODS, Method, choose
from assistant.training.shuffled_words import TOLD, with_shuffled_words

Json = dict[str, Any]
CONTEXTS = {"words": "", "cases": "_with_cases", "program": "_with_program"}
"""Of the format `feedback`: the words alone, with the failing tests, or with the program that they are about."""
TEMPLATE = "paper"
OF_PROBLEMS = "problems"
"""The name of the format of rows that are made of problems."""
OF_CALLS = "calls"
"""The same of rows that ask what a call of the reference gives."""


@dataclass(frozen=True)
class TrainingRows:
    """Rows by split, for one method."""

    method: Method
    format: str
    splits: Mapping[str, Any]
    """`datasets.Dataset`s: `train`, and `validation` where there is one."""
    source: Json
    """What they come from, for the record."""
    control: str = ""
    context: str = "words"
    """What the model is told beside the task, where it learns from that: one of `CONTEXTS`."""

    def read(self, split: str) -> Any:
        """The rows of a split as the trainer reads them: the chosen context is the column `privileged_context`."""
        rows = self.splits.get(split)
        column = f"{TOLD}{CONTEXTS[self.context]}"
        if rows is None or column == TOLD or column not in rows.column_names:
            return rows
        return rows.remove_columns(TOLD).rename_column(column, TOLD)

    @property
    def problems(self) -> frozenset[str]:
        """Content hashes of the problems that are trained on: no evaluation may count them."""
        return frozenset(self.splits["train"].unique("content_sha256"))

    def shuffled(self, seed: int) -> TrainingRows:
        """The control: the same rows with words about other problems. Raises `UsageError`."""
        train = self.splits["train"]
        rows = with_shuffled_words(train.to_list(), seed)
        made = type(train).from_list(rows, features=train.features)
        return replace(self, splits={**self.splits, "train": made}, control="shuffled")


def rows_of_export(
    data: Path, method: str | None, format_: str | None, context: str = "words"
) -> TrainingRows:
    """The rows of a folder that `assistant export` wrote. Raises `AssistantError`."""
    if context not in CONTEXTS:
        raise UsageError(f"--context is {', '.join(CONTEXTS)}, not {context!r}")
    export = _export_of(data)
    there = {name: counts.get("rows", 0) for name, counts in export["rows"].items()}
    chosen, format_ = choose(method, format_, there, str(data))
    splits = _loader(chosen).load_dataset(str(data), format_)
    if "train" not in splits:
        raise AssistantError(f"no problem of {data} is in the train split: export more, or other --splits")
    chosen.check_columns(splits["train"].column_names, str(data))
    kept = {name: splits[name] for name in ("train", "validation") if name in splits}
    return TrainingRows(chosen, format_, kept, {"data_sha256": export["data_sha256"]}, context=context)


def rows_of_problems(source: str, problems: Sequence[Problem], method: str | None) -> TrainingRows:
    """A row for each problem with a reference solution: asked as `bench synthesis` asks. Raises `UsageError`."""
    chosen = METHODS.get(method or "sft")
    if chosen is None or chosen.name not in ("sft", "grpo"):
        raise UsageError(f"problems are trained on with --method sft or grpo, not {method}")
    taken = tuple(problem for problem in problems if problem.reference or chosen.rewarded)
    if not taken:
        raise UsageError(f"{source} has no reference solutions to train on")
    rows = _loader(chosen).Dataset.from_list([_row(problem, chosen.rewarded) for problem in taken])
    return TrainingRows(chosen, OF_PROBLEMS, {"train": rows}, asked_of_problems(source, taken))


def rows_of_calls(source: str, asked: Sequence[Asked]) -> TrainingRows:
    """A row for each call: the question of `bench execution`, answered by the value. Raises `UsageError`."""
    if not asked:
        raise UsageError(f"{source} has no reference programs that are called with literals to train on")
    method = METHODS["sft"]
    template = load_wording(is_chat=True)
    rows = [
        {
            "prompt": [{"role": "user", "content": question(template, call, with_tests=False)}],
            "completion": [{"role": "assistant", "content": f"[ANSWER]{call.value}[/ANSWER]"}],
            "problem": call.problem.id,
            "content_sha256": call.problem.content_sha256,
        }
        for call in asked
    ]
    problems = tuple({call.problem.id: call.problem for call in asked}.values())
    splits = {"train": _loader(method).Dataset.from_list(rows)}
    return TrainingRows(method, OF_CALLS, splits, asked_of_problems(source, problems))


def _row(problem: Problem, rewarded: bool) -> Json:
    """The task with its reference solution or, for a reward, with its tests."""
    template = load_template(TEMPLATE)
    first = task_turn(template, problem, problem.visible_tests)
    prompt = dialogue_prompt(template, first, (), entry_point=problem.entry_point)
    completion = {"role": "assistant", "content": fenced(problem.reference)}
    return {
        "prompt": [message.model_dump() for message in prompt.messages],
        **(task_columns(problem) if rewarded else {"completion": [completion]}),
        "problem": problem.id,
        "content_sha256": problem.content_sha256,
    }


def _loader(method: Method) -> Any:
    """The library that loads datasets. What the method needs is looked for first, before anything takes long."""
    need("peft", "train")
    method.load()
    datasets = need("datasets", "train")
    # The libraries' own bars would be drawn over ours.
    datasets.disable_progress_bars()
    need("transformers.utils.logging", "train").disable_progress_bar()
    return datasets


def _export_of(data: Path) -> Json:
    """What made the export. Raises `UsageError` where it is none."""
    try:
        export: Json = json.loads((data / MARK).read_text(encoding="utf-8"))
        if isinstance(export["rows"], dict) and isinstance(export["data_sha256"], str):
            return export
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise UsageError(f"{data} is no export of ours: it has no readable {MARK}")
