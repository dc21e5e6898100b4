"""Invented personal data in feedback of ten languages, and feedback without any.

`personal_probes.jsonl` marks by `[[…]]` what must not be left; nobody's data are in it. Keys are made up here, from
`<b62:40>` and the like, so that no scanner of repositories takes a line of it for a real one. The search was
written with these in view; `held_out_probes.jsonl` was written when it was finished, and it was not changed for them.
"""

from __future__ import annotations

import json
import random
import re
import string
from dataclasses import dataclass
from pathlib import Path

_HERE = Path(__file__).parent
_ALPHABETS = {
    "b62": string.ascii_letters + string.digits,
    "hex": "0123456789abcdef",
    "digits": string.digits,
    "upper": string.ascii_uppercase + string.digits,
}


@dataclass(frozen=True)
class Probe:
    """A sentence with personal data."""

    language: str
    kind: str
    text: str
    secrets: tuple[str, ...]
    """Parts of it of which none may be left."""
    held_out: bool

    def is_left_in(self, redacted: str) -> bool:
        """Whether any part can still be read as a word."""
        return any(re.search(rf"(?<!\w){re.escape(part)}(?!\w)", redacted) for part in self.secrets)


def _made_up(match: re.Match[str], source: random.Random) -> str:
    return "".join(source.choices(_ALPHABETS[match[1]], k=int(match[2])))


def _probe(line: str, held_out: bool) -> Probe:
    row = json.loads(line)
    source = random.Random(line)
    text = re.sub(r"<(b62|hex|digits|upper):(\d+)>", lambda match: _made_up(match, source), row["text"])
    marked = " ".join(re.findall(r"\[\[(.*?)\]\]", text, re.DOTALL))
    parts = tuple(part for word in marked.split() if len(part := word.strip(".,()")) > 1)
    return Probe(row["language"], row["kind"], re.sub(r"\[\[|\]\]", "", text), parts, held_out)


def _lines(name: str) -> list[str]:
    return (_HERE / name).read_text(encoding="utf-8").splitlines()


PROBES = (
    *(_probe(line, False) for line in _lines("personal_probes.jsonl")),
    *(_probe(line, True) for line in _lines("held_out_probes.jsonl")),
)
CLEAN = tuple((row["language"], row["text"]) for row in map(json.loads, _lines("clean_sentences.jsonl")))
"""Language and sentence."""


def real_feedback(shared_data: Path) -> list[str]:
    """ILF's words about programs, sentence by sentence: written by people, and about nobody."""
    rows = (shared_data / "ilf" / "human-feedback.jsonl").read_text(encoding="utf-8").splitlines()
    texts = (" ".join(json.loads(row)["Feedback"].split()) for row in rows)
    return [sentence for text in texts for sentence in re.split(r"(?<=[.!?])\s+", text) if len(sentence) > 10]
