"""`assistant train` for real, on a model of a few thousand weights: stopped, controlled, compared."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.extras import need

need("trl", "peft", "datasets", "datasketch", "detect_secrets", "faker")

from assistant.bench.execution.call_questions import Asked  # noqa: E402
from assistant.bench.execution.plan import ALONE, ExecutionPlan, load_wording  # noqa: E402
from assistant.bench.execution.values import predicted_text, same_value  # noqa: E402
from assistant.core.errors import UsageError  # noqa: E402
from assistant.core.generation import Sampling  # noqa: E402
from assistant.datasets.pipeline import export  # noqa: E402
from assistant.datasets.task_columns import problem_of, task_columns  # noqa: E402
from assistant.engine.models.source import LocalFolder  # noqa: E402
from assistant.training.lora import train, unfinished  # noqa: E402
from assistant.training.methods import METHODS  # noqa: E402
from assistant.training.recipe import Recipe  # noqa: E402
from assistant.training.rows import TrainingRows, rows_of_calls, rows_of_problems  # noqa: E402
from tests.bench.conftest import Run  # noqa: E402
from tests.datasets.build import problem, refined, request  # noqa: E402
from tests.engine.tiny_model import save_folder, save_gguf  # noqa: E402

pytestmark = [pytest.mark.slow, pytest.mark.timeout(500)]


@pytest.fixture(autouse=True)
def _alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No hub, a cache of its own, and one thread, so that workers can be forked after a training."""
    import torch

    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("ASSISTANT_CACHE", str(tmp_path / "cache"))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> LocalFolder:
    return LocalFolder(save_folder(tmp_path_factory.mktemp("tiny")))


def _rows(method: str) -> TrainingRows:
    import datasets

    made = [
        {
            "prompt": [{"role": "user", "content": f"add {number}"}],
            "completion": [{"role": "assistant", "content": f"def add(a): return a + {number}"}],
            "chosen": [{"role": "assistant", "content": "return a"}],
            "rejected": [{"role": "assistant", "content": "return"}],
            "label": number % 2 == 0,
            "privileged_context": f"the {number} is missing",
            **task_columns(problem(number)),
            "content_sha256": str(number),
        }
        for number in range(6)
    ]
    return TrainingRows(METHODS[method], "made", {"train": datasets.Dataset.from_list(made)}, {"made": 1})


def _weights(folder: Path) -> bytes:
    return (folder / "model.safetensors").read_bytes()


@pytest.mark.parametrize(
    ("method", "steps", "stopped_at", "torn"),
    [("sft", 9, 5, True), ("sdft", 9, 5, False), ("sdpo", 18, 9, False)],
)
def test_a_stopped_training_comes_to_the_same_result(
    tiny: LocalFolder, tmp_path: Path, method: str, steps: int, stopped_at: int, torn: bool
) -> None:
    recipe = Recipe(
        epochs=3, learning_rate=0.01, rank=2, batch=2, accumulate=1, max_length=64, answer_length=8,
        generations=METHODS[method].fewest,
    )  # fmt: skip
    rows, cache = _rows(method), tmp_path / "cache"
    whole = train(rows, tiny, tmp_path / "whole", recipe, cache)

    def stop(done: int, total: int, loss: float) -> None:
        assert total == steps
        if done == stopped_at:  # in the second pass over the rows
            raise KeyboardInterrupt

    out = tmp_path / "stopped"
    with pytest.raises(KeyboardInterrupt):
        train(rows, tiny, out, recipe, cache, save_steps=2, watch=stop)
    assert not out.exists()
    if torn:
        (unfinished(out) / "trainer" / f"checkpoint-{stopped_at - 1}" / "trainer_state.json").unlink()
    with pytest.raises(UsageError, match=r"holds another run: recipe\.rank is 2 there and 4 here"):
        train(rows, tiny, out, Recipe(**{**vars(recipe), "rank": 4}), cache)
    seen: list[int] = []
    record = train(rows, tiny, out, recipe, cache, save_steps=2, watch=lambda done, *_: seen.append(done))
    assert seen == list(range(stopped_at - 2 * torn, steps + 1))
    assert _weights(out) == _weights(tmp_path / "whole")
    assert _weights(out) != _weights(tiny.path)
    same = ("first_loss", "last_loss", "rows", "base_weights_sha256", "asked")
    assert {name: record[name] for name in same} == {name: whole[name] for name in same}
    assert not unfinished(out).exists()
    assert train(rows, tiny, out, recipe, cache, watch=stop) == record  # nothing is trained again


