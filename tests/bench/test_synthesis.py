"""`assistant bench synthesis` as a researcher uses it."""

from __future__ import annotations

import json
from pathlib import Path

import duckdb
import pytest

from assistant.bench.sample_log import read_samples
from assistant.bench.synthesis.few_shot import chosen_examples, prompt_for
from assistant.bench.synthesis.synthesis_config import Question
from assistant.bench.synthesis.variants import variants
from assistant.core.errors import UsageError
from assistant.core.generation import ModelInfo
from assistant.problems.collection import Collection
from assistant.problems.load import load_source
from assistant.sandbox.local import LocalSandbox
from assistant.session.prompting import load_template
from tests.bench.conftest import BROKEN, FALSE, RIGHT, TALK, WRONG, Run, addition

CHAT = ModelInfo(engine="scripted", name="chat")
BASE = ModelInfo(engine="scripted", name="base", is_chat=False)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Two problems with a hidden test."""
    path = tmp_path / "own.jsonl"
    path.write_text("".join(addition(f"own/{i}").model_dump_json() + "\n" for i in range(2)))
    return path


@pytest.fixture
def script(tmp_path: Path) -> Path:
    """Five answers in turn: right, falsely right, wrong, broken, none."""
    path = tmp_path / "script.jsonl"
    answers = [RIGHT, FALSE, WRONG, BROKEN, TALK] * 2
    path.write_text("".join(json.dumps({"text": answer}) + "\n" for answer in answers))
    return path


@pytest.mark.slow
def test_a_run_leaves_everything_behind(run: Run, tmp_path: Path, source: Path, script: Path) -> None:
    out = tmp_path / "out"
    words = ["bench", "synthesis", "--problems", source, "--engine", "scripted", "--script", script]
    status, told, talk = run(*words, "-k", "5", "--out", out, "--price-in", "1", "--price-out", "2")
    assert status == 0
    summary = json.loads((out / "summary.json").read_text())
    (found,) = summary["variants"].values()
    assert found["problems_any_sample"]["value"] == 1
    assert (found["samples_passing"]["count"], found["samples_passing"]["of"]) == (4, 10)
    assert found["samples_passing_all_tests"]["count"] == 2
    assert (found["false_solves_of_samples"]["count"], found["false_solves_of_samples"]["of"]) == (2, 4)
    assert found["false_solves_of_problems"]["value"] == 0
    assert found["pass_at"]["1"]["value"] == pytest.approx(0.4)
    assert found["pass_at_all_tests"]["2"]["value"] == pytest.approx(1 - 4 / 5 * 3 / 4)
    shares = {kind: m["value"] for kind, m in found["outcomes"].items()}
    assert shares == {"passed": 0.4, "wrong": 0.2, "syntax_error": 0.2, "no_program": 0.2}
    costs = summary["costs"]
    assert costs["cost"] == pytest.approx((costs["prompt_tokens"] + 2 * costs["generated_tokens"]) / 1e6)
    assert "40.0%" in told
    assert "false solves: 50.0%" in told
    assert "cost" in talk
    config = json.loads((out / "config.json").read_text())
    assert config["asked"]["problems"]["given"]["ids"] == ["own/0", "own/1"]
    assert config["asked"]["template"]["sha256"] == load_template("paper").sha256
    assert config["run"]["sandbox"]
    assert (out / "figure.png").read_bytes().startswith(b"\x89PNG")
    table = duckdb.sql(
        f"SELECT count(*), sum(solved::int), count(DISTINCT \"row\") FROM '{out}/samples.parquet'"
    )
    assert table.fetchall() == [(10, 4, 2)]


@pytest.mark.slow
def test_a_folder_never_holds_two_runs(run: Run, tmp_path: Path, source: Path, script: Path) -> None:
    words = ["bench", "synthesis", "--problems", source, "--engine", "scripted", "--script", script]
    words += ["--out", tmp_path / "out"]
    run(*words, "-k", "2")
    before = (tmp_path / "out" / "samples.jsonl").read_bytes()
    status, _, talk = run(*words, "-k", "2", "--seed", "4")
    assert status == 2
    assert "sampling.seed is 0 there and 4 here" in talk
    assert run(*words, "-k", "2")[0] == 0
    assert (tmp_path / "out" / "samples.jsonl").read_bytes() == before


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["-k", "5", "--temperature", "0"], "temperature 0"),
        (["--temperature", "warm"], "--temperature warm"),
        (["--asserts", "two"], "--asserts two"),
        (["--prompt-seeds", "3"], "--shots 2,3,4"),
        (["--problems", "nowhere.json"], "no problem source"),
        (["--split", "test"], "has no split"),
        (["--template", "sonnet"], "no prompt template `sonnet`"),
        (["--hidden-tests", "humaneval"], "no tests for the problems"),
    ],
)
def test_bad_requests_get_one_line(run: Run, tmp_path: Path, words: list[str], says: str) -> None:
    status, _, talk = run("bench", "synthesis", "--engine", "scripted", "--out", tmp_path / "o", *words)
    assert status == 2
    assert says in talk.strip().splitlines()[-1]
    assert "Traceback" not in talk


def test_the_papers_prompt_for_base_models(shared_data: Path) -> None:
    """The text of the paper, with tasks 2, 3 and 4 before the task, and as many asserts everywhere."""
    mbpp = load_source(str(shared_data / "mbpp" / "mbpp.jsonl"))
    template = load_template("paper", is_chat=False)
    examples = chosen_examples(mbpp, ("2", "3", "4"), 0)
    prompt = prompt_for(template, mbpp.get("11"), 1, examples)
    text = prompt.messages[0].content
    assert prompt.raw
    assert prompt.stop == ("[DONE]",)
    assert text.startswith(
        "You are an expert Python programmer, and here is your task: Write a function to find the similar "
        "elements from the given two tuple lists. Your code should pass these tests:\n\n"
        "assert similar_elements((3, 4, 5, 6),(5, 7, 4, 10)) == (4, 5)\n[BEGIN]\ndef similar_elements"
    )
    assert text.endswith('assert remove_Occ("hello","l") == "heo"\n[BEGIN]\n')
    assert (text.count("[BEGIN]"), text.count("[DONE]"), text.count("assert")) == (4, 3, 4)


@pytest.mark.slow
def test_prompt_seeds_draw_other_examples_the_same_ones_each_time(shared_data: Path) -> None:
    mbpp = load_source(str(shared_data / "mbpp" / "mbpp.jsonl"))
    drawn = [[p.id for p in chosen_examples(mbpp, ("2", "3", "4"), seed)] for seed in range(6)]
    assert drawn == [[p.id for p in chosen_examples(mbpp, ("2", "3", "4"), seed)] for seed in range(6)]
    assert drawn[0] == ["mbpp/2", "mbpp/3", "mbpp/4"]
    assert len({tuple(ids) for ids in drawn}) > 4
    assert all(1 <= int(name.removeprefix("mbpp/")) <= 10 for ids in drawn for name in ids)


def test_examples_are_earlier_turns_for_chat_models(shared_data: Path) -> None:
    mbpp = load_source(str(shared_data / "mbpp" / "mbpp.jsonl"))
    prompt = prompt_for(load_template("paper"), mbpp.get("11"), 0, [mbpp.get("2")])
    assert [m.role for m in prompt.messages] == ["user", "assistant", "user"]
    assert "assert" not in prompt.messages[0].content + prompt.messages[2].content
    assert prompt.messages[1].content.startswith("```python\n")


@pytest.mark.slow
def test_base_models_get_the_papers_examples_by_themselves(sandbox: LocalSandbox, shared_data: Path) -> None:
    question = Question(str(shared_data / "mbpp" / "mbpp.jsonl"), 2, limit=1, split="test")
    problems = question.problems(sandbox, print)
    assert [p.id for p in question.plan(problems, BASE).examples[0]] == ["mbpp/2", "mbpp/3", "mbpp/4"]
    assert question.plan(problems, CHAT).examples == {}
    assert problems["given"][0].id == "mbpp/11"


def test_a_pool_that_is_too_small_is_refused() -> None:
    pool = Collection("tiny", (addition("t/1"), addition("t/2")))
    with pytest.raises(UsageError, match="tiny has 2 problems to draw examples from, 3 wanted"):
        chosen_examples(pool, ("1", "2", "1"), 1)


def test_edited_and_original_text_are_asked_of_the_same_problems(
    sandbox: LocalSandbox, shared_data: Path
) -> None:
    folder = shared_data / "mbpp"
    question = Question(
        str(folder / "mbpp.jsonl"), 1, edited=str(folder / "sanitized-mbpp.json"), limit=20, temperature="0"
    )
    plan = question.plan(question.problems(sandbox, print), CHAT)
    jobs = list(plan.jobs())
    assert len(jobs) == plan.total == 40
    pairs = {job.row: job.problem.text for job in jobs if "original" in job.group}
    edited = {job.row: job.problem.text for job in jobs if "edited" in job.group}
    assert pairs.keys() == edited.keys()
    assert sum(pairs[row] != edited[row] for row in pairs) > 3


@pytest.mark.slow
def test_hidden_tests_attach_to_humaneval(sandbox: LocalSandbox, shared_data: Path) -> None:
    plus = shared_data / "humanevalplus" / "HumanEvalPlus-Mini.jsonl.gz"
    plain = Question("humaneval", 1, limit=5, temperature="0").problems(sandbox, print)["given"]
    more = Question("humaneval", 1, limit=5, temperature="0", hidden=str(plus)).problems(sandbox, print)[
        "given"
    ]
    assert all(len(b.hidden_tests) > len(a.hidden_tests) for a, b in zip(plain, more, strict=True))


def test_every_combination_is_a_variant_once() -> None:
    made = variants([0.2, 0.8, 0.2], [0, None], 2, ["given"])
    assert len({variant.name for variant in made}) == len(made) == 8
    assert made[0].name == "temperature=0.2 asserts=0 prompt=0"
    assert {variant.without_prompt for variant in made[:2]} == {"temperature=0.2 asserts=0"}


@pytest.mark.slow
def test_a_sweep_reports_prompts_and_their_union(
    run: Run, tmp_path: Path, source: Path, script: Path
) -> None:
    words = ["bench", "synthesis", "--problems", source, "--engine", "scripted", "--script", script]
    words += ["-k", "2", "--shots", "0", "--prompt-seeds", "2", "--asserts", "0,1", "--out", tmp_path / "o"]
    status, told, _ = run(*words)
    assert status == 0
    assert "asserts=0 prompt=1" in told
    assert "2 prompts (temperature=0.5 asserts=1); together they solve" in told
    assert len({sample.group for sample in read_samples(tmp_path / "o" / "samples.jsonl")}) == 4


@pytest.mark.slow
def test_compare_pairs_two_runs(run: Run, tmp_path: Path, source: Path) -> None:
    for name, answers in (("a", [WRONG, RIGHT, WRONG, WRONG]), ("b", [RIGHT, RIGHT, FALSE, WRONG])):
        (tmp_path / f"{name}.jsonl").write_text("".join(json.dumps({"text": t}) + "\n" for t in answers))
        words = ["bench", "synthesis", "--problems", source, "--engine", "scripted", "-k", "2"]
        run(*words, "--script", tmp_path / f"{name}.jsonl", "--out", tmp_path / name)
    status, told, _ = run("bench", "compare", tmp_path / "a", tmp_path / "b", "--json")
    assert status == 0
    found = json.loads(told)
    first = found["compared"][0]
    assert first["measure"] == "samples that pass"
    assert (first["difference"]["first"], first["difference"]["second"]) == (0.75, 0.25)
    assert first["difference"]["only_first"] == 2
    assert "model.revision" in found["differing"]
    assert run("bench", "compare", tmp_path / "a", tmp_path)[0] == 1


@pytest.mark.slow
def test_apps_is_reported_by_difficulty(run: Run, tmp_path: Path, shared_data: Path) -> None:
    script = tmp_path / "s.txt"
    script.write_text("```python\nprint(1)\n```")
    words = ["bench", "synthesis", "--problems", shared_data / "apps", "--engine", "scripted", "-k", "2"]
    status, told, _ = run(*words, "--script", script, "--out", tmp_path / "o")
    assert status == 0
    assert "test-case average" in told
    assert "strict accuracy" in told


@pytest.mark.slow
def test_mathqa_asks_for_a_value_and_never_shows_it(run: Run, tmp_path: Path) -> None:
    source, script = tmp_path / "mathqa.json", tmp_path / "s.jsonl"
    record = {
        "prompt": "# 3 pens cost 6.66 dollars ; one ?",
        "code": "answer = 6.66 / 3\n",
        "answer": 2.22,
        "task_id": 5,
    }
    source.write_text(json.dumps([record]))
    answers = ["```python\nprice = 6.66 / 3\nanswer = price\n```", "```python\nanswer = 2\n```"]
    script.write_text("".join(json.dumps({"text": answer}) + "\n" for answer in answers))
    words = [
        "bench",
        "synthesis",
        "--problems",
        source,
        "--engine",
        "scripted",
        "--script",
        script,
        "-k",
        "2",
    ]
    status, _, _ = run(*words, "--out", tmp_path / "o")
    assert status == 0
    (found,) = json.loads((tmp_path / "o" / "summary.json").read_text())["variants"].values()
    assert (found["problems_any_sample"]["value"], found["samples_passing"]["value"]) == (1, 0.5)
    (problem,) = load_source(str(source)).problems
    asked = prompt_for(load_template("paper"), problem, None, ()).messages[0].content
    assert "2.22" not in asked
    assert "`answer`" in asked
