"""Chat templates without a system turn: its text goes before the first user turn, and the journal says so."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from assistant.core.generation import Message, ModelInfo, Request, without_system
from assistant.engine.models.loader import takes_system
from assistant.engine.process.model_host import Host
from assistant.session.prompting import Prompt, fitted
from tests.engine.tiny_model import CHAT_TEMPLATE, make_tokenizer

GEMMA = (
    "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}"
    "{% endif %}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
    "{{ '<start_of_turn>' + message['role'] + '\n' + message['content'] | trim + '<end_of_turn>\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}"
)
MISTRAL = (
    "{{ bos_token }}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}"
    "{{ raise_exception('Conversation roles must alternate user/assistant/user/assistant/...') }}{% endif %}"
    "{% if message['role'] == 'user' %}{{ '[INST] ' + message['content'] + ' [/INST]' }}"
    "{% else %}{{ message['content'] + eos_token }}{% endif %}{% endfor %}"
)
SILENT = "{% for m in messages if m.role != 'system' %}<{{ m.role }}>{{ m.content }}{% endfor %}"
LATER = (
    "{% if messages[0].role == 'system' %}{% set s = messages[0].content %}"
    "{% set messages = messages[1:] %}{% endif %}"
    "{% for m in messages %}[INST]{% if loop.last and s %}{{ s }}\n\n{% endif %}{{ m.content }}[/INST]{% endfor %}"
)
DIALOGUE = (
    Message(role="system", content="Be brief."),
    Message(role="user", content="Write add."),
    Message(role="assistant", content="def add(): ..."),
    Message(role="user", content="No."),
)


def tokenizer_with(template: str) -> Any:
    tokenizer = make_tokenizer()
    tokenizer.chat_template = template
    tokenizer.bos_token = "<|endoftext|>"
    return tokenizer


@pytest.mark.parametrize(
    ("template", "has_one"),
    [(CHAT_TEMPLATE, True), (LATER, True), (GEMMA, False), (MISTRAL, False), (SILENT, False)],
    ids=["qwen", "mistral-later", "gemma", "mistral", "left out"],
)
def test_the_system_text_reaches_every_model(template: str, has_one: bool) -> None:
    tokenizer = tokenizer_with(template)
    assert takes_system(tokenizer) is has_one
    info = ModelInfo(engine="transformers", name="tiny", takes_system=has_one)
    host = Host(info, tokenizer, decoder=None)  # type: ignore[arg-type]
    sent = fitted(Prompt(DIALOGUE), info).messages
    text = tokenizer.decode(host.prompt_ids(Request(messages=sent)))
    assert text.count("Be brief.") == 1
    assert text.index("Be brief.") < text.index("No.")
    assert host.prompt_ids(Request(messages=DIALOGUE)) == host.prompt_ids(Request(messages=sent))
    assert (sent == DIALOGUE) is has_one


def test_only_the_first_user_turn_changes() -> None:
    assert without_system(DIALOGUE) == (
        Message(role="user", content="Be brief.\n\nWrite add."),
        *DIALOGUE[2:],
    )
    assert without_system(DIALOGUE[1:]) == DIALOGUE[1:]
    raw = Prompt(DIALOGUE[1:2], raw=True)
    assert fitted(raw, ModelInfo(engine="x", name="x", takes_system=False)) == replace(raw)
