"""Any event that the models allow, for property tests."""

from __future__ import annotations

from typing import get_args

from hypothesis import strategies as st

from assistant.core import events as ev

EVENT_TYPES: tuple[type[ev.Event], ...] = get_args(get_args(ev.AnyEvent)[0])


def any_event() -> st.SearchStrategy[ev.Event]:
    """Every kind of event, with any text (control characters, separators, no surrogates) and any number."""
    return st.one_of(*(st.from_type(event_type) for event_type in EVENT_TYPES))
