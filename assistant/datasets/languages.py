"""The language of people's words, detected: a dataset of feedback is not English because its programs are Python."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from assistant.datasets.extras import need

SURE = 0.3
"""Probability from which a detected language counts, where the next one has less than half of it."""
FEW = 12
"""Letters; what is shorter says nothing."""
_NOT_WORDS = re.compile(r"`[^`]*`|\[[\w-]+\]|https?://\S+|\S*[\d_=()\[\]{}<>/\\@]\S*|['\"][^'\"\s]*['\"]")
"""Code, values, addresses and placeholders within a text."""


def language_of(text: str) -> str:
    """ISO 639-1 code of the language that the text is in; empty where it is too short or mixed to tell."""
    words = " ".join(_NOT_WORDS.sub(" ", text).split())
    if sum(map(str.isalpha, words)) < FEW:
        return ""
    (language, probability), (_, next_one), *_ = _identifier().rank(words.lower())
    return str(language) if probability >= SURE and 2 * next_one < probability else ""


@cache
def _identifier() -> Any:
    """langid's model, read once for a process."""
    module = need("py3langid.langid")
    return module.LanguageIdentifier.from_model_file(module.MODEL_FILE, norm_probs=True)
