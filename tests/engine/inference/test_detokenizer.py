"""Text that grows token by token."""

from __future__ import annotations

from typing import Any

from decoding_kit import byte_tokenizer
from hypothesis import given
from hypothesis import strategies as st

from assistant.engine.inference.detokenizer import TextStream

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


class _Marked:
    """A tokenizer of bytes with special tokens of its own."""

    def __init__(self, *special: str) -> None:
        self._special = {1000 + i: token for i, token in enumerate(special)}
        self.added_tokens_decoder = {i: _Token(token) for i, token in self._special.items()}

    def decode(self, ids: list[int], *, skip_special_tokens: bool, **_: Any) -> str:
        kept = (self._special[i].encode() if i in self._special else bytes([i]) for i in ids)
        assert skip_special_tokens
        return b"".join(k for i, k in zip(ids, kept, strict=True) if i not in self._special).decode(
            "utf-8", "replace"
        )


class _Token(str):
    special = True


def _shown(stream: TextStream, ids: list[int]) -> str:
    shown = "".join(stream.push(token) for token in ids) + stream.close()
    assert shown == stream.text
    return shown


def test_special_tokens_that_mark_thinking_are_text() -> None:
    marks = ["[THINK]", "[/THINK]", "<|end|>", "[INST]"]
    ids = [1000, *_ids("hm"), 1001, *_ids("yes"), 1002, 1003]
    assert _shown(TextStream(_Marked(*marks)), ids) == "[THINK]hm[/THINK]yes"


def test_harmonys_tokens_are_text_where_the_tokenizer_has_channels() -> None:
    marks = ["<|channel|>", "<|message|>", "<|end|>"]
    ids = [1000, *_ids("analysis"), 1001, *_ids("hm"), 1002]
    assert _shown(TextStream(_Marked(*marks)), ids) == "<|channel|>analysis<|message|>hm<|end|>"


def test_thinking_that_the_prompt_opened_is_part_of_the_text_and_ends_nothing(tokenizer: Any) -> None:
    draft = "```python\ndef f(x):\n    return 0\n```\nNo.\n</think>\n"
    program = "```python\ndef f(x):\n    return x\n```"
    stream = TextStream(tokenizer, (), "f", "<think>\n")
    assert _shown(stream, _ids(f"{draft}{program}\nDone.\n")) == f"<think>\n{draft}{program}"
