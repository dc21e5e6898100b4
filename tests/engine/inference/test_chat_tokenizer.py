"""Tokenizer and chat template without transformers say what transformers says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from jinja2 import TemplateError
from transformers import AutoTokenizer

from assistant.engine.inference import chat_tokenizer
from assistant.engine.inference.detokenizer import TextStream
from tests.engine.test_chat_templates import GEMMA, LATER, MISTRAL, SILENT
from tests.engine.tiny_model import CHAT_TEMPLATE, make_tokenizer

TEXTS = [
    "",
    " ",
    "def add(a, b):\n    return a + b\n",
    "<|im_start|>user\nÄrger — 🙂 é<|im_end|>\n\n\ttail  ",
    "<|endoftext|><|im_end|> <|unknown|>",
]
TURNS = [
    {"role": "system", "content": "Be <b>brief</b>."},
    {"role": "user", "content": "  Write add.\n"},
    {"role": "assistant", "content": "def add(): ..."},
    {"role": "user", "content": "No: 'it' \"fails\"."},
]
LIKE_LLAMA = (
    "{{- bos_token }}\n"
    "{%- set ns = namespace(found=false, n=0) %}\n"
    "{%- for m in messages %}\n"
    "    {%- if m.role == 'system' %}{% set ns.found = true %}{% continue %}{% endif %}\n"
    "    {%- set ns.n = ns.n + 1 %}\n"
    "    {%- if ns.n > 2 %}{% break %}{% endif %}\n"
    "    {% generation %}{{ m | tojson }}{{ dict(a=1) }}{% endgeneration %}\n"
    "{%- endfor %}\n"
    "{{ ns.found }} {{ tools is none }} {{ undefined_name is defined }} {{ strftime_now('%Y') }}"
    "{%- if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
UNSAFE = [
    "{{ messages.__class__.__mro__ }}",
    "{% set ns = namespace(_x=1) %}",
    "{% set ns = namespace() %}{% set ns._x = 1 %}",
    "{% set _ = messages.append({'role': 'user', 'content': 'more'}) %}",
    "{{ ''.__class__ }}",
    "{{ raise_exception('no') }}",
    "{{ 1 / 0 }}",
    "{% if %}",
]


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """A tokenizer as transformers reads it from a folder."""
    tokenizer, folder = make_tokenizer(), tmp_path_factory.mktemp("published")
    tokenizer.bos_token = "<|endoftext|>"
    tokenizer.save_pretrained(folder)
    return AutoTokenizer.from_pretrained(folder)


@pytest.fixture(scope="module")
def folder(published: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("tokenizer")
    chat_tokenizer.save(published, folder, [0])
    return folder


@pytest.fixture(scope="module")
def both(published: Any, folder: Path) -> tuple[Any, Any]:
    ours = chat_tokenizer.open_tokenizer(folder)
    assert isinstance(ours, chat_tokenizer.ChatTokenizer)
    return ours, published


@pytest.mark.parametrize("text", TEXTS)
def test_the_same_tokens_and_the_same_text(both: tuple[Any, Any], text: str) -> None:
    ours, theirs = both
    for special in (True, False):
        ids = ours(text, add_special_tokens=special)["input_ids"]
        assert ids == list(theirs(text, add_special_tokens=special)["input_ids"])
        for skip in (True, False):
            assert ours.decode(ids, skip_special_tokens=skip) == theirs.decode(ids, skip_special_tokens=skip)
    streams = [TextStream(one) for one in both]
    for token in ids:
        assert streams[0].push(token) == streams[1].push(token)
    assert streams[0].close() == streams[1].close()


def test_the_same_names(both: tuple[Any, Any]) -> None:
    ours, theirs = both
    assert ours.chat_template == theirs.chat_template == CHAT_TEMPLATE
    assert len(ours) == len(theirs)
    assert ours.eos_token_id == [theirs.eos_token_id, 0]
    assert {i: (str(t), t.special) for i, t in ours.added_tokens_decoder.items()} == {
        i: (str(t), t.special) for i, t in theirs.added_tokens_decoder.items()
    }


@pytest.mark.parametrize("template", [CHAT_TEMPLATE, GEMMA, MISTRAL, SILENT, LATER, LIKE_LLAMA, *UNSAFE])
@pytest.mark.parametrize("turns", [TURNS, TURNS[1:], TURNS[1:2]], ids=["system", "several", "one"])
def test_the_same_dialogue_or_the_same_refusal(
    folder: Path, both: tuple[Any, Any], template: str, turns: list[dict[str, str]]
) -> None:
    ours, theirs = chat_tokenizer.ChatTokenizer(folder), both[1]
    ours.chat_template = template

    def said(tokenizer: Any, **named: Any) -> str:
        try:
            text = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True, **named)
        except Exception as error:
            return f"{type(error).__name__}: {error if isinstance(error, TemplateError) else ''}"
        return f"text: {text}"

    expected = said(theirs, chat_template=template)
    if "SecurityError" in expected:  # said in words of our own
        assert said(ours).startswith("SecurityError")
    else:
        assert said(ours) == expected
    assert expected.startswith("text:") or template in (GEMMA, MISTRAL, *UNSAFE)
