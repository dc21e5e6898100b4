"""An answer's text apart: what the model thinks before it answers, and the answer itself.

Models mark their thinking in many dialects: `<think>` and its kin (also where only the closing tag is there,
because the chat template wrote the opening one), `[THINK]`, `<|START_THINKING|>`, Harmony's channels. Servers with
a reasoning parser take it out; everywhere else it stands in the text. The text itself is never changed: journals
keep it whole, and whoever looks for a program, or sends the dialogue on, asks here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from assistant.core.code_cleaning import clean
from assistant.core.code_regions import reaches
from assistant.core.markdown_fences import CodeBlock, layout, nested_blocks
from assistant.core.safe_ast import parse

_TAG = (
    r"(?:[a-z]{1,20}:)?"
    r"(?:think(?:ing)?|thoughts?|reasoning|reflection|analysis|scratch_?pad|inner_?(?:monologue|thoughts))"
)
_MARK = re.compile(
    rf"(?P<tag><\s{{0,4}}{_TAG}(?:\s[^<>\n]{{0,200}})?(?<!/)>)"
    rf"|(?P<untag><\s{{0,4}}/\s{{0,4}}{_TAG}\s{{0,4}}>)"
    # Harmony (gpt-oss), with or without the role before the channel.
    r"|(?P<channel>(?:<\|start\|>[^<\n]{0,80})?<\|channel\|>\s{0,4}(?P<name>\w{1,40})[^<\n]{0,80}"
    r"(?:<\|constrain\|>[^<\n]{0,80})?<\|message\|>)"
    r"|(?P<control><\|(?:end|return|call)\|>|<\|start\|>[a-z]{1,40}(?:<\|message\|>)?)"
    # Magistral, Cohere, OpenThinker, Kimi, Apertus, Gemma 4.
    r"|(?P<open>\[THINK\]|<\|START_THINKING\|>|<\|begin_of_thought\|>|◁think▷|<\|inner_prefix\|>|<\|channel>thought\b)"
    r"|(?P<close>\[/THINK\]|<\|END_THINKING\|>|<\|end_of_thought\|>|◁/think▷|<\|inner_suffix\|>|<channel\|>)",
    re.IGNORECASE,
)
_BARE_CHANNEL = re.compile(r"\A\s*analysis(?=[A-Z])")
"""Harmony whose special tokens a server left out: `analysisWe need …assistantfinalHere it is`."""
_BARE_FINAL = re.compile(r"assistant\s?final(?=[^a-z]|(?:async|def|class|import|from)\s)")
_SAID_CHANNEL = re.compile(r"\A\s*Here(?:'s| is) my thought process:", re.IGNORECASE)
"""Granite marks its parts in words."""
_SAID_FINAL = re.compile(r"^[ \t]*Here(?:'s| is) my response:", re.IGNORECASE | re.MULTILINE)
_OPENED_AT_END = re.compile(rf"(?:<{_TAG}>|\[THINK\]|<\|START_THINKING\|>|◁think▷)\s*\Z", re.IGNORECASE)


@dataclass(frozen=True)
class Split:
    """A text's two parts. `unfinished`: it ends within the thinking."""

    thinking: str
    answer: str
    unfinished: bool = False


def split_thinking(text: str, *, partial: bool = False) -> Split:
    """The thinking and the answer in `text`. `partial`: more is to come, so what is open may still be closed.

    Marks inside a fenced program that parses, in quotation marks or in `code spans` are text like any other.
    """
    for begins, ends in ((_BARE_CHANNEL, _BARE_FINAL), (_SAID_CHANNEL, _SAID_FINAL)):
        if begins.match(text):
            before, mark, after = _at(text, ends.search(text))
            return Split(before, after, unfinished=not mark)
    if _MARK.search(text) is None:
        return Split("", text)
    if not any(fence in text for fence in ("```", "~~~")) and parse(text) is not None:
        return Split("", text)
    return _Splitter(text, partial).split()


def without_thinking(text: str) -> str:
    """The answer alone, as dialogues send it on; the text as it is where nothing was thought."""
    split = split_thinking(text)
    return split.answer.strip() if split.thinking or split.unfinished else text


