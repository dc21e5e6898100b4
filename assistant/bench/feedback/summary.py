"""What a feedback run measured: each arm's share, and the person's feedback against each control, pair by pair."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from assistant.bench import metrics
from assistant.bench.aggregates import Group
from assistant.bench.feedback.feedback_jobs import Wording
from assistant.bench.feedback.stand_in_check import TextPair, check_stand_in
from assistant.bench.paired_stats import difference_of, solved_share
from assistant.core.stats.exact_tests import holm

Json = dict[str, Any]


def summarise(
    wordings: Sequence[Wording],
    arms: Sequence[str],
    groups: Mapping[str, Group],
    texts: Sequence[TextPair] = (),
) -> Json:
    """By wording: the arms, the lifts of the feedback over them, and the person or a fresh start together.

    `texts` is what person and simulated person said about the same states: may the one stand in for the other?
    """
    made = [wording for wording in wordings if wording.group("human") in groups]
    return {"wordings": {wording.name: _wording(wording, arms, groups, texts) for wording in made}}


def _wording(
    wording: Wording, arms: Sequence[str], groups: Mapping[str, Group], texts: Sequence[TextPair]
) -> Json:
    there = {arm: groups[wording.group(arm)] for arm in arms if wording.group(arm) in groups}
    return {
        **({"stand_in": _stand_in(there, texts)} if texts and "simulated" in there else {}),
        "arms": {arm: _arm(group) for arm, group in there.items()},
        "lifts": _lifts(there),
        "human_or_resample": _together(there),
    }


def _stand_in(groups: Mapping[str, Group], texts: Sequence[TextPair]) -> Json:
    found = check_stand_in(groups, texts)
    return {**found.model_dump(), "stands_in": found.stands_in, "verdict": found.verdict}


def _arm(group: Group) -> Json:
    rows = metrics.rows_of(group)
    return {
        "rows": len(rows),
        "samples": group.samples,
        "solved": metrics.of_samples(rows, metrics.solved).model_dump(),
        "solved_sealed": metrics.of_samples(rows, metrics.sealed_only).model_dump(),
        "unsealed": metrics.of_samples(rows, lambda row: row.unsealed).model_dump(),
        "rows_any_sample": metrics.any_sample(rows, metrics.solved).model_dump(),
        "outcomes": {name: m.model_dump() for name, m in metrics.outcome_shares(rows).items()},
        "tokens_per_sample": group.generated_tokens / group.samples,
    }


def _lifts(groups: Mapping[str, Group]) -> Json:
    """Human minus each other arm, in share of samples solved; `p_holm` makes up for there being several."""
    human = groups.get("human")
    found = {
        arm: difference
        for arm, group in groups.items()
        if arm != "human" and human and (difference := difference_of(human, group, solved_share))
    }
    adjusted = holm([difference.p for difference in found.values()])
    return {
        arm: {**difference.model_dump(), "p_holm": p}
        for (arm, difference), p in zip(found.items(), adjusted, strict=True)
    }


def _together(groups: Mapping[str, Group]) -> Json | None:
    """Rows solved by the feedback or by a fresh start, over rows with both."""
    if "human" not in groups or "resample" not in groups:
        return None
    human, fresh = groups["human"].rows, groups["resample"].rows
    both = [name for name in human if name in fresh]
    return metrics.share(sum(bool(human[n].solved or fresh[n].solved) for n in both), len(both)).model_dump()


def best_wording(summary: Json) -> str:
    """The template that solves most with the person's feedback; the first of equal ones."""
    wordings: Mapping[str, Json] = summary["wordings"]
    return max(wordings, key=lambda name: wordings[name]["arms"]["human"]["solved"]["value"])
