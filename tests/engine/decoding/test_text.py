"""Text that grows token by token."""

from __future__ import annotations

from typing import Any

from decoding_kit import byte_tokenizer
from hypothesis import given
from hypothesis import strategies as st

from assistant.engine.decoding.text import TextStream

_TOKENIZER = byte_tokenizer()


def _ids(text: str) -> list[int]:
    return list(text.encode("utf-8"))


def test_half_characters_are_never_shown(tokenizer: Any) -> None:
    stream = TextStream(tokenizer)
    pieces = [stream.push(token) for token in _ids("é→🙂 x")]
    assert pieces == ["", "é", "", "", "→", "", "", "", "🙂", " ", "x"]


def test_bytes_that_never_become_a_character_are_dropped_at_the_end(tokenizer: Any) -> None:
    stream = TextStream(tokenizer)
    shown = "".join(stream.push(token) for token in _ids("ok🙂")[:-1])
    assert shown + stream.close() == stream.text == "ok"


def test_special_tokens_leave_no_text(tokenizer: Any) -> None:
    stream = TextStream(tokenizer)
    assert "".join(stream.push(token) for token in [104, 257, 105, 256]) + stream.close() == "hi"


def test_the_beginning_of_a_stop_string_is_held_back(tokenizer: Any) -> None:
    stream = TextStream(tokenizer, ("\n```\n",))
    assert [stream.push(token) for token in _ids("a\n``b")] == ["a", "", "", "", "\n``b"]
    assert "".join(stream.push(token) for token in _ids("\n```\nmore")) == ""
    assert (stream.stopped, stream.text) == (True, "a\n``b")


@given(
    st.text(st.characters(codec="utf-8", exclude_characters="\ufffd"), max_size=40),
    st.text(min_size=1, max_size=3),
)
def test_pieces_add_up_and_end_before_the_stop_string(text: str, stop: str) -> None:
    stream, shown = TextStream(_TOKENIZER, (stop,)), ""
    for token in _ids(text):
        shown += stream.push(token)
        if stream.stopped:
            break
    shown += stream.close()
    assert shown == stream.text == text.split(stop)[0]


def test_text_ends_where_its_program_is_complete(tokenizer: Any) -> None:
    program = "Here:\n```python\ndef f(x):\n    return x\n```"
    stream, shown = TextStream(tokenizer, (), "f"), ""
    for token in _ids(f"{program}\n\nIt returns x.\n"):
        shown += stream.push(token)
    assert shown + stream.close() == stream.text == program
    assert stream.stopped
