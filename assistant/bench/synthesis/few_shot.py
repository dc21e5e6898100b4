"""Few-shot examples: the paper's tasks 2, 3 and 4, or others that a seed draws."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

from assistant.bench.jobs import dialogue_of
from assistant.core.errors import UsageError
from assistant.core.problem import Problem
from assistant.core.state import Program
from assistant.problems.collection import Collection
from assistant.session.prompting import Prompt, Template, answer_turn, dialogue_prompt, task_turn

USUAL = ("2", "3", "4")
POOL_TAG = "split:prompt"
"""MBPP keeps ids 1 to 10 for prompts; other seeds draw from these."""


def chosen_examples(pool: Collection, ids: Sequence[str], seed: int) -> tuple[Problem, ...]:
    """The examples of prompt `seed`: 0 takes `ids`, others draw as many from the pool. Raises UsageError.

    The paper does not say which examples each of its 15 prompt seeds used.
    """
    if seed == 0:
        return tuple(pool.get(name) for name in ids)
    candidates = [p for p in pool if POOL_TAG in p.tags and p.reference] or [p for p in pool if p.reference]
    if len(candidates) < len(ids):
        raise UsageError(
            f"{pool.name} has {len(candidates)} problems to draw examples from, {len(ids)} wanted"
        )
    return tuple(random.Random(f"examples {seed}").sample(candidates, len(ids)))


def prompt_for(
    template: Template, problem: Problem, asserts: int | None, examples: Sequence[Problem]
) -> Prompt:
    """The task with its examples before it: as text with markers for base models, as earlier turns for chat."""
    first = task_turn(template, problem, problem.visible_tests[:asserts])
    shown = [_example(template, example, asserts) for example in examples]
    if template.kind == "base":
        with_examples = replace(template, examples=tuple((task, (code,)) for task, code in shown))
        return dialogue_prompt(with_examples, first, (), entry_point=problem.entry_point)
    before = dialogue_of(*(text for pair in shown for text in pair))
    plain = dialogue_prompt(template, first, (), entry_point=problem.entry_point)
    return replace(plain, messages=(*before, *plain.messages))


def _example(template: Template, problem: Problem, asserts: int | None) -> tuple[str, str]:
    """A task and its answer, in the template's words."""
    program = Program(id="example", turn=0, round=0, code=problem.reference)
    task = task_turn(template, problem, problem.visible_tests[:asserts])
    return task, answer_turn(template, program).strip("\n")
