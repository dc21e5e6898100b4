"""Whether a simulated person's words may stand in for people's, held against people on the same states.

Two things have to hold. The words help on the same problems: the interval of the rank correlation of per-problem
lifts has to lie above `LEAST_CORRELATION`. And they read alike: the Jensen-Shannon distance of both vocabularies has
to be within what chance gives when each pair's two texts are swapped at random. Else the tool says `NOT_SHOWN`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from assistant.bench.aggregates import Group
from assistant.bench.paired_stats import solved_share
from assistant.core.optional_deps import need
from assistant.core.problem import FrozenModel

NOT_SHOWN = "simulated words, not shown to stand in for people"
SHOWN = "simulated words that helped where people's did, and read alike, on these rows"
LEAST_CORRELATION = 0.3
"""The lower end of the correlation's 95% interval has to be above this."""
LEAST_PROBLEMS = 10
"""With fewer, nothing is shown."""
CONTROLS = ("retry", "resample")
"""One lift is taken over each, so that a control's luck is not in both."""
DRAWS = 2000
_WORD = re.compile(r"[^\W_]+(?:'\w+)?")


class TextPair(NamedTuple):
    """What a person said about a state, and what the model did."""

    person: str
    model: str


class StandInCheck(FrozenModel):
    """The comparison; None where it cannot be computed."""

    rows: int
    """Rows on which both spoke."""
    problems: int
    """Problems of rows with both answers and both controls."""
    correlation: float | None = None
    """Spearman's, of the lift of people's words and that of the model's, problem by problem."""
    low: float | None = None
    high: float | None = None
    """Its 95% interval: a bootstrap over problems."""
    distance: float | None = None
    """Jensen-Shannon distance of the two vocabularies: 0 is the same words as often, 1 no word in common."""
    chance: float | None = None
    """The 95th percentile of that distance where each pair's texts are swapped at random."""
    person_words: float | None = None
    model_words: float | None = None
    """Mean lengths."""

    @property
    def stands_in(self) -> bool:
        """Whether both bounds are kept."""
        if self.low is None or self.distance is None or self.chance is None or self.problems < LEAST_PROBLEMS:
            return False
        return self.low > LEAST_CORRELATION and self.distance <= self.chance

    @property
    def verdict(self) -> str:
        return SHOWN if self.stands_in else NOT_SHOWN


def check_stand_in(groups: Mapping[str, Group], texts: Sequence[TextPair], seed: int = 0) -> StandInCheck:
    """`groups` are the arms by name, `human` and `simulated` among them; `texts` what was said on the same rows."""
    lifts = _lifts(groups)
    found: dict[str, Any] = {"rows": len(texts), "problems": len(lifts)}
    if len(lifts) >= LEAST_PROBLEMS:
        found |= _correlation(lifts, seed)
    if len(texts) > 1:
        found |= _distances(texts, seed)
    return StandInCheck(**found)


def _lifts(groups: Mapping[str, Group]) -> list[tuple[float, float, float, float]]:
    """Of each problem, means over its rows: people's lift and the model's over another control, both ways."""
    arms = [groups.get(name) for name in ("human", "simulated", *CONTROLS)]
    if any(group is None for group in arms):
        return []
    rows = [group.rows for group in arms if group is not None]
    by_problem: dict[str, list[tuple[float, float, float, float]]] = {}
    for name, row in rows[0].items():
        if all(name in others for others in rows):
            human, model, first, second = (solved_share(of[name]) for of in rows)
            lifts = (human - first, model - second, human - second, model - first)
            by_problem.setdefault(row.problem, []).append(lifts)
    return [_mean(found) for _, found in sorted(by_problem.items())]


def _mean(rows: Sequence[tuple[float, float, float, float]]) -> tuple[float, float, float, float]:
    a, b, c, d = (sum(column) / len(rows) for column in zip(*rows, strict=True))
    return a, b, c, d


def _correlation(lifts: Sequence[tuple[float, float, float, float]], seed: int) -> dict[str, float | None]:
    """Spearman's, the mean over both ways of taking the controls; no interval where a side never varies."""
    numpy = need("numpy")
    values = numpy.asarray(lifts)
    chosen = numpy.random.default_rng(seed).integers(0, len(values), size=(DRAWS, len(values)))
    whole = _spearman(values[None, :, :])[0]
    drawn = _spearman(values[chosen])
    drawn = drawn[~numpy.isnan(drawn)]
    if numpy.isnan(whole) or not len(drawn):
        return {}
    low, high = numpy.quantile(drawn, [0.025, 0.975])
    return {"correlation": float(whole), "low": float(low), "high": float(high)}


def _spearman(values: Any) -> Any:
    """Of each draw (draws, problems, 4): the mean correlation of ranks of columns 0 and 1, and 2 and 3."""
    numpy = need("numpy")
    ranks = need("scipy.stats").rankdata(values, axis=1)
    ranks = ranks - ranks.mean(axis=1, keepdims=True)
    spread = numpy.sqrt((ranks**2).sum(axis=1))
    with numpy.errstate(divide="ignore", invalid="ignore"):
        one = (ranks[..., 0] * ranks[..., 1]).sum(axis=1) / (spread[:, 0] * spread[:, 1])
        two = (ranks[..., 2] * ranks[..., 3]).sum(axis=1) / (spread[:, 2] * spread[:, 3])
    return (one + two) / 2


def _distances(texts: Sequence[TextPair], seed: int) -> dict[str, float | None]:
    numpy = need("numpy")
    counted = [(_words(pair.person), _words(pair.model)) for pair in texts]
    names = sorted({word for pair in counted for words in pair for word in words})
    if not names:
        return {}
    place = {word: index for index, word in enumerate(names)}
    table = numpy.zeros((len(texts), 2, len(names)))
    for row, pair in enumerate(counted):
        for side, words in enumerate(pair):
            for word, count in words.items():
                table[row, side, place[word]] = count
    observed = _jensen_shannon(table[:, 0].sum(axis=0), table[:, 1].sum(axis=0))
    generator = numpy.random.default_rng(seed)
    swapped = []
    for _ in range(DRAWS // 4):
        side = generator.integers(0, 2, size=len(texts))
        rows = numpy.arange(len(texts))
        swapped.append(_jensen_shannon(table[rows, side].sum(axis=0), table[rows, 1 - side].sum(axis=0)))
    lengths = table.sum(axis=2).mean(axis=0)
    return {
        "distance": observed,
        "chance": float(numpy.quantile(swapped, 0.95)),
        "person_words": float(lengths[0]),
        "model_words": float(lengths[1]),
    }


def _words(text: str) -> Counter[str]:
    return Counter(word.lower() for word in _WORD.findall(text))


def _jensen_shannon(first: Any, second: Any) -> float:
    """The square root of the divergence, to base 2, of two counts over the same words."""
    return float(need("scipy.spatial.distance").jensenshannon(first, second, 2))