def thinking_length(text: str) -> int:
    """Characters of the thinking in an answer's text, its marks left out."""
    return len(split_thinking(text).thinking)


def may_mark(text: str) -> bool:
    """Whether any mark stands in `text`, whatever it means there."""
    return _MARK.search(text) is not None


def unsaid_thinking(before: str, after: str) -> bool:
    """Whether what comes `after` shows that `before` was thought, though nothing in it says so."""
    if not any(m["untag"] or m["close"] or m["channel"] for m in _MARK.finditer(after)):
        return False
    said = split_thinking(before).answer.strip()
    return bool(said) and not split_thinking(before + after).answer.strip().startswith(said)


def opened_thinking(prompt: str) -> str:
    """The mark with which a prompt's end opens the model's thinking (chat templates do); empty where none does."""
    found = _OPENED_AT_END.search(prompt)
    return found[0] if found else ""


def thinking_began(text: str) -> str:
    """The mark with which an answer's text begins its thinking, whoever wrote it; empty where it begins otherwise."""
    if said := _SAID_CHANNEL.match(text):
        return said[0].strip()
    found = _MARK.match(text, len(text) - len(text.lstrip()))
    if found is None or not (found["tag"] or found["open"] or found["channel"]):
        return ""
    return "" if (found["name"] or "").lower() == "final" else found[0]


def end_of_thinking(opening: str) -> str:
    """What a model writes to end the thinking that began with this mark and to go on with its answer."""
    if _SAID_CHANNEL.match(opening):
        return "\n\nHere is my response:\n\n"
    if "<|message|>" in opening:
        return "<|end|><|start|>assistant<|channel|>final<|message|>"
    if closing := _CLOSINGS.get(opening.upper()):
        return f"\n{closing}\n\n"
    name = re.match(r"<\s*([\w:-]+)", opening)
    return f"\n</{name[1] if name else 'think'}>\n\n"


_CLOSINGS = {
    "[THINK]": "[/THINK]",
    "<|START_THINKING|>": "<|END_THINKING|>",
    "<|BEGIN_OF_THOUGHT|>": "<|end_of_thought|>",
    "◁THINK▷": "◁/think▷",
    "<|INNER_PREFIX|>": "<|inner_suffix|>",
    "<|CHANNEL>THOUGHT": "<channel|>",
}


def thinking_marks(tokens: Iterable[str]) -> frozenset[str]:
    """Which of a tokenizer's special tokens mark thinking. Harmony's do only together: others have `<|end|>` too."""
    known = frozenset(tokens)
    harmony = _HARMONY & known if "<|channel|>" in known else frozenset()
    return harmony | {token for token in known - _HARMONY if _MARK.fullmatch(token)}


_HARMONY = frozenset(
    {"<|start|>", "<|channel|>", "<|message|>", "<|constrain|>", "<|end|>", "<|return|>", "<|call|>"}
)


