"""The paper's fine-tuning variants on one model: few-shot against fine-tuned, and fine-tuned on execution.

Austin et al. 2021 compare few-shot prompting with fine-tuning on MBPP's 374 training problems, and find that a model
that was fine-tuned to predict what programs give writes no better programs. This trains three models by
`assistant train --problems`, and asks each the same held-out problems of MBPP's test split by `bench synthesis` (with
three examples and with none) and `bench execution`; MathQA-Python likewise where its file is named.

    python -m tests.benchmarks.fine_tuning_variants --mbpp mbpp.jsonl --model FILE.gguf --out runs --steps 24

Every part goes on where it was stopped: finished runs are shown again. Numbers of steps are small on a processor; the
table names them. Paired differences are those of `bench compare`.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from assistant.bench.compare import compare, report
from assistant.core.errors import AssistantError

SHOTS = "2,3,4"
COMPARED = (
    ("few-shot against fine-tuned", "base-few", "synthesis-zero"),
    ("fine-tuned on synthesis, tried on it", "base-zero", "synthesis-zero"),
    ("fine-tuned on execution, tried on synthesis", "base-zero", "execution-zero"),
    ("fine-tuned on execution, tried on it", "base-calls", "execution-calls"),
    ("fine-tuned on synthesis, tried on execution", "base-calls", "synthesis-calls"),
    ("MathQA-Python, fine-tuned", "base-mathqa", "mathqa-mathqa"),
)
"""Questions, and the two runs that answer each."""
MATHQA = (
    "MathQA-Python is not there: name its files (records with text, code, answer, task_id; `assistant problems FILE` "
    "checks one) by --mathqa TRAIN --mathqa-test TEST"
)


@dataclass(frozen=True)
class Variants:
    """What is trained and asked, with what numbers."""

    mbpp: Path
    mathqa: Path | None
    mathqa_test: Path | None
    model: str
    out: Path
    steps: int
    batch: int
    limit: int
    tokens: int
    max_length: int
    precision: str
    train_split: str
    test_split: str

    def made(self) -> None:
        """Every training and every run, one after the other."""
        self._asked("base", self.model)
        self._trained("synthesis", self.mbpp, "--split", self.train_split)
        self._asked("synthesis", str(self.out / "model-synthesis"))
        self._trained("execution", self.mbpp, "--split", self.train_split, "--task", "execution")
        self._asked("execution", str(self.out / "model-execution"))
        if self.mathqa is not None and self.mathqa_test is not None:
            self._trained("mathqa", self.mathqa)
            for name, model in (("base", self.model), ("mathqa", str(self.out / "model-mathqa"))):
                self._bench("synthesis", self.mathqa_test, f"{name}-mathqa", model, "--asserts", "0")

    def _trained(self, name: str, source: Path, *more: str) -> None:
        out = self.out / f"model-{name}"
        if (out / "training.json").is_file():
            return
        _run(
            "train", "--problems", str(source), "--model", self.model, "--out", str(out), "--steps",
            str(self.steps), "--batch", str(self.batch), "--accumulate", "1", "--max-length", str(self.max_length),
            "--save-steps", "4", "--precision", self.precision, *more,
        )  # fmt: skip

    def _asked(self, name: str, model: str) -> None:
        split = ("--split", self.test_split)
        self._bench("synthesis", self.mbpp, f"{name}-zero", model, *split)
        if name == "base":
            self._bench("synthesis", self.mbpp, f"{name}-few", model, *split, "--shots", SHOTS)
        self._bench("execution", self.mbpp, f"{name}-calls", model, *split)

    def _bench(self, bench: str, source: Path, name: str, model: str, *more: str) -> None:
        out = self.out / name
        if (out / "summary.json").is_file():
            return
        _run(
            "bench", bench, "--problems", str(source), "--samples", "1", "--temperature", "0", "--limit",
            str(self.limit), "--max-tokens", str(self.tokens), "--model", model, "--out", str(out), *more,
        )  # fmt: skip

    def table(self) -> Iterator[str]:
        """The paper's questions, each as a paired comparison; a run that is not there yet is said."""
        for question, before, after in COMPARED:
            yield f"\n{question}: A is {before}, B is {after}"
            try:
                yield from report(compare(self.out / before, self.out / after))
            except AssistantError as error:
                yield f"  not measured: {error}"
        if self.mathqa is None or self.mathqa_test is None:
            yield f"\n{MATHQA}"


def _run(*words: str) -> None:
    print("$ assistant", *words, flush=True)
    subprocess.run([sys.executable, "-m", "assistant", *words], check=True)


def main(arguments: Sequence[str] | None = None) -> None:
    """Make what is missing, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--mbpp", type=Path, required=True)
    parser.add_argument("--mathqa", type=Path)
    parser.add_argument("--mathqa-test", type=Path)
    parser.add_argument("--model", required=True)
    parser.add_argument("--out", type=Path, default=Path("fine-tuning-variants"))
    parser.add_argument("--steps", type=int, default=24)
    parser.add_argument("--batch", type=int, default=2)
    parser.add_argument("--limit", type=int, default=30)
    parser.add_argument("--tokens", type=int, default=160)
    parser.add_argument("--max-length", type=int, default=512)
    parser.add_argument("--precision", default="float32", help="of the training")
    parser.add_argument("--train-split", default="train")
    parser.add_argument("--test-split", default="test")
    given = parser.parse_args(arguments)
    variants = Variants(**vars(given))
    variants.made()
    print("\n".join(variants.table()))


if __name__ == "__main__":
    main()
