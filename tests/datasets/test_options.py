"""Which sessions and programs become rows, and that every choice does what it says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from assistant.core.control_arms import parse_recorded
from assistant.core.errors import AssistantError, UsageError
from assistant.datasets.export_result import ExportResult
from assistant.datasets.formats.base import parse_formats
from assistant.datasets.options import checked, parse_shares
from assistant.datasets.pipeline import rehearse
from assistant.journal.consent import add_answer
from tests.datasets.build import MENDED, RIGHT, WRONG, Script, folder_of, problem, refined, request

for module in ("pyarrow", "datasketch", "detect_secrets", "faker"):
    pytest.importorskip(module)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "sessions"


def _rows(outcome: ExportResult) -> dict[str, int]:
    return {name: counts["rows"] for name, counts in outcome.rows.items()}


def _one(script: Script, folder: Path, *formats: str, **rules: Any) -> ExportResult:
    script.write(folder, "s1")
    return rehearse(request(folder, *formats, **rules))


@pytest.mark.slow
def test_one_refined_session_gives_these_rows(folder: Path) -> None:
    outcome = _one(refined(1).consent(), folder)
    assert _rows(outcome) == {
        "sft": 1, "refinement": 1, "preference": 0, "kto": 2, "stepwise": 1, "turns": 2, "openai": 1,
        "feedback": 1, "demonstration": 0, "critique": 1, "rl": 1,
    }  # fmt: skip
    (row,) = outcome.samples["refinement"]
    assert (row["wrong"], row["feedback"], row["better"]) == (WRONG, "it must not subtract", RIGHT)
    assert [m["role"] for m in row["prompt"]] == ["user", "assistant", "user"]
    assert row["prompt"][-1]["content"] == "it must not subtract"
    assert row["completion"] == [{"role": "assistant", "content": f"```python\n{RIGHT}```"}]
    (chat,) = outcome.samples["sft"]
    assert [m["role"] for m in chat["messages"]] == ["user", "assistant"]
    assert chat["loss"] == [0, 1]
    (steps,) = outcome.samples["stepwise"]
    assert (steps["labels"], len(steps["completions"])) == ([False, True], 2)


@pytest.mark.slow
def test_every_row_says_where_it_comes_from(folder: Path) -> None:
    outcome = _one(refined(1).consent(), folder)
    for name, rows in outcome.samples.items():
        for row in rows:
            assert (row["session"], row["annotator"], row["origin"], row["arm"]) == (
                "s1", "anon-a", "people", "human",
            ), name  # fmt: skip
            assert (row["schema"], row["template_sha256"], row["model"]) == (1, "7" * 64, "script")
            assert (row["visible_sealed"], row["hidden_sealed"]) == (True, True)
            assert len(row["journal_sha256"]) == len(row["code_sha256"]) == 64


@pytest.mark.slow
def test_a_dialogue_keeps_wrong_programs_out_of_the_loss(folder: Path) -> None:
    outcome = _one(refined(1).consent(), folder, "sft", "openai", turns="dialogue")
    (chat,) = outcome.samples["sft"]
    assert [m["role"] for m in chat["messages"]] == ["user", "assistant", "user", "assistant"]
    assert chat["loss"] == [0, 0, 0, 1]
    (line,) = outcome.samples["openai"]
    assert [m.get("weight") for m in line["messages"]] == [None, 0, None, 1]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("answers", "exported"),
    [([], False), ([True], True), ([False], False), ([False, True], True), ([True, False], False)],
)
def test_only_a_yes_counts_and_the_last_answer(folder: Path, answers: list[bool], exported: bool) -> None:
    script = refined(1)
    for answer in answers:
        script.consent(answer)
    script.write(folder, "s1")
    refined(2, annotator="anon-b").consent().write(folder, "s2")
    assert rehearse(request(folder)).sessions["exported"] == 1 + exported


@pytest.mark.slow
def test_nothing_without_consent(folder: Path) -> None:
    with pytest.raises(AssistantError, match=r"nobody was asked for consent.*assistant consent"):
        _one(refined(1), folder)


@pytest.mark.slow
def test_a_ledger_answers_for_sessions_in_which_nobody_was_asked(folder: Path) -> None:
    refined(1).write(folder, "s1")
    refined(2).consent(False).write(folder, "s2")
    add_answer(folder, "anon-a", "granted", version="own-1")
    outcome = rehearse(request(folder))
    assert (outcome.sessions["exported"], outcome.sessions["consent refused"]) == (2, 0), "a later yes counts"
    ledger = folder / "consent.jsonl"
    ledger.write_text(re.sub(r'"time": "\d{4}', '"time": "2000', ledger.read_text()))
    outcome = rehearse(request(folder))
    assert (outcome.sessions["exported"], outcome.sessions["consent refused"]) == (1, 1), (
        "an earlier one does not"
    )


@pytest.mark.slow
def test_whoever_withdraws_is_left_out_and_counted(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, 3)
    refined(7, annotator="anon-b").consent().write(folder, "t1")
    assert rehearse(request(folder)).sessions["exported"] == 4
    add_answer(folder, "anon-a", "withdrawn")
    outcome = rehearse(request(folder))
    assert (outcome.sessions["exported"], outcome.sessions["withdrawn"]) == (1, 3)
    assert outcome.annotators == {"anon-b"}


@pytest.mark.slow
def test_a_broken_ledger_stops_everything(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, 1)
    with (folder / "consent.jsonl").open("a") as file:
        file.write("{half")
    with pytest.raises(AssistantError, match="line 2: not an answer about consent"):
        rehearse(request(folder))


@pytest.mark.slow
def test_false_solves_count_only_by_visible_tests(folder: Path) -> None:
    script = Script(problem()).consent().answer(WRONG, right=[True], hidden=[False]).end()
    assert _rows(_one(script, folder, "sft"))["sft"] == 0
    assert _rows(rehearse(request(folder, "sft", solved="visible")))["sft"] == 1


@pytest.mark.slow
def test_unsealed_verdicts_are_out_unless_kept(folder: Path) -> None:
    script = Script(problem()).consent().answer(RIGHT, right=[True], sealed=False).end()
    outcome = _one(script, folder, "sft")
    assert (_rows(outcome)["sft"], outcome.programs["unsealed verdict"]) == (0, 1)
    assert _rows(rehearse(request(folder, "sft", unsealed="keep")))["sft"] == 1


@pytest.mark.slow
def test_control_arms_are_out_unless_named(folder: Path) -> None:
    script = Script(problem()).consent().answer(WRONG, right=[False]).say("no")
    script.answer(MENDED, right=[True], arm="resample").answer(WRONG, right=[False]).end("rounds_used_up")
    assert _rows(_one(script, folder, "sft"))["sft"] == 0
    with_arm = rehearse(request(folder, "sft", arms=("resample",)))
    assert with_arm.samples["sft"][0]["arm"] == "resample"


@pytest.mark.slow
def test_leaky_words_are_out_unless_kept(folder: Path) -> None:
    script = Script(problem()).consent().answer(WRONG, right=[False])
    script.say("write return a + b instead").answer(RIGHT, right=[True]).end()
    assert _rows(_one(script, folder, "refinement"))["refinement"] == 0
    kept = rehearse(request(folder, "refinement", leaky="keep"))
    assert [row["leaky"] for row in kept.samples["refinement"]] == [True]


@pytest.mark.slow
def test_samples_of_one_turn_make_a_pair_and_doubles_do_not(folder: Path) -> None:
    script = Script(problem()).consent().answer(WRONG, RIGHT, RIGHT, right=[False, True, True]).end()
    (row,) = _one(script, folder, "preference").samples["preference"]
    assert (row["kind"], row["program"], row["rejected_program"]) == ("verdict", "t0s1", "t0s0")


@pytest.mark.slow
def test_a_persons_edit_is_chosen_over_the_models_program(folder: Path) -> None:
    script = Script(problem()).consent().answer(WRONG, right=[False]).edit(MENDED, right=True).end()
    (row,) = _one(script, folder, "preference").samples["preference"]
    assert (row["kind"], row["edited"], row["rejected_edited"]) == ("edit", True, False)
    assert MENDED.strip() in row["chosen"][0]["content"]


@pytest.mark.slow
def test_ties_are_skipped_unless_a_rule_breaks_them(folder: Path) -> None:
    script = Script(problem()).consent().answer(RIGHT, right=[True]).edit(MENDED, right=True).end()
    assert _rows(_one(script, folder, "preference"))["preference"] == 0
    (row,) = rehearse(request(folder, "preference", ties="edits")).samples["preference"]
    assert row["edited"]


@pytest.mark.slow
def test_pairs_of_the_same_prompt_are_found_across_sessions(folder: Path) -> None:
    Script(problem()).consent().answer(WRONG, right=[False]).end("gave_up").write(folder, "s1")
    Script(problem(), annotator="anon-b").consent().answer(RIGHT, right=[True]).end().write(folder, "s2")
    (row,) = rehearse(request(folder, "preference")).samples["preference"]
    assert (row["session"], row["rejected_session"]) == ("s2", "s1")


@pytest.mark.slow
def test_pairs_by_task_take_a_later_right_program(folder: Path) -> None:
    outcome = _one(refined(1).consent(), folder, "preference", pairs="task")
    (row,) = outcome.samples["preference"]
    assert [m["role"] for m in row["prompt"]] == ["user"]


@pytest.mark.slow
def test_duplicates_go_and_contradictions_go_both(folder: Path) -> None:
    for name in ("s1", "s2"):
        Script(problem()).consent().answer(RIGHT, right=[True]).end().write(folder, name)
    outcome = rehearse(request(folder, "sft", "kto"))
    assert (outcome.rows["sft"]["rows"], outcome.rows["sft"]["duplicates"]) == (1, 1)
    assert _rows(rehearse(request(folder, "sft", duplicates="keep")))["sft"] == 2
    Script(problem()).consent().answer(RIGHT, right=[False]).end("gave_up").write(folder, "s3")
    outcome = rehearse(request(folder, "kto"))
    assert (outcome.rows["kto"]["rows"], outcome.rows["kto"]["contradictions"]) == (0, 1)


@pytest.mark.slow
def test_bad_tasks_and_words_of_models_stay_out(folder: Path) -> None:
    refined(1).consent().write(folder, "s1")
    Script(problem(2)).consent().answer(WRONG, right=[False]).end("bad_task").write(folder, "s2")
    simulated = Script(problem(3)).consent().answer(WRONG, right=[False]).say("no", author="model")
    simulated.answer(RIGHT, right=[True]).end().write(folder, "s3")
    outcome = rehearse(request(folder, "refinement"))
    assert outcome.sessions["exported"] == 1
    assert outcome.sessions["origin simulated"] == outcome.sessions["the person said the task is wrong"] == 1
    assert (
        rehearse(request(folder, "refinement", origin="simulated")).samples["refinement"][0]["author"]
        == "model"
    )


@pytest.mark.slow
def test_a_session_that_mixes_authors_is_never_exported(folder: Path) -> None:
    refined(1).consent().write(folder, "s1")
    mixed = Script(problem(2)).consent().answer(WRONG, right=[False]).say("no").answer(WRONG, right=[False])
    mixed.say("no", author="model").answer(RIGHT, right=[True]).end().write(folder, "s2")
    for origin in ("people", "simulated"):
        try:
            outcome = rehearse(request(folder, "turns", origin=origin))
        except AssistantError:
            continue
        assert all(row["session"] != "s2" for row in outcome.samples["turns"])


def test_a_changed_journal_is_left_out_and_named(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, 3)
    path = folder / "2026-11-24" / "s001.jsonl"
    path.write_bytes(path.read_bytes().replace(b"subtract", b"multiply", 1))
    outcome = rehearse(request(folder))
    assert outcome.sessions["exported"] == 2
    assert [item.path.name for item in outcome.left_out] == ["s001.jsonl"]


@pytest.mark.slow
def test_events_that_do_not_fit_together_are_no_crash(tmp_path: Path) -> None:
    folder = folder_of(tmp_path, 2)
    script = refined(9)
    del script.events[1]  # the turn was never started
    script.write(folder, "odd")
    outcome = rehearse(request(folder))
    assert [(item.path.name, item.message) for item in outcome.left_out] == [
        ("odd.jsonl", "its events do not fit together")
    ]


def test_wrong_choices_are_named() -> None:
    with pytest.raises(UsageError, match="--solved is visible, hidden, not 'maybe'"):
        checked(solved="maybe")
    with pytest.raises(UsageError, match="no format 'x'"):
        parse_formats("sft,x")
    with pytest.raises(UsageError, match="no control arm"):
        parse_recorded("human")
    with pytest.raises(UsageError, match="three shares"):
        parse_shares("0.5,0.6,0.1")