@dataclass
class _Splitter:
    """Goes through the marks of one text in order."""

    text: str
    partial: bool
    thought: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    at: int = 0
    """Where the piece at hand begins."""
    depth: int = 0
    opened: int = 0
    """Where the outermost open thinking begins."""
    tries: int = 20
    closed: int = 0
    """Where the latest inner thinking ended, while the outer one is open."""

    def split(self) -> Split:
        for mark in self._marks():
            self._take(mark)
        if self.depth and self.closed and not self.partial:
            # More were opened than closed: a mark was only spoken of.
            self.thought.append(self.text[self.at : self.closed])
            rest = split_thinking(self.text[self.closed :])
            return Split(
                "".join([*self.thought, rest.thinking]), "".join([*self.said, rest.answer]), rest.unfinished
            )
        (self.thought if self.depth else self.said).append(self.text[self.at :])
        return Split("".join(self.thought), "".join(self.said), self.depth > 0)

    def _take(self, mark: re.Match[str]) -> None:
        if mark["tag"] or mark["open"]:
            self._open(mark)
        elif mark["channel"]:
            if mark["name"].lower() == "final":
                self._close(mark)
            elif not self.depth:
                self._open(mark)
        elif mark["control"]:
            self._control(mark)
        else:
            self._close(mark)

    def _open(self, mark: re.Match[str]) -> None:
        begins_line = not self._line_before(mark.start()).strip()
        if self.depth:
            self.depth += bool(begins_line and mark["tag"])
            return
        # In the middle of a sentence a tag that is never closed is only spoken of.
        if mark["tag"] and not begins_line and not self.partial and not self._closes_after(mark.end()):
            return
        self._piece(mark, self.said)
        self.depth, self.closed = 1, 0

    def _close(self, mark: re.Match[str]) -> None:
        if self.depth > 1 and not mark["channel"]:
            self.depth -= 1
            self.closed = mark.end()
        elif self.depth:
            self._piece(mark, self.thought)
            self.depth = 0
        else:
            # The template, or a mark that went missing, opened it: all that came before was thought.
            self._piece(mark, self.said)
            self.thought += self.said
            self.said = []

    def _control(self, mark: re.Match[str]) -> None:
        self._piece(mark, self.thought if self.depth else self.said)
        self.depth = 0

    def _piece(self, mark: re.Match[str], pieces: list[str]) -> None:
        pieces.append(self.text[self.at : mark.start()])
        self.at = mark.end()

    def _marks(self) -> Iterator[re.Match[str]]:
        """The marks that mean something. Fences are read anew after each: those of the thinking may stay open."""
        spans: list[tuple[int, int]] | None = None
        since = 0
        for mark in _MARK.finditer(self.text):
            if self.at != since:
                spans, since = None, self.at
            if _is_quoted(self._line_before(mark.start()), self._line_after(mark.end())):
                continue
            if spans is None and _has_fence(self.text, since, mark.start()):
                spans = list(_code_spans(self.text, since))
            fenced = any(begin <= mark.start() < end for begin, end in spans or ())
            if not fenced and not self._in_code(since, mark.start()):
                yield mark

    def _in_code(self, since: int, at: int) -> bool:
        """Whether the place lies in a string of a program that has no fence."""
        before = self.text[since:at]
        if not (before.count('"""') % 2 or before.count("'''") % 2) or self.tries <= 0:
            return False
        self.tries -= 1
        return reaches(self.text[since:].split("\n"), before.count("\n"))

    def _line_before(self, at: int) -> str:
        """What stands on the mark's line before it, other marks left out."""
        return self.text[max(self.at, self.text.rfind("\n", 0, at) + 1) : at]

    def _line_after(self, at: int) -> str:
        end = self.text.find("\n", at)
        return self.text[at : end if end >= 0 else len(self.text)]

    def _closes_after(self, at: int) -> bool:
        return any(m["untag"] or m["close"] for m in _MARK.finditer(self.text, at))


def _is_quoted(before: str, after: str) -> bool:
    """The mark stands in a code span or in quotation marks on its line."""
    if before.count("`") % 2 and "`" in after:
        return True
    if before[-1:] in ("'", '"', "`") or (after[:1] in ("'", '"', "`") and not after.startswith("```")):
        return True
    return before.count('"') % 2 == 1 and '"' in after


def _has_fence(text: str, start: int, end: int) -> bool:
    return text.find("```", start, end) >= 0 or text.find("~~~", start, end) >= 0


def _code_spans(text: str, start: int) -> Iterator[tuple[int, int]]:
    """Closed blocks from `start` on that are what they claim to be: a mark in them is part of a program."""
    for block in layout(text[start:]).blocks:
        if block.closed and _is_code(block):
            yield start + block.start, start + block.end


def _is_code(block: CodeBlock) -> bool:
    cleaned = clean(block.text) if block.is_python else None
    return not block.is_python or bool(cleaned and cleaned.whole) or bool(nested_blocks(block))


def _at(text: str, mark: re.Match[str] | None) -> tuple[str, str, str]:
    return (text, "", "") if mark is None else (text[: mark.start()], mark[0], text[mark.end() :])