@pytest.mark.parametrize("method", ["dpo", "kto", "grpo"])
def test_the_other_methods_take_a_step(tiny: LocalFolder, tmp_path: Path, method: str) -> None:
    recipe = Recipe(steps=1, rank=2, batch=2, accumulate=1, max_length=64, answer_length=8, generations=2)
    record = train(_rows(method), tiny, tmp_path / "out", recipe, tmp_path / "cache")
    assert record["method"] == method
    assert record["first_loss"] is not None
    assert record["asked"]["recipe"]["steps"] == 1


def test_rows_whose_answer_is_cut_off_are_counted(tiny: LocalFolder, tmp_path: Path) -> None:
    import datasets

    rows = _rows("sft")
    row = rows.splits["train"][0]
    longer = row | {"prompt": [{"role": "user", "content": "word " * 200}]}
    for made, count in (([row, longer], 1), ([longer], 0)):
        some = replace(rows, splits={"train": datasets.Dataset.from_list(made)})
        recipe = Recipe(steps=1, rank=2, batch=1, accumulate=1, max_length=64)
        if count:
            record = train(some, tiny, tmp_path / "out", recipe, tmp_path / "cache")
            assert (record["rows"], record["rows_too_long"]) == (1, 1)
        else:
            with pytest.raises(UsageError, match="no row has its answer within --max-length 64 tokens"):
                train(some, tiny, tmp_path / "none", recipe, tmp_path / "cache")


