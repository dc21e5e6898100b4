"""The guide's page about studies names every key of the file, each with an example that is taken."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from assistant.session.study import Study
from assistant.session.study_file import parse_study
from assistant.session.study_tables import Allocation, Conditions, Consent, Exclusions, Participants, Plan

PAGE = Path(__file__).resolve().parents[2] / "assistant" / "guide" / "studies.md"
ROW = re.compile(r"^\| `(?P<key>[a-z_.]+)` \| `(?P<example>[^`]+)` \| (?P<meaning>.+) \|$", re.MULTILINE)
ROWS = [match.groupdict() for match in ROW.finditer(PAGE.read_text(encoding="utf-8"))]
AROUND = {"exclusions": Exclusions, "participants": Participants, "allocation": Allocation}
PLANNED = '[plan]\nhypotheses = ["x"]\nprimary_outcome = "solve_rate"'
CHECKED = '[allocation]\ngold = ["x"]\nattention = ["y"]'
COMPANIONS = {
    "allocation.per_problem": "[participants]\ncount = 7",
    "allocation.refill_hours": "per_problem = 1\n[participants]\ncount = 7",
    "samples": "temperature = 0.8",
    "consent.version": 'text = "x"',
    "consent.text": 'version = "1"',
    "plan.hypotheses": 'primary_outcome = "solve_rate"',
    "plan.primary_outcome": 'hypotheses = ["x"]',
    **dict.fromkeys(
        ("plan.secondary_outcomes", "plan.compared_with", "plan.exclusions", "plan.stopping"),
        'hypotheses = ["x"]\nprimary_outcome = "solve_rate"',
    ),
    "exclusions": PLANNED,
    **{f"exclusions.{name}": f"{PLANNED}\n{CHECKED}" for name in Exclusions.model_fields},
}


def _keys() -> list[str]:
    tables = {"conditions": Conditions, "consent": Consent, "plan": Plan, **AROUND}
    inner = [f"{table}.{name}" for table, model in tables.items() for name in model.model_fields]
    return [*Study.model_fields, *inner]


def test_the_page_names_every_key_once_and_in_the_order_of_the_file() -> None:
    assert [row["key"] for row in ROWS] == _keys()


@pytest.mark.parametrize("row", ROWS, ids=[row["key"] for row in ROWS])
def test_each_example_is_a_value_that_differs_from_the_default(row: dict[str, str]) -> None:
    table, _, name = row["key"].rpartition(".")
    heading = f"[{table}]\n" if table else ""
    named = "" if name == "name" else 'name = "x"\n'
    study = parse_study(f"{named}{heading}{row['example']}\n{COMPANIONS.get(row['key'], '')}\n", "the page")
    assert list(tomllib.loads(row["example"])) == [name]
    default: Any = (
        None
        if name in ("name", "hypotheses", "primary_outcome") or table == "consent"
        else _default(table, name)
    )
    assert getattr(getattr(study, table) if table else study, name) != default


def _default(table: str, name: str) -> Any:
    model = {"conditions": Conditions, "plan": Plan, **AROUND}.get(table, Study)
    return model.model_fields[name].default


@pytest.mark.parametrize(
    "row", [row for row in ROWS if "Default: " in row["meaning"]], ids=lambda row: row["key"]
)
def test_a_default_that_is_named_is_the_models(row: dict[str, str]) -> None:
    said = row["meaning"].rpartition("Default: ")[2].rstrip(".").strip("`")
    default = Study.model_fields[row["key"]].default
    if isinstance(default, bool):
        assert said == str(default).lower()
    elif isinstance(default, int | float):
        assert float(said) == default
    elif row["key"] in ("source", "template"):
        assert said == default
    else:
        assert default in ((), None, ""), "left out"
