"""Speculative prefill of unsent feedback, to shorten the time to the first token."""

from __future__ import annotations

import threading
from collections.abc import Callable

from assistant.core.generation import Engine, ModelInfo, Request, SupportsPrefill
from assistant.core.state import State
from assistant.session import prompting


class SpeculativePrefill:
    """At most one prefill at a time, and none while the person waits for an answer.

    A late prefill would evict the answer from the conversation's cache.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._stop = threading.Event()
        self._allowed = True

    def prefill(self, request: Callable[[], Request | None]) -> None:
        """Prefill the prompt of `request()`; a running prefill is cancelled. Blocks; thread-safe."""
        if not isinstance(self._engine, SupportsPrefill):
            return
        with self._lock:
            self._stop.set()
            wanted = request() if self._allowed else None
            self._stop = stop = threading.Event()
        if wanted is not None:
            self._engine.prefill(wanted, stop)

    def pause(self) -> None:
        """Stop, until `resume`."""
        with self._lock:
            self._allowed = False
            self._stop.set()

    def resume(self) -> None:
        """Allow prefills again."""
        with self._lock:
            self._allowed = True


def unsent_request(state: State, model: ModelInfo, text: str) -> Request | None:
    """The request that `text` would make if it were sent now; None where nothing could be sent."""
    if not text.strip() or state.current is None or state.ended is not None:
        return None
    prompt = prompting.build_prompt(state, model, prompting.UserTurn(state.current, text))
    return Request(messages=prompt.messages, raw=prompt.raw, conversation=state.session)
