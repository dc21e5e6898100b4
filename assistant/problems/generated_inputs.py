"""Inputs like those that are known: arguments of the same types and shape, drawn from a seed.

What all known inputs have in common is kept, so that drawn ones stay inside what the task is about: no number below 0
where there is none, no empty list, sorted lists, unlike items, rows of one length, characters of the same kinds, a
number that is always the length of a list (`f(xs, len(xs))`). What only some have is drawn freely.
"""

from __future__ import annotations

import random
import string
from collections.abc import Callable, Iterable, Sequence

from assistant.problems.records import NotALiteral, literal

Arguments = list[object]
_SEQUENCES = (list, tuple, set, frozenset)
_TRIES = 20
"""Draws for each input that is wanted, before fewer are given."""
_LONGEST = 24
"""Items or characters of a drawn value, where no known one is longer."""


def inputs_like(known: Sequence[Sequence[object]], count: int, seed: str) -> list[Arguments]:
    """Up to `count` different lists of arguments, none of them known. Empty where nothing is known."""
    groups = [list(arguments) for arguments in known if len(arguments) == len(known[0])]
    if not groups or not groups[0]:
        return []
    rng = random.Random(f"inputs {seed}")
    draw = _drawer(groups, rng)
    seen = {_key(arguments) for arguments in groups}
    found: list[Arguments] = []
    for _ in range(count * _TRIES):
        arguments = draw()
        key = _key(arguments)
        if key is not None and key not in seen:
            seen.add(key)
            found.append(arguments)
        if len(found) == count:
            break
    return found


def _key(arguments: Sequence[object]) -> str | None:
    """The arguments as text; None for what no literal can say."""
    try:
        return literal(list(arguments))
    except NotALiteral:
        return None


Draw = Callable[[], object]


def _drawer(groups: list[Arguments], rng: random.Random) -> Callable[[], Arguments]:
    """Draws whole lists of arguments: one or more positions are fresh, the others those of a known input."""
    columns = list(zip(*groups, strict=True))
    draws = [_values_like(column, rng) for column in columns]
    relations = _Relations(groups)

    def draw() -> Arguments:
        arguments = list(rng.choice(groups))
        fresh = rng.sample(range(len(draws)), rng.randint(1, len(draws)))
        for place in fresh:
            arguments[place] = draws[place]()
        return relations.kept(arguments, rng)

    return draw


def _values_like(known: Sequence[object], rng: random.Random) -> Draw:
    """Draws one value like the known ones of a place."""
    kinds = {type(value) for value in known}
    if kinds == {bool}:
        return lambda: rng.random() < 0.5
    if kinds == {int}:
        return _whole_numbers([v for v in known if isinstance(v, int)], rng)
    if kinds <= {int, float} and bool not in kinds:
        return _decimals([float(v) for v in known if isinstance(v, int | float)], rng)
    if kinds == {str}:
        return _texts([v for v in known if isinstance(v, str)], rng)
    if len(kinds) == 1 and kinds <= set(_SEQUENCES):
        return _sequences([v for v in known if isinstance(v, _SEQUENCES)], kinds.pop(), rng)
    if kinds == {dict}:
        return _mappings([v for v in known if isinstance(v, dict)], rng)
    return lambda: rng.choice(known)


