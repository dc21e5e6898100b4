"""What a number format costs in answers: greedy pass@1 on the same MBPP problems, paired with bfloat16.

python -m tests.benchmarks.engine_precision answers MODEL_FOLDER --precision int8 --results FILE [--count 160]
python -m tests.benchmarks.engine_precision report --results FILE
python -m tests.benchmarks.engine_precision nearness MODEL_FOLDER --precision int8 [--texts 20]

MODEL_FOLDER holds the bfloat16 weights in transformers' layout. Answers are appended to FILE one by one, so
that a long measurement can be interrupted and taken up again. Decoding stops at the closing code fence.
`nearness` is the fast proxy: Kullback-Leibler divergence from float32 and agreement of the likeliest token,
teacher-forced on reference solutions. Needs ../shared/data beside the checkout.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from assistant.core.code_extraction import extract_code
from assistant.core.problem import Problem
from assistant.core.submission import Submission
from assistant.engine.inference import precision as formats
from assistant.engine.inference.decoder import end_tokens
from assistant.engine.inference.detokenizer import TextStream
from assistant.engine.inference.forward import Forward, forward_for
from assistant.engine.inference.llama_weights import build
from assistant.problems.load import load_source
from assistant.sandbox.local import open_sandbox
from assistant.session import prompting
from tests.benchmarks.engine_dialogues import prompt_ids

DATA = Path(__file__).resolve().parents[3] / "shared" / "data" / "mbpp"
FENCE = "\n```\n"
MOST_TOKENS = 512


def chosen_problems(count: int) -> list[Problem]:
    """MBPP's test problems (sanitized, ids 11 to 510) in a fixed random order."""
    problems = load_source(str(DATA / "sanitized-mbpp.json")).problems
    test = [p for p in problems if 11 <= int("".join(filter(str.isdigit, p.id))) <= 510]
    random.Random(2021).shuffle(test)
    return test[:count]


def first_prompt(problem: Problem) -> prompting.Prompt:
    template = prompting.load_template("paper")
    return prompting.dialogue_prompt(
        template,
        prompting.task_turn(template, problem, problem.visible_tests),
        (),
        entry_point=problem.entry_point,
    )


def load(folder: Path, precision: str) -> tuple[Any, Any]:
    """The model, written out, and its tokenizer."""
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer

    dtype = getattr(torch, precision if precision in formats.PLAIN else "bfloat16")
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=dtype)
    return build(model, precision), AutoTokenizer.from_pretrained(folder)


@dataclass
class _Place:
    """A row of the batch and the problem that is answered in it."""

    problem: Problem
    prompt: list[int]
    text: TextStream
    ids: list[int] = field(default_factory=list)

    def take(self, token: int, ends: frozenset[int]) -> bool:
        """Whether the answer is complete."""
        self.ids.append(token)
        if token not in ends:
            self.text.push(token)
        done = token in ends or self.text.stopped or len(self.ids) >= MOST_TOKENS
        if done:
            self.text.close()
        return done


def answered(model: Any, tokenizer: Any, problems: Sequence[Problem], rows: int) -> Iterator[_Place]:
    """Greedy answers, several problems at a time in one batch; a row that is done takes the next problem."""
    forward, ends = forward_for(model), end_tokens(model, tokenizer)
    waiting = [
        _Place(p, prompt_ids(tokenizer, first_prompt(p).messages), TextStream(tokenizer, (FENCE,)))
        for p in reversed(problems)
    ]
    cache = forward.new_cache(rows, 1024)
    places: list[_Place | None] = [None] * rows
    while waiting or any(places):
        for row, place in enumerate(places):
            if place is None and waiting:
                places[row], cache.lengths[row] = waiting.pop(), 0
        feed = [[] if p is None else p.ids[-1:] or p.prompt for p in places]
        for row, logits in enumerate(forward(feed, cache, [min(len(tokens), 1) for tokens in feed])):
            place = places[row]
            if place is not None and place.take(int(logits.argmax()), ends):
                yield place
                places[row] = None


