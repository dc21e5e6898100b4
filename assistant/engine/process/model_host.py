"""The loaded model and its decoder: messages in, chunks out. Worker only; imports torch inside functions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from assistant.core.errors import EngineError
from assistant.core.generation import Cancel, ModelInfo, Request, without_system
from assistant.engine.models.capacity import total_memory
from assistant.engine.models.loader import LoadPlan, load
from assistant.engine.progress import Steps

if TYPE_CHECKING:
    from assistant.engine.inference.decoder import Decoder
    from assistant.engine.inference.scheduler import Scheduler

CACHE_SHARE = 32
"""One part in so many of this machine's memory may hold the dialogues of the people who share the model."""


@dataclass
class Host:
    """A model that answers."""

    info: ModelInfo
    tokenizer: Any
    decoder: Decoder

    @classmethod
    def load(cls, plan: LoadPlan, threads: int, steps: Steps) -> Host:
        """Load a prepared model; see `loading.load`."""
        from assistant.engine.inference.decoder import Decoder

        loaded = load(plan, threads, steps)
        return cls(
            loaded.info,
            loaded.tokenizer,
            Decoder(loaded.model, loaded.tokenizer, max_cache_bytes=total_memory() // CACHE_SHARE),
        )

    def join(self, scheduler: Scheduler, key: int, request: Request, cancel: Cancel) -> None:
        """Have `scheduler` serve `request` as well.

        Raises EngineError when its messages do not fit the model's template.
        """
        steps = self.decoder.steps(request, self.prompt_ids(request), scheduler.company(key), cancel)
        scheduler.add(key, steps)

    def prompt_ids(self, request: Request) -> list[int]:
        """The token ids of the dialogue in the model's chat template, or of the raw text."""
        if request.raw:
            text = "".join(_encodable(message.content) for message in request.messages)
            return list(self.tokenizer(text)["input_ids"])
        if self.tokenizer.chat_template is None:
            raise EngineError(
                f"{self.info.name} is a base model without a chat template: it takes raw text only."
            )
        return self._templated(request)

    def _templated(self, request: Request) -> list[int]:
        from jinja2 import TemplateError

        said = request.messages if self.info.takes_system else without_system(request.messages)
        messages = [{"role": message.role, "content": _encodable(message.content)} for message in said]
        try:
            text = self.tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
        except TemplateError as error:
            raise EngineError(
                f"{self.info.name}'s chat template refuses this dialogue: {' '.join(str(error).split())}"
            ) from error
        return list(self.tokenizer(text, add_special_tokens=False)["input_ids"])


def _encodable(text: str) -> str:
    """Text without lone surrogates, which no tokenizer takes."""
    return text.encode("utf-8", "replace").decode("utf-8")
