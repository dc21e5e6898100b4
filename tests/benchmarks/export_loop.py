"""The loop closed: train on an export, measure before and after on problems that no training row is about.

python -m tests.benchmarks.export_loop EXPORT --model MODEL --trained DIR [--problems 12] [--tokens 200]

EXPORT has a `refinement` config; its `test` split is asked of both models: task, wrong program, the person's words.
Greedy, one sample; solved is by all visible tests in the sandbox. The pairs are printed, for few problems say little.
"""

from __future__ import annotations

import argparse
import os
from itertools import islice
from pathlib import Path
from typing import Any

from assistant.core.code_extraction import extract_code
from assistant.core.generation import Finish, Message, Request, Sampling
from assistant.core.problem import AssertTest
from assistant.core.submission import Submission
from assistant.engine.open import open_engine
from assistant.sandbox.local import open_sandbox
from assistant.settings.paths import cache_folder


def main() -> None:
    """Ask both models, print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("export", type=Path)
    parser.add_argument("--model", default=None)
    parser.add_argument("--trained", required=True)
    parser.add_argument("--split", default="test")
    parser.add_argument("--problems", type=int, default=12)
    parser.add_argument("--tokens", type=int, default=200)
    options = parser.parse_args()
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    from datasets import load_dataset

    rows = list(islice(load_dataset(str(options.export), "refinement")[options.split], options.problems))
    before = [answer(options.model, rows, options.tokens), answer(options.trained, rows, options.tokens)]
    for row, old, new in zip(rows, *before, strict=True):
        print(f"{row['problem']:14} before {old:12} after {new}")
    solved = [sum(verdict == "passed" for verdict in verdicts) for verdicts in before]
    only = [
        sum((a == "passed") > (b == "passed") for a, b in pairs)
        for pairs in (zip(*before, strict=True), zip(*before[::-1], strict=True))
    ]
    print(
        f"solved of {len(rows)}: {solved[0]} before, {solved[1]} after; only before {only[0]}, only after {only[1]}"
    )


def answer(model: str | None, rows: list[dict[str, Any]], tokens: int) -> list[str]:
    """The outcome of one model's greedy answer to each row."""
    engine = open_engine("transformers", model=model, device="cpu", cache=cache_folder())
    sandbox = open_sandbox()
    try:
        engine.prepare()
        return [_verdict(row, _text(engine, row, tokens), sandbox) for row in rows]
    finally:
        sandbox.close()
        engine.close()


def _text(engine: Any, row: dict[str, Any], tokens: int) -> str:
    messages = tuple(Message(**message) for message in row["prompt"])
    *_, finish = engine.generate(Request(messages=messages, sampling=Sampling(max_new_tokens=tokens)))
    assert isinstance(finish, Finish)
    return finish.text


def _verdict(row: dict[str, Any], text: str, sandbox: Any) -> str:
    code = extract_code(text, row["entry_point"]).code
    if code is None:
        return "no program"
    tests = tuple(
        AssertTest(code=t if t.startswith("assert") else f"assert {_plain(t)}") for t in row["tests"]
    )
    return str(
        sandbox.run(Submission(source=code, entry_point=row["entry_point"], tests=tests)).outcome.value
    )


def _plain(test: str) -> str:
    """`f(1) == 2.5  (within 1e-06)` as a comparison with a tolerance."""
    comparison, _, within = test.partition("  (within ")
    left, _, right = comparison.partition(" == ")
    return f"abs({left} - {right}) <= {within.rstrip(')')}" if within else comparison


if __name__ == "__main__":
    main()