def answers(options: argparse.Namespace) -> None:
    import torch

    torch.set_num_threads(options.threads)
    done = {row["id"] for row in read(options.results) if row["precision"] == options.precision}
    missing = [p for p in chosen_problems(options.count) if p.id not in done]
    model, tokenizer = load(options.model, options.precision)
    sandbox = open_sandbox()
    try:
        for place in answered(model, tokenizer, missing, options.batch):
            code = extract_code(place.text.text, place.problem.entry_point).code or ""
            solved = bool(code) and sandbox.run(Submission.of(place.problem, code)).passed
            row = {"precision": options.precision, "id": place.problem.id, "solved": solved}
            row |= {"tokens": len(place.ids), "code": code}
            with options.results.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")
            print(f"{place.problem.id}: {solved}", file=sys.stderr, flush=True)
    finally:
        sandbox.close()


def read(path: Path) -> list[dict[str, Any]]:
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith("}")]


def report(options: argparse.Namespace) -> None:
    """Per format the problems it shares with bfloat16, and who alone solved how many."""
    by_format: dict[str, dict[str, dict[str, Any]]] = {}
    for row in read(options.results):
        by_format.setdefault(row["precision"], {})[row["id"]] = row
    base = by_format.get("bfloat16", {})
    for name, rows in by_format.items():
        shared = sorted(rows.keys() & base.keys())
        mine, theirs = [rows[i]["solved"] for i in shared], [base[i]["solved"] for i in shared]
        only = sum(a and not b for a, b in zip(mine, theirs, strict=True))
        lost = sum(b and not a for a, b in zip(mine, theirs, strict=True))
        same = sum(rows[i]["code"] == base[i]["code"] for i in shared)
        print(
            f"{name}: {sum(mine)} of {len(shared)} solved (bfloat16 {sum(theirs)}); alone {only}, lost {lost}; "
            f"sign test p = {sign_test(only, lost):.2f}; the same program {same} times"
        )


def sign_test(wins: int, losses: int) -> float:
    """Two-sided exact probability of so uneven a split if both were alike (McNemar's exact test)."""
    from math import comb

    n, k = wins + losses, min(wins, losses)
    return min(1.0, 2 * sum(comb(n, i) for i in range(k + 1)) / 2**n)


def nearness(options: argparse.Namespace) -> None:
    import torch

    torch.set_num_threads(options.threads)
    rows = []
    for name in ("float32", options.precision):
        model, tokenizer = load(options.model, name)
        rows.append(list(_teacher_forced(forward_for(model), tokenizer, options.texts)))
        del model
    divergence = torch.cat([(a.exp() * (a - b)).sum(-1) for a, b in zip(*rows, strict=True)])
    agreement = torch.cat([a.argmax(-1) == b.argmax(-1) for a, b in zip(*rows, strict=True)]).float()
    print(
        f"{options.precision} against float32, {len(divergence)} tokens: divergence mean {divergence.mean():.5f}, "
        f"median {divergence.median():.6f}, 99th percentile {divergence.quantile(0.99):.4f}; "
        f"same likeliest token {agreement.mean():.4f}"
    )


def _teacher_forced(forward: Forward, tokenizer: Any, texts: int) -> Iterator[Any]:
    """Log-probabilities [tokens, vocabulary] of reference solutions."""
    for problem in chosen_problems(texts):
        prompt = prompt_ids(tokenizer, first_prompt(problem).messages)
        target = tokenizer(f"```python\n{(problem.reference or '').strip()}\n```")["input_ids"]
        cache = forward.new_cache(1, len(prompt) + len(target))
        yield forward([prompt + target[:-1]], cache, [len(target)])[0].float().log_softmax(-1)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    commands = parser.add_subparsers(required=True)
    for name, run in (("answers", answers), ("report", report), ("nearness", nearness)):
        command = commands.add_parser(name)
        command.set_defaults(run=run)
        if name != "report":
            command.add_argument("model", type=Path)
            command.add_argument("--precision", default="int8", choices=(*formats.PLAIN, "int8"))
            command.add_argument("--threads", type=int, default=2)
            command.add_argument("--batch", type=int, default=8, help="problems at a time")
        if name != "nearness":
            command.add_argument("--results", type=Path, required=True)
    commands.choices["answers"].add_argument("--count", type=int, default=160)
    commands.choices["nearness"].add_argument("--texts", type=int, default=20)
    options = parser.parse_args(arguments)
    options.run(options)


if __name__ == "__main__":
    main()
