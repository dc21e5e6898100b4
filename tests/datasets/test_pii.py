"""Personal data in people's words is found, shown, and replaced or refused."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

for module in ("pyarrow", "datasketch", "detect_secrets", "faker", "phonenumbers", "stdnum"):
    pytest.importorskip(module)

from assistant.core.errors import AssistantError  # noqa: E402
from assistant.datasets.pii import find, measured, redact  # noqa: E402
from assistant.datasets.pipeline import export, rehearse  # noqa: E402
from tests.benchmarks.personal_data import Result, ours, sentences  # noqa: E402
from tests.datasets.build import refined, request  # noqa: E402
from tests.datasets.identifier_probes import IDENTIFIERS, LOOK_ALIKES  # noqa: E402
from tests.datasets.personal_sentences import PROBES as PROBES_OF_TEN_LANGUAGES  # noqa: E402
from tests.datasets.probes import CLEAN, PROBES  # noqa: E402

TOKEN = "ghp_" + "a1B2c3D4e5F6" * 3


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mail jane.doe@example.org please", [("e-mail", "jane.doe@example.org")]),
        ("see /home/jane/work/x.py for it", [("path", "/home/jane/work/x.py")]),
        ("as Jennifer said, sort first", [("name", "Jennifer")]),
        ("Hi, my name is Kevin", [("name", "Kevin")]),
        ("ask Mary Johnson", [("name", "Mary Johnson")]),
        (f"use {TOKEN} for that", [("key", TOKEN)]),
        ("AKIAIOSFODNN7EXAMPLE", [("key", "AKIAIOSFODNN7EXAMPLE")]),
        ("Will the loop end? Mark the first. Max is wrong, use the list.", []),
        ("Return True, not None. Use Counter from the standard library.", []),
        ("the list should be sorted by the second item", []),
    ],
)
def test_what_is_found(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(f.kind, f.text) for f in find("s", [text], "")] == expected


def test_data_of_the_task_is_nobodys() -> None:
    own = "assert valid('jane.doe@example.org') and greet('Jennifer')"
    assert find("s", ["it fails for jane.doe@example.org and for Jennifer"], own) == []


def test_names_are_replaced_as_words_only() -> None:
    found = find("s", ["as Jennifer said"], "")
    assert redact({"a": ["Jennifer's Jennifers"]}, found) == {"a": ["[name]'s Jennifers"]}


@pytest.mark.slow
def test_rows_are_redacted_everywhere(tmp_path: Path) -> None:
    folder = tmp_path / "sessions"
    refined(1, f"it must not subtract, {TOKEN} or jane.doe@example.org").consent().write(folder, "s1")
    outcome = rehearse(request(folder))
    assert {f.kind for f in outcome.findings} == {"key", "e-mail"}
    for name, rows in outcome.samples.items():
        assert TOKEN not in str(rows), name
        assert "jane.doe" not in str(rows), name
    (row,) = outcome.samples["refinement"]
    assert row["feedback"] == "it must not subtract, [key] or [e-mail]"
    assert row["redacted"]
    kept = rehearse(request(folder, "refinement", personal="keep"))
    assert TOKEN in kept.samples["refinement"][0]["feedback"]


@pytest.mark.slow
def test_refusing_leaves_nothing_behind(tmp_path: Path) -> None:
    folder = tmp_path / "sessions"
    refined(1, "ask jane.doe@example.org").consent().write(folder, "s1")
    with pytest.raises(AssistantError, match="1 pieces of personal data"):
        export(request(folder, personal="refuse"), tmp_path / "out")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["sessions"]


@pytest.mark.slow
def test_findings_are_shown_before_the_dataset_has_its_name(tmp_path: Path) -> None:
    folder = tmp_path / "sessions"
    refined(1, "ask jane.doe@example.org").consent().write(folder, "s1")
    there: list[bool] = []
    export(request(folder, "sft"), tmp_path / "out", show=lambda _: there.append((tmp_path / "out").exists()))
    assert there == [False]
    assert (tmp_path / "out" / "README.md").is_file()


@pytest.mark.slow
def test_a_name_is_no_pseudonym(tmp_path: Path) -> None:
    folder = tmp_path / "sessions"
    refined(1, annotator="jane.doe@example.org").consent().write(folder, "s1")
    (row,) = rehearse(request(folder, "refinement")).samples["refinement"]
    assert row["annotator"].startswith("anon-")


def test_nearly_all_probes_are_found() -> None:
    """At least 60 made-up probes of 12 kinds, of which at most one in twenty may be missed."""
    missed = [text for text, secret in PROBES if _left(text, secret)]
    assert len(PROBES) >= 60
    assert len(missed) <= len(PROBES) // 20, missed


def _left(text: str, secret: str) -> bool:
    clean = redact(text, find("s", [text], ""))
    return any(part in clean for part in secret.split("|"))


@pytest.mark.parametrize("text", CLEAN)
def test_ordinary_feedback_holds_nothing_personal(text: str) -> None:
    assert find("s", [text], "") == []


@pytest.mark.slow
def test_the_search_does_what_the_card_says_of_it(shared_data: Path) -> None:
    """Nine in ten are found, of probes written after it too, and at most one clean sentence in fifty is touched."""
    clean, feedback = sentences(shared_data)
    told = Result.of(ours, PROBES_OF_TEN_LANGUAGES, clean).told(feedback)
    for name in ("found", "found_held_out"):
        assert told[name][0] >= 0.9 * told[name][1], told
    for name in ("touched", "touched_of_real_feedback"):
        assert told[name][0] <= 0.02 * told[name][1], told
    stored = measured()
    names = ("found", "found_held_out", "touched", "found_by_kind")
    again = "python -m tests.benchmarks.personal_data --write"
    assert {name: stored[name] for name in names} == json.loads(
        json.dumps({name: told[name] for name in names})
    ), again


@pytest.mark.parametrize(
    "words",
    ["4111111111111111", "my pw is Tr0ub4dor&3", "token=9f8a7b6c5d4e3f2a1b0c", "Professor Lindqvist says so"],
)
def test_more_ways_to_write_what_is_personal(words: str) -> None:
    assert find("s", [words], "")


@pytest.mark.parametrize(("text", "secret"), IDENTIFIERS)
def test_identifiers_with_a_cue_are_found(text: str, secret: str) -> None:
    assert not _left(text, secret)


@pytest.mark.parametrize("text", LOOK_ALIKES)
def test_what_only_looks_like_an_identifier_is_left(text: str) -> None:
    assert find("s", [text], "") == []


def test_there_are_probes_of_both_kinds() -> None:
    assert len(IDENTIFIERS) >= 60
    assert len(LOOK_ALIKES) >= 60
