"""The control arms as values, and what a journal of schema 1 can hold of them."""

from __future__ import annotations

import re
import typing

import pytest

from assistant.core import control_arms, plugins
from assistant.core.errors import UsageError
from assistant.core.events import Arm
from assistant.core.generation import Sampling
from assistant.reporting import plot_style


def test_the_built_in_arms_are_those_that_a_journal_can_hold() -> None:
    built_in = [n for n in control_arms.control_arms() if plugins.found("control_arms")[n].is_built_in]
    assert tuple(built_in) == control_arms.RECORDED == ("retry", "tests", "resample", "shuffled")
    assert {*control_arms.RECORDED, "human", "simulated", "draw"} == set(typing.get_args(Arm))


def test_no_two_arms_look_alike() -> None:
    arms = control_arms.control_arms().values()
    for field in ("label", "phrase", "colour", "marker"):
        shown = [getattr(arm, field) for arm in arms]
        assert len(set(shown)) == len(shown), field
    assert all(re.fullmatch("#[0-9a-f]{6}", arm.colour) for arm in arms)
    assert {arm.name for arm in arms} <= plot_style.COLOURS.keys() & plot_style.MARKERS.keys()


@pytest.mark.parametrize("name", control_arms.RECORDED)
def test_only_resample_changes_the_sampling_and_only_of_a_greedy_session(name: str) -> None:
    arm = control_arms.control_arm(name)
    assert arm.sampling(Sampling(temperature=0.3)).temperature == 0.3
    greedy = arm.sampling(Sampling(temperature=0.0)).temperature
    assert greedy == (control_arms.RESAMPLE_TEMPERATURE if name == "resample" else 0)
    assert (arm.prompt is None) == (name == "resample")


@pytest.mark.parametrize("words", ["human", "simulated", "retry,nowhere"])
def test_what_is_no_control_arm_is_named(words: str) -> None:
    with pytest.raises(UsageError, match=r"no control arm `(human|simulated|nowhere)`"):
        control_arms.parse_recorded(words)