def test_a_model_that_knows_no_dialogues_is_refused(tmp_path: Path) -> None:
    base = LocalFolder(save_folder(tmp_path / "base", chat=False))
    with pytest.raises(UsageError, match="base has no chat template"):
        train(_rows("sft"), base, tmp_path / "out", Recipe(), tmp_path / "cache")


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export of 22 sessions, two of which are for validation, beside its sessions."""
    base = tmp_path_factory.mktemp("dataset")
    for number in range(22):
        script = refined(number, f"it must not subtract {number}").consent()
        script.write(base / "sessions", f"s{number:03}")
    export(request(base / "sessions", "refinement"), base / "data")
    return base / "data"


@pytest.mark.usefixtures("forked_workers")
def test_model_and_control_are_compared_on_problems_that_neither_saw(
    dataset: Path,
    tmp_path: Path,
    run: Run,
) -> None:
    gguf, out = save_gguf(tmp_path / "tiny.gguf"), tmp_path / "model"
    source = tmp_path / "asked.jsonl"
    source.write_text("".join(problem(number).model_dump_json() + "\n" for number in (0, 1, 90, 91, 92)))
    words = [
        "train", dataset, "--model", gguf, "--out", out, "--steps", "2", "--batch", "2", "--accumulate", "1",
        "--rank", "2", "--learning-rate", "0.01", "--control", "shuffled", "--eval-problems", source, "--eval-limit",
        "2", "--eval-feedback", dataset.parent / "sessions", "--max-tokens", "4", "--precision", "float32",
    ]  # fmt: skip
    status, said, talk = run(*words)
    assert status == 0, talk[-2000:]
    assert "left out: 2 problems that the model is trained on" in talk
    lines = said.splitlines()
    assert sum(line.startswith("trained tiny on ") for line in lines) == 2
    assert "rows of refinement with shuffled words by sft" in said
    assert [line for line in lines if "A is" in line] == [
        f"{bench}: A is {first}, B is after"
        for first in ("before", "control")
        for bench in ("synthesis", "feedback")
    ]
    record = json.loads((out / "training.json").read_text())
    control = json.loads((out / "control" / "training.json").read_text())
    assert record["data_sha256"] == json.loads((dataset / "export.json").read_text())["data_sha256"]
    assert (record["control"], control["control"]) == ("", "shuffled")
    assert _weights(out) != _weights(out / "control")
    asked = json.loads((out / "evaluation" / "synthesis-after" / "config.json").read_text())["asked"]
    assert asked["problems"]["given"]["ids"] == ["made/90", "made/91"]
    held_out = json.loads((out / "evaluation" / "feedback-after" / "config.json").read_text())["asked"][
        "rows"
    ]
    assert len(held_out) == 2
    compared = json.loads((out / "evaluation" / "synthesis-before-after.json").read_text())["compared"]
    assert compared[0]["difference"]["rows"] == 2

    before = (out / "training.json").stat().st_mtime_ns
    shutil.rmtree(out / "evaluation" / "synthesis-control")
    status, again, talk = run(*words)  # as after a kill: only what is missing is made
    assert status == 0, talk[-2000:]
    assert (out / "training.json").stat().st_mtime_ns == before
    assert talk.count("Finished before: shown again") == 5
    assert [line for line in again.splitlines() if "A is" in line] == [
        line for line in lines if "A is" in line
    ]


def test_reference_solutions_are_rows_too(tiny: LocalFolder, tmp_path: Path) -> None:
    unsolved = problem(3).model_copy(update={"reference": ""})
    rows = rows_of_problems("made.jsonl", [problem(1), problem(2), unsolved], None)
    assert [row["problem"] for row in rows.splits["train"]] == ["made/1", "made/2"]
    first: Any = rows.splits["train"][0]
    assert "Add two numbers" in first["prompt"][-1]["content"]
    assert "return a + b" in first["completion"][0]["content"]
    assert rows.problems == {problem(1).content_sha256, problem(2).content_sha256}
    tests = rows_of_problems("made.jsonl", [problem(1), unsolved], "grpo").splits["train"]
    assert [problem_of(row).visible_tests for row in tests] == [problem(n).visible_tests for n in (1, 3)]
    with pytest.raises(UsageError, match="with --method sft or grpo, not dpo"):
        rows_of_problems("made.jsonl", [problem(1)], "dpo")
    with pytest.raises(UsageError, match="has no reference solutions"):
        rows_of_problems("made.jsonl", [unsolved], "sft")


def test_calls_are_asked_as_the_bench_asks_and_answered_as_it_reads(tiny: LocalFolder) -> None:
    """What the paper fine-tunes on for execution: the bench's own question, and an answer that it takes."""
    made = problem(1)
    asked = [Asked(made, 0, "add(1, 2)", "3", ()), Asked(made, 1, "add(4, [0])", "[4, 'x']", ())]
    rows = rows_of_calls("made.jsonl", asked)
    assert len(rows.splits["train"]) == 2 and rows.problems == {made.content_sha256}
    plan = ExecutionPlan(asked, "made", load_wording(is_chat=True), 1, Sampling())
    prompts = [job.prompt.messages for job in plan.jobs() if job.group == ALONE]
    for row, prompt, call in zip(rows.splits["train"], prompts, asked, strict=True):
        assert row["prompt"] == [message.model_dump() for message in prompt]
        assert same_value(predicted_text(row["completion"][0]["content"]), call.value)
    with pytest.raises(UsageError, match="no reference programs that are called"):
        rows_of_calls("made.jsonl", [])


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere"], "is no export of ours"),
        ([], "give a folder of `assistant export`, or --problems SOURCE"),
        (["DATA", "--format", "turns"], "is not trained on"),
        (["DATA", "--format", "kto"], "has no rows of format kto"),
        (["DATA", "--method", "dpo"], "--method dpo takes the format preference, and"),
        (["DATA", "--split", "train"], "--split is for --problems"),
        (["DATA", "--task", "execution"], "--task is for --problems"),
        (["DATA", "--task", "proofs"], "--task is synthesis or execution"),
        (["DATA", "--control", "reversed"], "--control is none or shuffled"),
        (["DATA", "--report-to", "print"], "--report-to is tensorboard"),
        (["DATA", "--eval-split", "test"], "are for --eval-problems"),
    ],
)
def test_bad_requests_get_one_line(
    dataset: Path, tmp_path: Path, run: Run, words: list[str], said: str
) -> None:
    named = [word.replace("DATA", str(dataset)) for word in words]
    status, _, talk = run("train", *named, "--out", tmp_path / "x")
    assert status == 2
    assert said in talk.splitlines()[-1]
