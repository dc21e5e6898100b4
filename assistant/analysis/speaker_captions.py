"""Headings and sentences about feedback that no person gave: they name who did."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from assistant.core.speaker import PEOPLE, SIMULATED, UNKNOWN
from assistant.reporting.plot_style import Draw

Say = Callable[[str], str]
"""A text about human feedback, as it has to be said of this speaker's."""
_OTHERS = (
    ("human feedback", "{feedback}"), ("a person had", "a dialogue had"),
    ("What people say", "What was said"), ("people chose what to say", "what was said was not drawn by chance"),
    ("costs the person", "costs the speaker"),
    ("One annotator: nothing here says how other people would do.", "{alone}"),
)  # fmt: skip


def say_of(speaker: str) -> Say:
    """How to speak of this speaker's feedback; of people's, nothing changes."""
    if speaker == PEOPLE:
        return lambda text: text
    name = {UNKNOWN: "an unknown speaker", SIMULATED: "a model"}.get(speaker, speaker)
    named = {
        "feedback": f"feedback of {name}",
        "alone": f"The feedback is of {name}: it says nothing of other people.",
    }

    def say(text: str) -> str:
        for of_a_person, of_others in _OTHERS:
            text = text.replace(of_a_person, of_others.format(**named))
        return text

    return say


def relabelled(draw: Draw, say: Say) -> Draw:
    """The same figure with every label said so."""

    def drawn(figure: Any) -> None:
        draw(figure)
        for text in figure.findobj(lambda part: hasattr(part, "set_text") and hasattr(part, "get_text")):
            text.set_text(say(text.get_text()))

    return drawn
