"""What can be trained on what, the control's words, and where a stopped training goes on: without any library."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from assistant.core.errors import UsageError
from assistant.datasets.formats.base import export_format, format_names
from assistant.training.checkpoints import newest_checkpoint
from assistant.training.methods import METHODS, choose
from assistant.training.recipe import Recipe, check_reporters
from assistant.training.shuffled_words import partners, with_shuffled_words

ROWS = {
    "sft": 3,
    "refinement": 5,
    "preference": 2,
    "kto": 0,
    "demonstration": 4,
    "turns": 9,
    "feedback": 1,
    "rl": 1,
}


@pytest.mark.parametrize(
    ("method", "format_", "chosen"),
    [
        (None, None, ("sft", "refinement")),
        ("sft", None, ("sft", "refinement")),
        ("dpo", None, ("dpo", "preference")),
        ("sdft", None, ("sdft", "demonstration")),
        (None, "preference", ("dpo", "preference")),
        (None, "feedback", ("sdpo", "feedback")),
        (None, "rl", ("grpo", "rl")),
        (None, "sft", ("sft", "sft")),
        ("sft", "turns", ("sft", "turns")),  # of another package, perhaps: its columns decide
    ],
)
def test_method_and_format_are_found(
    method: str | None, format_: str | None, chosen: tuple[str, str]
) -> None:
    found, name = choose(method, format_, ROWS, "data")
    assert (found.name, name) == chosen


@pytest.mark.parametrize(
    ("method", "format_", "said"),
    [
        ("dpo", "refinement", "--method dpo takes the format preference, not refinement"),
        ("kto", None, "takes the format kto, and data has sft (3 rows), refinement (5 rows)"),
        ("kto", "kto", "data has no rows of format kto: export it with --format kto"),
        (None, "turns", "'turns' is not trained on; --format is refinement, sft,"),
        ("rlhf", None, "--method is sft, dpo, kto,"),
    ],
)
def test_what_cannot_be_is_one_line(method: str | None, format_: str | None, said: str) -> None:
    with pytest.raises(UsageError) as refused:
        choose(method, format_, ROWS, "data")
    assert said in str(refused.value)
    assert "\n" not in str(refused.value)


def test_every_trainer_that_a_format_names_takes_that_format() -> None:
    for name in format_names():
        for trainer in export_format(name).trainers:
            for method in METHODS.values():
                if method.trainer == trainer.name:
                    assert name in method.formats
                    assert method.module == trainer.module
                    method.check_columns(export_format(name).columns, name)


def test_columns_are_named_that_a_method_lacks() -> None:
    METHODS["sft"].check_columns(["messages"], "data")
    METHODS["sft"].check_columns(["prompt", "completion", "session"], "data")
    with pytest.raises(
        UsageError, match="needs the columns chosen, rejected, which data has not: it takes the"
    ):
        METHODS["dpo"].check_columns(["prompt", "completion"], "data")


@pytest.mark.parametrize(
    ("recipe", "method", "drawn"),
    [
        (Recipe(), "sft", 0),
        (Recipe(), "sdft", 1),
        (Recipe(generations=8), "sdft", 8),
        (Recipe(generations=3), "sdft", "are not 3 to each prompt"),
        (Recipe(), "grpo", 4),
        (Recipe(generations=1), "sdpo", "compares answers: give --generations 2 or more"),
    ],
)
def test_answers_to_a_prompt(recipe: Recipe, method: str, drawn: int | str) -> None:
    if isinstance(drawn, int):
        assert recipe.drawn(METHODS[method]) == drawn
    else:
        with pytest.raises(UsageError, match=drawn):
            recipe.drawn(METHODS[method])


def test_reporters_are_looked_for() -> None:
    with pytest.raises(UsageError, match="--report-to is tensorboard"):
        check_reporters(["print"])
    with pytest.raises(UsageError, match=r"needs its package: pip install comet-ml"):
        check_reporters(["comet_ml"])


@given(st.lists(st.sampled_from("abcdef"), min_size=1, max_size=40), st.integers(0, 3))
def test_every_row_gets_words_about_another_problem(problems: list[str], seed: int) -> None:
    if 2 * max(Counter(problems).values()) > len(problems):
        with pytest.raises(UsageError, match="are about one problem"):
            partners(problems, seed)
        return
    found = partners(problems, seed)
    assert sorted(found) == list(range(len(problems)))  # every word is said as often as before
    assert all(problems[row] != problems[other] for row, other in enumerate(found))
    assert found == partners(problems, seed)


def _refinement(number: int) -> dict[str, object]:
    words = f"words {number}"
    prompt = [
        {"role": "user", "content": f"task {number}"},
        {"role": "assistant", "content": "wrong"},
        {"role": "user", "content": f"{words}\nand these fail"},
    ]
    return {"content_sha256": str(number), "feedback": words, "prompt": prompt, "completion": number}


def test_shuffled_words_change_nothing_else() -> None:
    rows = [_refinement(number) for number in range(6)]
    told = [
        {
            "content_sha256": str(n), "privileged_context": f"words {n}", "prompt": n,
            "privileged_context_with_cases": f"words {n}\n\nfails",
            "privileged_context_with_program": f"about words {n}:\n\nwords {n}",
        }
        for n in range(6)
    ]  # fmt: skip
    for number, (row, one) in enumerate(
        zip(with_shuffled_words(rows, 1), with_shuffled_words(told, 1), strict=True)
    ):
        other = str(row["feedback"]).removeprefix("words ")
        assert other != str(number)
        assert row["prompt"][-1]["content"] == f"words {other}\nand these fail"
        assert row["prompt"][:-1] == rows[number]["prompt"][:-1]  # type: ignore[index]
        assert row["completion"] == number
        assert one == {
            **told[number],
            "privileged_context": f"words {other}",
            "privileged_context_with_cases": f"words {other}\n\nfails",
            "privileged_context_with_program": f"about words {number}:\n\nwords {other}",
        }


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{"content_sha256": "1", "messages": []}], "needs rows with words"),
        ([_refinement(1) | {"feedback": "unsaid"}, _refinement(2)], "are not in what the model reads"),
    ],
)
def test_words_that_cannot_be_shuffled(rows: list[dict[str, object]], said: str) -> None:
    with pytest.raises(UsageError, match=said):
        with_shuffled_words(rows, 0)


def test_the_newest_whole_checkpoint_before_the_end(tmp_path: Path) -> None:
    assert newest_checkpoint(tmp_path) is None
    for step, text in (
        (2, json.dumps({"global_step": 2, "max_steps": 9, "epoch": 0.5})),
        (10, '{"global_step": 10, "max_st'),  # torn
        (9, json.dumps({"global_step": 9, "max_steps": 9, "epoch": 1.0})),
        (4, json.dumps({"global_step": 4, "max_steps": 9, "epoch": 1.0})),
    ):
        (tmp_path / f"checkpoint-{step}").mkdir()
        (tmp_path / f"checkpoint-{step}" / "trainer_state.json").write_text(text)
    (tmp_path / "checkpoint-6").mkdir()  # torn as well
    assert newest_checkpoint(tmp_path) == tmp_path / "checkpoint-4"
