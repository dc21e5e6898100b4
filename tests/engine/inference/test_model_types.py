"""Every type of decoder that transformers ships is stepped as the guide says."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

import pytest
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from tests.engine.inference.model_types import findings, listed, tiny_model_of, verdict

GUIDE = listed(Path(str(files("assistant") / "guide" / "models.md")).read_text(encoding="utf-8"))
TODAY = (
    "qwen3_next",
    "qwen3_5_text",
    "gemma3_text",
    "gpt_oss",
    "granitemoehybrid",
    "olmo3",
    "qwen3_moe",
    "lfm2",
)
"""Of the open models that people run now."""


def test_the_guide_lists_the_types_that_people_run() -> None:
    assert {GUIDE[name] for name in TODAY} == {"yes"}
    assert len(GUIDE) > 100


@pytest.mark.parametrize("name", TODAY)
def test_a_dialogue_goes_on_and_back_where_it_was_read(name: str) -> None:
    found = findings(tiny_model_of(name))
    assert found.goes_back and found.sound
    assert found.reused > 0 and found.drafted > 0


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(GUIDE) - set(TODAY)))
def test_every_type_does_what_the_guide_says(name: str) -> None:
    if name not in MODEL_FOR_CAUSAL_LM_MAPPING_NAMES:
        pytest.skip(f"this release of transformers has no {name}")
    if GUIDE[name] != "untried":
        assert verdict(name) == GUIDE[name]
