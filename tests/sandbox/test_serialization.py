"""The wire: what can cross comes back equal and of the same type; the rest is refused by name."""

from __future__ import annotations

import array
import collections
import datetime
import enum
import json
import math
import socket
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.sandbox.guest import framing, serialization
from assistant.sandbox.guest.bounded_repr import show
from assistant.sandbox.guest.result_comparison import literal_of
from assistant.sandbox.guest.serialization import base
from tests.thoroughness import tries

DAY, MINUTE = datetime.timedelta(hours=23), datetime.timedelta(minutes=1)
OFFSET = datetime.timezone
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=-(2**5000), max_value=2**5000)
    | st.floats()
    | st.complex_numbers()
    | st.text(st.characters())
    | st.text(st.characters(categories=["Cs", "Cc", "Lo"]))
    | st.binary()
    | st.binary().map(bytearray)
    | st.builds(range, st.integers(), st.integers(), st.integers().filter(bool))
    | st.decimals(allow_nan=False)
    | st.fractions()
    | st.dates()
    | st.datetimes()
    | st.datetimes(timezones=st.timedeltas(-DAY, DAY).map(lambda t: OFFSET(MINUTE * (t // MINUTE))))
    | st.times()
    | st.timedeltas()
    | st.sampled_from([int, str, list, type(None), ..., NotImplemented])
)
HASHABLE = SCALARS.filter(lambda value: not isinstance(value, bytearray))
ARRAYS = st.lists(st.integers(-(2**31), 2**31 - 1)).map(lambda items: array.array("l", items)) | st.lists(
    st.floats()
).map(lambda items: array.array("d", items))


def _containers(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    keys = HASHABLE | st.tuples(HASHABLE, HASHABLE)
    return (
        st.lists(inner)
        | st.lists(inner).map(tuple)
        | st.lists(inner).map(collections.deque)
        | st.sets(keys)
        | st.frozensets(keys)
        | st.dictionaries(keys, inner)
        | st.dictionaries(keys, inner).map(collections.OrderedDict)
        | st.dictionaries(keys, st.integers()).map(collections.Counter)
        | st.builds(
            collections.defaultdict, st.sampled_from([int, list, str, None]), st.dictionaries(keys, inner)
        )
        | st.dictionaries(keys, inner).map(dict.keys)
        | st.dictionaries(keys, inner).map(dict.values)
        | st.dictionaries(keys, HASHABLE).map(dict.items)
        | ARRAYS
    )


VALUES = st.recursive(SCALARS, _containers, max_leaves=12)


VIEWS = tuple(map(type, ({}.keys(), {}.values(), {}.items())))


def across(value: Any) -> Any:
    """Through encoder, JSON text and decoder."""
    return serialization.ValueDecoder().decode(
        json.loads(json.dumps(serialization.ValueEncoder().encode(value)))
    )


def same(one: Any, other: Any) -> bool:
    """Equal and of the same types all the way down; a NaN is a NaN."""
    if type(one) is not type(other):
        return False
    if isinstance(one, list | tuple | collections.deque):
        return len(one) == len(other) and all(map(same, one, other))
    if isinstance(one, collections.defaultdict) and one.default_factory is not other.default_factory:
        return False
    if isinstance(one, VIEWS):
        return same(list(one), list(other))
    if isinstance(one, dict):
        return len(one) == len(other) and all(
            same(a, b) and same(one[a], other[b]) for a, b in zip(one, other, strict=True)
        )
    if isinstance(one, set | frozenset):
        return len(one) == len(other) and {repr(item) for item in one} == {repr(item) for item in other}
    return bool(one == other) or repr(one) == repr(other)


@pytest.mark.slow
@given(VALUES)
@settings(max_examples=tries(150, 500))
def test_values_come_back_equal_and_of_the_same_type(value: Any) -> None:
    assert same(value, across(value))


@pytest.mark.slow
@given(VALUES)
@settings(max_examples=tries(80, 300))
def test_showing_never_fails_and_is_bounded(value: Any) -> None:
    assert len(show(value, 100)) < 400


@pytest.mark.slow
@given(VALUES)
@settings(max_examples=tries(80, 300))
def test_a_literal_reads_back_equal(value: Any) -> None:
    import ast

    text = literal_of(value)
    assert text is None or ast.literal_eval(text) == value


def test_signs_and_extremes_survive() -> None:
    assert math.copysign(1, across(-0.0)) == -1
    assert across([5e-324, 1.7976931348623157e308]) == [5e-324, 1.7976931348623157e308]
    assert across(10**100_000) == 10**100_000
    assert across(datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)).tzinfo is datetime.UTC


def test_other_factories_and_named_zones() -> None:
    """A factory of one's own stays at home; a zone that would lose its name does not cross."""
    assert across(collections.defaultdict(lambda: 1, {1: 2})) == {1: 2}
    named = datetime.datetime(2020, 1, 1, tzinfo=datetime.timezone(datetime.timedelta(hours=1), "X"))
    with pytest.raises(serialization.CannotCross, match="time zone"):
        across(named)


class Colour(enum.IntEnum):
    RED = 4


class Pair(NamedTuple):
    x: int


class Liar(int):
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = int.__hash__

    def __add__(self, other: Any) -> int:
        return 99

    def __index__(self) -> int:
        return 99


class LyingList(list[int]):
    def __iter__(self) -> Any:
        return iter([99])

    def __len__(self) -> int:
        return 0


class LyingText(str):
    def __str__(self) -> str:
        return "lie"


def test_subclasses_are_flattened_by_the_base_type() -> None:
    for value, plain in (
        (Colour.RED, 4),
        (Pair(1), (1,)),
        (Liar(5), 5),
        (LyingList([1, 2]), [1, 2]),
        (LyingText("true"), "true"),
    ):
        got = across(value)
        assert got == plain and type(got) is type(plain)


@pytest.mark.parametrize(
    "value", [object(), socket, lambda: 1, iter([1]), memoryview(b"a"), Pair, {1: [object()]}]
)
def test_what_cannot_cross_is_refused_by_name(value: Any) -> None:
    inner = value[1][0] if isinstance(value, dict) else value
    with pytest.raises(serialization.CannotCross, match=type(inner).__name__):
        serialization.ValueEncoder().encode(value)


@pytest.fixture
def _few_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lower cap, so that reaching it takes no time."""
    monkeypatch.setattr(base, "MAX_NODES", 20_000)


@pytest.mark.slow
@pytest.mark.usefixtures("_few_nodes")
def test_depth_size_and_cycles_are_refused() -> None:
    deep: Any = []
    for _ in range(100_000):
        deep = [deep]
    cycle: list[Any] = []
    cycle.append(cycle)
    shared: Any = [1]
    for _ in range(60):
        shared = [shared, shared]
    for value in (deep, cycle, shared, "x" * (base.MAX_BYTES + 1), [b"x" * (1 << 20)] * 40, 1 << (1 << 28)):
        with pytest.raises(serialization.TooLarge):
            serialization.ValueEncoder().encode(value)


@pytest.mark.usefixtures("_few_nodes")
def test_sharing_between_arguments_is_counted_by_what_it_costs() -> None:
    shared: Any = [1]
    for _ in range(60):
        shared = [shared, shared]
    with pytest.raises(serialization.TooLarge):
        serialization.ValueEncoder(serialization.Origins(), number_new=True).encode([shared])


def call(value: Any, function: Any) -> Any:
    """A call across the wire: arguments over, mutation and value back."""
    ours, theirs = serialization.Origins(), serialization.Origins()
    sent = json.loads(json.dumps(serialization.ValueEncoder(ours, number_new=True).encode(value)))
    received = serialization.ValueDecoder(theirs, number_new=True).decode(sent)
    result = function(received)
    encoder = serialization.ValueEncoder(theirs)
    back = json.loads(json.dumps([encoder.encode(received), encoder.encode(result)]))
    if not serialization.same_encoding(back[0], sent):
        serialization.ValueDecoder(ours).decode(back[0])
    return serialization.ValueDecoder(ours).decode(back[1])


def test_mutation_lands_in_the_callers_objects() -> None:
    inner = {"a": [3, 1, 2]}
    outer = [inner, inner, {1, 2}]

    def change(value: Any) -> Any:
        assert value[0] is value[1], "aliases stay aliases"
        value[0]["a"].sort()
        value[2].add(3)
        value.reverse()
        return value[-1]

    assert call(outer, change) is inner
    assert outer[2] is inner and inner == {"a": [1, 2, 3]} and outer[0] == {1, 2, 3}


@given(VALUES)
@settings(max_examples=tries(80, 300))
def test_an_untouched_argument_stays_as_it_was(value: Any) -> None:
    kept = [value, [value]]
    before = repr(kept)
    assert same(call(kept, lambda given: given[0]), value)
    assert repr(kept) == before


def test_text_and_frames_are_refused_politely() -> None:
    for body in (b"", b"[]", b"1", b"{", b"\xff", b"[" * 100_000, b'{"a":' * 50_000, b"9" * 10_000):
        with pytest.raises(framing.FrameError):
            framing.parse(body)


def test_a_frame_over_the_cap_is_refused_unread() -> None:
    one, other = socket.socketpair()
    with one, other:
        one.sendall((framing.MAX_FRAME + 1).to_bytes(4, "big"))
        with pytest.raises(framing.FrameTooLarge):
            framing.Frames(other).receive()