def _whole_numbers(known: Sequence[int], rng: random.Random) -> Draw:
    low, high = min(known), max(known)
    bottom = low if low in (0, 1) else max(1, low // 2) if low > 1 else 2 * low - 3
    top = high + max(3, high // 2) if high >= 0 else high // 2

    def draw() -> int:
        if rng.random() < 0.4:
            return min(max(rng.choice(known) + rng.choice((-2, -1, 1, 2)), bottom), max(top, bottom))
        return rng.randint(bottom, max(top, bottom))

    return draw


def _decimals(known: Sequence[float], rng: random.Random) -> Draw:
    finite = [value for value in known if abs(value) < 1e15] or [1.0]
    low, high = min(finite), max(finite)
    whole = all(value == int(value) for value in finite)
    bottom = low / 2 if low > 0 else 2 * low
    top = high + max(1.0, high / 2) if high >= 0 else high / 2
    return lambda: float(round(rng.uniform(bottom, top), 0 if whole and rng.random() < 0.5 else 2))


_CLASSES = (string.ascii_lowercase, string.ascii_uppercase, string.digits)


def _texts(known: Sequence[str], rng: random.Random) -> Draw:
    """Letters and digits become others of their kind; where lengths differ and nothing but words stands in them,
    pieces are repeated, left out and exchanged as well."""
    alphabet = sorted({character for text in known for character in text})
    lengths = {len(text) for text in known}
    shortest, longest = min(lengths), max(max(lengths) + 4, 6)
    plain = len(lengths) > 1 and all(character.isalnum() or character == " " for character in alphabet)

    def like(character: str) -> str:
        kind = next((kind for kind in _CLASSES if character in kind), "")
        near = [c for c in alphabet if c in kind]
        return rng.choice(near if near and rng.random() < 0.7 else kind) if kind else character

    def draw() -> str:
        text = list(rng.choice(known))
        if plain:
            _rearrange(text, alphabet, rng)
        for place in range(len(text)):
            if rng.random() < 0.3:
                text[place] = like(text[place])
        return "".join(text[:longest]) if len(text) >= shortest else "".join(rng.choice(known))

    return draw


def _rearrange(items: list[str], alphabet: Sequence[str], rng: random.Random) -> None:
    for _ in range(rng.randint(0, 3)):
        place = rng.randint(0, len(items))
        what = rng.randrange(4)
        if what == 0 and items:
            del items[place % len(items)]
        elif what == 1 and alphabet:
            items.insert(place, rng.choice(alphabet))
        elif what == 2 and items:
            items.insert(place, items[place % len(items)])
        elif items:
            rng.shuffle(items)


def _sequences(known: Sequence[Iterable[object]], kind: type, rng: random.Random) -> Draw:
    """Lists, tuples or sets with items like the known ones; records (always as long, of several types) by place."""
    rows = [sorted(value, key=repr) if kind in (set, frozenset) else list(value) for value in known]
    lengths = {len(row) for row in rows}
    items = [item for row in rows for item in row]
    if len(lengths) == 1 and len({type(item) for item in items}) > 1 and rows[0]:
        columns = [_values_like(column, rng) for column in zip(*rows, strict=True)]
        return lambda: kind(column() for column in columns)
    if not items:
        return lambda: rng.choice(known)
    item = _values_like(items, rng)
    ordered = _all_ordered(rows)
    unlike = all(len({repr(part) for part in row}) == len(row) for row in rows) and max(lengths) > 2
    fixed = len(lengths) == 1 and len(rows) > 2

    def draw() -> object:
        row = list(rng.choice(rows))
        if not fixed and rng.random() < 0.6:
            row = [
                item()
                for _ in range(rng.randint(min(lengths), min(max(lengths) + 2, _LONGEST + max(lengths))))
            ]
        for place in range(len(row)):
            if rng.random() < 0.4:
                row[place] = rng.choice(row) if rng.random() < 0.3 else item()
        if unlike:
            row = list({repr(part): part for part in row}.values())
        if not ordered and rng.random() < 0.4:
            rng.shuffle(row)
        if len(row) < min(lengths):
            row = list(rng.choice(rows))
        return kind(_sorted(row) if ordered else row)

    return draw


def _all_ordered(rows: Sequence[list[object]]) -> bool:
    """Whether every known row with two items or more is in ascending order, and several are long enough to tell."""
    some = [row for row in rows if len(row) > 2]
    return len(some) > 1 and all(_sorted(row) == row for row in some)


def _sorted(row: list[object]) -> list[object]:
    try:
        return sorted(row)  # type: ignore[type-var]
    except TypeError:
        return row


def _mappings(known: Sequence[dict[object, object]], rng: random.Random) -> Draw:
    """The keys of a known one, some left out, with values like the known ones."""
    values = [value for mapping in known for value in mapping.values()]
    draw_value = _values_like(values, rng) if values else (lambda: None)
    fewest = min(map(len, known))

    def draw() -> object:
        mapping = dict(rng.choice(known))
        for key in list(mapping):
            if rng.random() < 0.5:
                mapping[key] = draw_value()
            elif rng.random() < 0.2 and len(mapping) > max(fewest, 1):
                del mapping[key]
        return mapping

    return draw


class _Relations:
    """What holds between the arguments of every known input, and is made to hold in drawn ones."""

    def __init__(self, groups: Sequence[Arguments]) -> None:
        places = range(len(groups[0]))
        sized = [p for p in places if all(isinstance(g[p], (*_SEQUENCES, str)) for g in groups)]
        whole = [p for p in places if all(type(g[p]) is int for g in groups)]
        self._is_length = {
            number: holder
            for number in whole
            for holder in sized
            if all(g[number] == len(g[holder]) for g in groups)  # type: ignore[arg-type]
        }
        self._is_index = {
            number: holder
            for number in whole
            for holder in sized
            if number not in self._is_length and all(0 <= g[number] <= len(g[holder]) for g in groups)  # type: ignore[arg-type, operator]
        }
        lists = [p for p in sized if all(isinstance(g[p], list | tuple) for g in groups)]
        alike = len(lists) > 1 and all(len({len(g[p]) for p in lists}) == 1 for g in groups)  # type: ignore[arg-type]
        self._alike = lists if alike else []
        self._rising = [
            (a, b) for a in whole for b in whole if a < b and all(g[a] < g[b] for g in groups)  # type: ignore[operator]
        ] if len(groups) > 1 else []  # fmt: skip

    def kept(self, arguments: Arguments, rng: random.Random) -> Arguments:
        """The arguments, changed so that the relations hold."""
        if self._alike:
            shortest = min(len(arguments[place]) for place in self._alike)  # type: ignore[arg-type]
            for place in self._alike:
                arguments[place] = arguments[place][:shortest]  # type: ignore[index]
        for number, holder in self._is_length.items():
            arguments[number] = len(arguments[holder])  # type: ignore[arg-type]
        for number, holder in self._is_index.items():
            length = len(arguments[holder])  # type: ignore[arg-type]
            if arguments[number] > length:  # type: ignore[operator]
                arguments[number] = rng.randint(0, length)
        for a, b in self._rising:
            if arguments[a] > arguments[b]:  # type: ignore[operator]
                arguments[a], arguments[b] = arguments[b], arguments[a]
        return arguments
