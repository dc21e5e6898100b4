"""A model's tokenizer and chat template without transformers, whose import alone takes longer than both.

`save` keeps what transformers read of a model; `ChatTokenizer` answers as the transformers tokenizer would.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

FILE = "chat.json"
"""Next to tokenizer.json: the chat template and the special tokens' texts."""


def save(tokenizer: Any, folder: Path, ends: int | list[int] | None = None) -> None:
    """Write a transformers tokenizer to `folder`, as it writes itself and, where we can, for `ChatTokenizer`.

    `ends` end an answer as its own end token does.
    """
    tokenizer.save_pretrained(folder)
    template = tokenizer.chat_template
    if getattr(tokenizer, "backend_tokenizer", None) is None or not isinstance(template, str | None):
        return
    about = {
        "chat_template": template,
        "special_tokens": {name: str(text) for name, text in tokenizer.special_tokens_map.items()},
        "eos_token_id": _listed(tokenizer.eos_token_id) + _listed(ends),
    }
    (folder / FILE).write_text(json.dumps(about, indent=1), encoding="utf-8")


def _listed(ends: int | list[int] | None) -> list[int]:
    return ends if isinstance(ends, list) else [] if ends is None else [ends]


def open_tokenizer(folder: Path) -> Any:
    """The tokenizer that `save` wrote; transformers' own where `ChatTokenizer` cannot stand for it."""
    if (folder / FILE).is_file():
        return ChatTokenizer(folder)
    from transformers import AutoTokenizer

    return AutoTokenizer.from_pretrained(folder, trust_remote_code=False)


class ChatTokenizer:
    """What the engine uses of a transformers tokenizer, by the same names."""

    def __init__(self, folder: Path) -> None:
        from tokenizers import Tokenizer

        about = json.loads((folder / FILE).read_text(encoding="utf-8"))
        self.backend_tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self.chat_template: str | None = about["chat_template"]
        self.eos_token_id: list[int] = about["eos_token_id"]
        self._special_tokens: dict[str, str] = about["special_tokens"]
        # tokenizer.json may remember how a batch was cut and filled up when it was trained.
        self.backend_tokenizer.no_truncation()
        self.backend_tokenizer.no_padding()

    def __call__(self, text: str, *, add_special_tokens: bool = True) -> dict[str, list[int]]:
        found = self.backend_tokenizer.encode(text, add_special_tokens=add_special_tokens)
        return {"input_ids": found.ids}

    def __len__(self) -> int:
        return int(self.backend_tokenizer.get_vocab_size(with_added_tokens=True))

    def decode(self, ids: Sequence[int], *, skip_special_tokens: bool = False) -> str:
        return str(self.backend_tokenizer.decode(list(ids), skip_special_tokens=skip_special_tokens))

    @property
    def added_tokens_decoder(self) -> Mapping[int, Any]:
        found: Mapping[int, Any] = self.backend_tokenizer.get_added_tokens_decoder()
        return found

    def apply_chat_template(
        self, messages: Sequence[Mapping[str, str]], *, tokenize: bool, add_generation_prompt: bool
    ) -> str:
        """The dialogue as text; `tokenize` must be False. Raises what the template raises."""
        if tokenize:
            raise ValueError("the dialogue is rendered here, and encoded by the caller")
        rendered: str = self._template.render(
            **self._special_tokens,
            messages=[dict(message) for message in messages],
            tools=None,
            documents=None,
            add_generation_prompt=add_generation_prompt,
        )
        return rendered

    @cached_property
    def _template(self) -> Any:
        if self.chat_template is None:
            raise ValueError("this model has no chat template")
        return _environment().from_string(self.chat_template)


def _environment() -> Any:
    """As transformers sets jinja up for templates, which come from strangers: sandboxed, blocks trimmed."""
    from jinja2 import TemplateError, nodes
    from jinja2.exceptions import SecurityError
    from jinja2.ext import Extension, loopcontrols
    from jinja2.sandbox import ImmutableSandboxedEnvironment
    from jinja2.utils import Namespace

    class Generation(Extension):
        """`{% generation %}` marks what the model said; it is text like any other here."""

        tags = {"generation"}  # noqa: RUF012 (jinja's own way)

        def parse(self, parser: Any) -> Any:
            line = next(parser.stream).lineno
            body = parser.parse_statements(("name:endgeneration",), drop_needle=True)
            return nodes.Scope(body).set_lineno(line)

    class PublicNamespace(Namespace):
        """A namespace that keeps nothing under names that begin with an underscore."""

        def __init__(*arguments: Any, **named: Any) -> None:
            self, *others = arguments
            kept = dict(*others, **named)
            for name in kept:
                _public(name)
            Namespace.__init__(self, kept)

        def __setitem__(self, name: str, value: Any) -> None:
            _public(name)
            super().__setitem__(name, value)

    def _public(name: Any) -> None:
        if isinstance(name, str) and name.startswith("_"):
            raise SecurityError(f"a chat template cannot keep {name!r}")

    def refuse(message: str) -> None:
        raise TemplateError(message)

    def as_json(
        value: Any,
        ensure_ascii: bool = False,
        indent: Any = None,
        separators: Any = None,
        sort_keys: bool = False,
    ) -> str:
        return json.dumps(
            value, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys
        )

    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, extensions=[Generation, loopcontrols]
    )
    environment.filters["tojson"] = as_json
    environment.globals |= {
        "raise_exception": refuse,
        "strftime_now": lambda form: datetime.now().strftime(form),
        "dict": lambda *arguments, **named: dict(*arguments, **named),
        "namespace": PublicNamespace,
    }
    return environment
