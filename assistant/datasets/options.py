"""What is exported, and from which rows: every rule is a choice that the dataset card states."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

from assistant.core.errors import UsageError
from assistant.core.events import Arm

SPLITS = ("train", "validation", "test")


@dataclass(frozen=True)
class Rules:
    """Which sessions, programs and words become rows. Every field is an option of `assistant export`."""

    solved: Literal["visible", "hidden"] = "hidden"
    unsealed: Literal["drop", "keep"] = "drop"
    arms: tuple[Arm, ...] = ()
    origin: str = "people"
    leaky: Literal["drop", "keep"] = "drop"
    duplicates: Literal["drop", "keep"] = "drop"
    ties: Literal["skip", "tests", "edits"] = "skip"
    overlap: Literal["test", "report", "exclude"] = "test"
    personal: Literal["redact", "refuse", "keep"] = "redact"
    turns: Literal["final", "dialogue"] = "final"
    pairs: Literal["state", "task"] = "state"
    placement: Literal["hash", "even"] = "hash"
    shares: tuple[float, float, float] = (0.8, 0.1, 0.1)


HUB = "https://huggingface.co/datasets/"


@dataclass(frozen=True)
class Publication:
    """What no journal says about the dataset."""

    licence: str = ""
    creators: tuple[str, ...] = ()
    hub_name: str = ""
    """Where it goes on the hub, if it does."""

    @property
    def url(self) -> str:
        """Its page; empty for a dataset that stays on this machine."""
        return f"{HUB}{self.hub_name}" if self.hub_name else ""


RULE_WORDS: dict[str, dict[str, str]] = {
    "solved": {
        "visible": "a program is right when every visible test passes",
        "hidden": "a program is right when every visible test passes, and every hidden one where the problem has any",
    },
    "unsealed": {
        "drop": "verdicts that the program could have forged do not count",
        "keep": "verdicts that the program could have forged count too (see the columns about seals)",
    },
    "leaky": {
        "drop": "rows whose feedback gives away the reference solution or an unseen expected value are left out",
        "keep": "rows whose feedback gives away the solution are kept (column `leaky`)",
    },
    "duplicates": {
        "drop": "of rows of one problem that are equal in all that is learned from, the first is kept",
        "keep": "equal rows are kept",
    },
    "ties": {
        "skip": "two right or two wrong programs make no pair",
        "tests": "of two wrong programs the one that passes more visible tests is chosen; equal ones make no pair",
        "edits": "a person's right edit is chosen over a right program of the model; other ties make no pair",
    },
    "overlap": {
        "test": "problems that are also test problems of MBPP or HumanEval, and their near-duplicates, are in `test` "
        "whatever their hash or an earlier export says (column `overlaps`)",
        "report": "problems that are also test problems of MBPP or HumanEval are kept and named (column `overlaps`)",
        "exclude": "problems that are also test problems of MBPP or HumanEval are left out",
    },
    "personal": {
        "redact": "names, e-mail addresses, keys and home paths that were found in people's feedback are replaced",
        "refuse": "nothing is exported while such things are found in people's feedback",
        "keep": "people's feedback was scanned but left as it is",
    },
    "turns": {
        "final": "`sft` and `openai` hold the task as first asked and a right program",
        "dialogue": "`sft` and `openai` hold the whole dialogue, wrong programs included",
    },
    "pairs": {
        "state": "a pair answers the very same prompt",
        "task": "a pair answers the task as first asked: a session's right programs against its wrong ones",
    },
    "placement": {
        "hash": "the hash of a problem's group decides its split, the same in every export",
        "even": "groups, the largest first, fill the splits up to their shares, and none with a share stays empty "
        "where there are enough groups; a later export keeps their places only with `--splits-from`",
    },
}
"""What each choice means, in the words of the card and of `--help`."""


def checked(**options: object) -> Rules:
    """The rules of these options. Raises `UsageError` naming the choices of a wrong one."""
    for name, words in RULE_WORDS.items():
        if name in options and options[name] not in words:
            raise UsageError(f"--{name} is {', '.join(words)}, not {options[name]!r}")
    return Rules(**options)  # type: ignore[arg-type]


def parse_shares(words: str) -> tuple[float, float, float]:
    """`0.8,0.1,0.1`: shares of problems for train, validation and test. Raises `UsageError`."""
    try:
        shares = [float(word) for word in words.split(",")]
    except ValueError:
        shares = []
    if len(shares) != 3 or min(shares) < 0 or abs(sum(shares) - 1) > 1e-9:
        raise UsageError(f"--splits is three shares that add up to 1, like 0.8,0.1,0.1, not {words!r}")
    return shares[0], shares[1], shares[2]


def stated(rules: Rules) -> list[str]:
    """Every rule as a sentence, for the card."""
    chosen = [
        f"`--{field.name} {getattr(rules, field.name)}`: {RULE_WORDS[field.name][getattr(rules, field.name)]}."
        for field in fields(rules)
        if field.name in RULE_WORDS
    ]
    arms = ", ".join(rules.arms) or "none"
    return [*chosen, f"`--arms {arms}`: control arms exported together with the dialogue."]
