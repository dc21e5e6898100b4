"""Inputs that JSON has flattened, given back the types that the task's own assertions use.

EvalPlus stores arguments as JSON, where tuples and sets have become lists, complex numbers texts, and keys
of dicts texts. The arguments of the task's assertions are Python and show what was meant.
"""

from __future__ import annotations

from collections.abc import Sequence

Containers = (list, tuple, set, frozenset)


def retyped_arguments(arguments: Sequence[object], examples: list[list[object]]) -> list[object]:
    """The arguments, each with the types of the examples at its position."""
    return [
        retyped(argument, [example[position] for example in examples if position < len(example)])
        for position, argument in enumerate(arguments)
    ]


def retyped(value: object, examples: list[object], inside: type = list) -> object:
    """The value with the container and number types of the examples; unchanged where they disagree.

    Nested deeper than any example, a list becomes what it is `inside` of.
    """
    if isinstance(value, list):
        return _container(value, [example for example in examples if isinstance(example, Containers)], inside)
    if isinstance(value, dict):
        return _mapping(value, [example for example in examples if isinstance(example, dict)])
    if isinstance(value, str) and examples and all(_is_number(example) for example in examples):
        return _number(value)
    return value


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | complex) and not isinstance(value, bool)


def _number(text: str) -> object:
    """A number that was written as text, e.g. `2` or `1j`; the text itself when it is none."""
    for kind in (int, float, complex):
        try:
            return kind(text.replace(" ", ""))
        except ValueError:
            continue
    return text


def _container(value: list[object], examples: list[object], inside: type) -> object:
    kinds = {type(example) for example in examples} or {inside}
    kind = kinds.pop() if len(kinds) == 1 else list
    sequences = [list(example) for example in examples if isinstance(example, Containers)]
    aligned = all(len(sequence) == len(value) for sequence in sequences)
    pool = [item for sequence in sequences for item in sequence]
    items = [
        retyped(item, [sequence[position] for sequence in sequences] if aligned else pool, kind)
        for position, item in enumerate(value)
    ]
    if kind is tuple:
        return tuple(items)
    if kind is set:
        return set(items)
    return items


def _mapping(value: dict[str, object], examples: list[dict[object, object]]) -> dict[object, object]:
    keys = [key for example in examples for key in example]
    values = [item for example in examples for item in example.values()]
    numbers = any(isinstance(key, int) for key in keys)
    return {
        int(key) if numbers and key.lstrip("-").isdigit() else key: retyped(item, values)
        for key, item in value.items()
    }
