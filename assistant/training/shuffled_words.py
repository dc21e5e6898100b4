"""The control of training: every row with somebody's words about another problem in place of its own.

What a model gains from these as well, it did not gain from what the words say.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Sequence
from typing import Any

from assistant.core.errors import UsageError

Row = dict[str, Any]
TOLD = "privileged_context"
"""The column of the words, and the beginning of the names of columns that have more beside them."""


def partners(problems: Sequence[str], seed: int) -> list[int]:
    """For each row the row whose words it gets: a permutation that gives no row words about its own problem.

    Rows lie problem by problem on a circle and each looks as far on as the largest problem has rows. Raises
    `UsageError` where one problem has more than half of the rows, so that there is no such permutation.
    """
    counts = Counter(problems)
    most = max(counts.values(), default=0)
    if 2 * most > len(problems):
        raise UsageError(
            f"words cannot be shuffled: {most} of {len(problems)} rows are about one problem; "
            "leave out --control shuffled, or export more problems"
        )
    drawn = random.Random(f"shuffled words {seed}")
    names = sorted(counts)
    drawn.shuffle(names)
    place = {name: number for number, name in enumerate(names)}
    order = list(range(len(problems)))
    drawn.shuffle(order)
    order.sort(key=lambda row: place[problems[row]])
    found = [0] * len(order)
    for position, row in enumerate(order):
        found[row] = order[(position + most) % len(order)]
    return found


def with_shuffled_words(rows: Sequence[Row], seed: int) -> list[Row]:
    """The rows with words that were said about other problems. Raises `UsageError` where the rows have none."""
    if not rows or not ("feedback" in rows[0] or TOLD in rows[0]):
        raise UsageError(
            "--control shuffled needs rows with words: format refinement, or feedback (--method sdpo or sdft)"
        )
    chosen = partners([row["content_sha256"] for row in rows], seed)
    return [_spoken(row, rows[other]) for row, other in zip(rows, chosen, strict=True)]


def _spoken(row: Row, other: Row) -> Row:
    if TOLD in row:
        columns = [name for name in row if name.startswith(TOLD)]
        return row | {name: _replaced(row, row[name], row[TOLD], other[TOLD]) for name in columns}
    *before, last = row["prompt"]
    said = _replaced(row, last["content"], row["feedback"], other["feedback"])
    return row | {"feedback": other["feedback"], "prompt": [*before, last | {"content": said}]}


def _replaced(row: Row, text: str, own: str, others: str) -> str:
    """The text with somebody else's words, which stand at its end or its head, or else within it."""
    if text.endswith(own):
        return text.removesuffix(own) + others
    if own not in text:
        raise UsageError(
            f"words cannot be shuffled: those of a row of {row.get('session', '?')} are not in what the model reads; "
            "leave out --control shuffled"
        )
    return text.replace(own, others, 1)
