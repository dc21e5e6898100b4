"""The types of MBPP+'s arguments, which JSON has flattened: the same as EvalPlus gives back, task by task.

Other tasks get what JSON gives, also where MBPP's own tests use tuples (98 is called with lists). A shape says what
a list becomes; arguments without one stay as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from assistant.problems.typed_inputs import retyped_arguments

Shape = Callable[[object], object]


def _same(value: object) -> object:
    return value


def _tuple(value: object) -> object:
    return tuple(value) if isinstance(value, list) else value


def _of(outer: Shape, inner: Shape) -> Shape:
    """Each item shaped by `inner`, the whole by `outer`."""
    return lambda value: outer([inner(item) for item in value] if isinstance(value, list) else value)


def _deep(value: object) -> object:
    """Every list a tuple, at every depth."""
    return tuple(map(_deep, value)) if isinstance(value, list) else value


def _set(value: object) -> object:
    """A set; an empty list is an empty dict in EvalPlus."""
    return (set(value) if value else {}) if isinstance(value, list) else value


def _values_as_tuples(value: object) -> object:
    return {key: _tuple(item) for key, item in value.items()} if isinstance(value, dict) else value


def _float(value: object) -> object:
    return float(value) if isinstance(value, str | int | float) else value


def _complex(value: object) -> object:
    return complex(value) if isinstance(value, str | int | float) else value


_ROWS = _of(_same, _tuple)
_EVERY: Mapping[Shape, tuple[int, ...]] = {
    _tuple: (
        2, 116, 132, 143, 222, 261, 273, 394, 399, 421, 424, 429, 470, 560, 579, 596, 616, 630, 726, 740,
        744, 809,
    ),
    _ROWS: (63, 64, 70, 94, 120, 237, 272, 299, 400, 409, 417, 438, 473, 614, 780),
    _of(_tuple, _tuple): (259, 278, 401, 445),
    _deep: (580, 615, 791),
}  # fmt: skip
"""Shapes that every argument of a task has."""
_EACH: Mapping[tuple[Shape, ...], tuple[int, ...]] = {
    (_ROWS,): (75, 413, 444, 753),
    (_same, _tuple): (106, 750),
    (_of(_same, _set),): (115,),
    (_float, _complex): (124,),
    (_complex,): (252,),
    (_tuple,): (250, 307, 405, 446, 617, 720, 763, 808),
    (_values_as_tuples,): (722,),
}
"""Shapes of the first arguments of a task; those that follow stay as they are."""

_EVERY_OF = {task: shape for shape, tasks in _EVERY.items() for task in tasks}
_EACH_OF = {task: shapes for shapes, tasks in _EACH.items() for task in tasks}
LAST_TASK = 974


def typed_arguments(
    task_id: object, arguments: Sequence[object], examples: list[list[object]]
) -> list[object]:
    """The arguments of an MBPP task as EvalPlus calls it with; of a task that is not MBPP's, as in the examples."""
    family, _, number = str(task_id).rpartition("/")
    task = int(number) if number.isdigit() else 0
    if family.lower() != "mbpp" or not 1 <= task <= LAST_TASK:
        return retyped_arguments(arguments, examples)
    if task in _EVERY_OF:
        return [_EVERY_OF[task](argument) for argument in arguments]
    shapes = _EACH_OF.get(task, ())
    rest = [_same] * (len(arguments) - len(shapes))
    return [shape(argument) for shape, argument in zip((*shapes, *rest), arguments, strict=False)]
