"""Finding the program in a model's answer, leniently: fenced or not, several fences, prose around it, cut off."""

from __future__ import annotations

import ast
import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from assistant.core.code_cleaning import best_parts, clean
from assistant.core.code_regions import dedented, open_string
from assistant.core.definitions import (
    Level,
    defined_names,
    imports_everything,
    level,
    method_holder,
    needed_names,
)
from assistant.core.generation import Finish
from assistant.core.markdown_fences import CodeBlock, fenced_blocks, layout
from assistant.core.safe_ast import parse
from assistant.core.thinking import split_thinking

_SPAN = re.compile(r"(?<!`)(`{1,3})(?!`)([^`\n]{5,500})\1(?!`)")
_MOST_SPANS = 20
_TURN_END = re.compile(
    r"^[ \t]*\[DONE\][ \t]*$|(?:<\|(?:im_end|eot_id|end_of_text|endoftext|end|im_start|start_header_id)\|>"
    r"|<end_of_turn>|</s>)(?=[ \t]*$|<\||\[|[a-z]+[ \t]*$)|^#{2,3} (?:Instruction|User|Human|Input)\b[^\n]*$",
    re.MULTILINE,
)
"""Ends the model's own turn: a base model goes on with the next example, a server may leave special tokens in."""
_MOST_ENDS = 10
NO_CODE = "the answer contains no code"
ONLY_THOUGHT = "the answer is all thinking and contains no code"
CUT_WHILE_THINKING = "the model was still thinking when the limit was reached (--max-tokens raises it)"


@dataclass(frozen=True)
class Answer:
    """The program in an answer. `code` is None when there is none; `problem` says in one line what is amiss."""

    code: str | None
    problem: str = ""
    certain: bool = False
    """The program was taken whole, from a closed block that defines what it should."""


def extract_code(text: str, entry_point: str = "") -> Answer:
    """The program in `text` that defines `entry_point` (a function, `Class.method`, or empty for any program).

    What the model thinks is no part of it. Of several blocks the last that defines the entry point is taken, with
    the blocks that define names it needs. Code that does not parse is still returned: its syntax error is a
    verdict.
    """
    split = split_thinking(text)
    return _in_answer(
        _newlines(split.answer), entry_point, ONLY_THOUGHT if split.thinking.strip() else NO_CODE
    )


def read_answer(finish: Finish, entry_point: str = "") -> Answer:
    """The program in a finished answer; one without says whether the model was still thinking."""
    answer = extract_code(finish.text, entry_point)
    if answer.code is not None:
        return answer
    unfinished = split_thinking(finish.text).unfinished
    silent = finish.thinking_characters > 0 and not finish.text.strip()
    if finish.reason == "length" and (unfinished or silent):
        return replace(answer, problem=CUT_WHILE_THINKING)
    return replace(answer, problem=ONLY_THOUGHT) if silent else answer


def certain_program(text: str, entry_point: str) -> Answer | None:
    """The program of an answer that is still being written, if the text's last line closes the block of one."""
    split = split_thinking(text, partial=True)
    if split.unfinished:
        return None
    said = _newlines(split.answer)
    blocks = layout(said).blocks
    if not blocks or not blocks[-1].closed or said[blocks[-1].end :].strip():
        return None
    answer = _in_answer(said, entry_point, NO_CODE)
    return answer if answer.certain and answer.code is not None and not answer.problem else None


def _in_answer(text: str, entry_point: str, otherwise: str) -> Answer:
    name = unicodedata.normalize("NFKC", entry_point.split(".")[0])
    text = _own_turn(text, name)
    candidates = list(_candidates(text, name))
    chosen = _choose(candidates)
    if chosen is None or not chosen.code.strip():
        return Answer(None, otherwise)
    code = _with_helpers(chosen, candidates, name)
    certain = chosen.certain and chosen.level is Level.DEFINED
    return replace(_judge(code, name), certain=certain)


def _own_turn(text: str, name: str) -> str:
    """The text up to where the model goes on with a turn that is not its own, once a program came before."""
    spans: list[tuple[int, int]] | None = None
    for mark in list(_TURN_END.finditer(text))[:_MOST_ENDS]:
        if parse(text) is not None:  # a program that names the mark
            return text
        if spans is None:
            spans = [(b.start, b.end) for b in layout(text).blocks if b.closed and parse(b.text) is not None]
        head = text[: mark.start()]
        if open_string(head) or any(start <= mark.start() < end for start, end in spans):
            continue
        if any(c.level is Level.DEFINED for c in _candidates(head, name)):
            return head
    return text


@dataclass(frozen=True)
class _Candidate:
    """A piece of the answer that may be the program."""

    code: str
    level: Level
    rank: int
    """2 from a block of Python, 1 from another block, 0 from the text around."""
    order: int
    certain: bool = False

    @cached_property
    def tree(self) -> ast.Module | None:
        return parse(self.code)

    @cached_property
    def defines(self) -> set[str]:
        return defined_names(self.code)

    @cached_property
    def needs(self) -> tuple[frozenset[str], frozenset[str]]:
        """Names taken from elsewhere: as soon as it runs, and in all."""
        return needed_names(self.code)


def _candidates(text: str, name: str) -> Iterator[_Candidate]:
    order = 0
    for order, block in enumerate(b for b in fenced_blocks(text) if b.text.strip()):
        if (found := _from_block(block, name, order)) is not None:
            yield found
    for piece in layout(text).prose:
        order += 1
        if (code := best_parts(piece)) and (defined_names(code) or not name):
            yield _Candidate(_ended(code), level(parse(code), code, name), 0, order)
        elif (code := _broken(piece, name)) and code.strip():
            yield _Candidate(_ended(code), Level.ATTEMPT, 0, order)
    if name:
        for span in list(_SPAN.finditer(text))[:_MOST_SPANS]:
            code = span[2].strip()
            if level(parse(code), code, name) is Level.DEFINED:
                yield _Candidate(_ended(code), Level.STUB, 0, order + 1)


def _from_block(block: CodeBlock, name: str, order: int) -> _Candidate | None:
    cleaned = clean(block.text)
    if cleaned is None:
        if not block.is_python:
            return None
        return _Candidate(_ended(block.text), level(None, block.text, name), 2, order)
    tree = parse(cleaned.code)
    if not cleaned.whole and level(None, block.text, name) is Level.ATTEMPT:
        defined = level(tree, cleaned.code, name)
        if defined < Level.ATTEMPT:  # better its syntax error than the part without the definition
            return _Candidate(_ended(block.text), Level.ATTEMPT, 2 if block.is_python else 1, order)
    certain = block.closed and cleaned.whole and block.is_python
    rank = 2 if block.is_python else 1
    return _Candidate(_ended(cleaned.code), level(tree, cleaned.code, name), rank, order, certain)


def _broken(piece: str, name: str) -> str:
    """Text without a fence in which a definition begins and does not parse: from its first line on."""
    if level(None, piece, name) is not Level.ATTEMPT:
        return ""
    lines = piece.split("\n")
    start = next(
        (i for i, line in enumerate(lines) if re.match(r"\s*(?:(?:async\s+)?def|class)\s", line)), None
    )
    return dedented(lines[start:]) if start is not None else ""


def _choose(candidates: Sequence[_Candidate]) -> _Candidate | None:
    """The last of those that define best; where none does, the longest that parses."""
    best = max(candidates, key=lambda c: (c.level, c.rank, c.order), default=None)
    if best is None or best.level > Level.NONE:
        return best
    return max(candidates, key=lambda c: (c.tree is not None, c.rank, len(c.code)))


def _with_helpers(chosen: _Candidate, candidates: Sequence[_Candidate], name: str) -> str:
    """The program with the pieces that define what it needs, and what those need in turn."""
    if chosen.tree is None:
        return chosen.code
    others = [c for c in candidates if c is not chosen and c.tree is not None and c.level is Level.NONE]
    others = [c for c in others if c.defines or imports_everything(c.tree or ast.Module([], []))]
    taken, missing = _helpers(chosen, others)
    stars = [c for c in others if c not in taken and c.tree and imports_everything(c.tree)] if missing else []
    before: list[_Candidate] = []
    after: list[_Candidate] = []
    for helper in (*stars, *taken):
        late = name in helper.needs[0] or (
            helper.order > chosen.order and not helper.defines & chosen.needs[0]
        )
        (after if late and helper not in stars else before).append(helper)
    ordered = [*sorted(before, key=_order), chosen, *sorted(after, key=_order)]
    return "\n\n\n".join([*(c.code.rstrip() for c in ordered[:-1]), ordered[-1].code])


def _order(candidate: _Candidate) -> int:
    return candidate.order


def _helpers(chosen: _Candidate, others: Sequence[_Candidate]) -> tuple[list[_Candidate], set[str]]:
    taken: list[_Candidate] = []
    missing = set(chosen.needs[1])
    while True:
        found = [c for c in others if c not in taken and c.defines & missing]
        if not found:
            return taken, missing
        for helper in found:
            taken.append(helper)
            missing |= helper.needs[1]
        for helper in (chosen, *taken):
            missing -= helper.defines


def _judge(code: str, name: str) -> Answer:
    tree = parse(code)
    if tree is None or not name or name in defined_names(code):
        return Answer(code)
    holder = method_holder(tree, name)
    if holder is not None:
        return Answer(f"{code.rstrip()}\n\n\n{name} = {holder}.{name}\n")
    functions = [
        n.name for n in tree.body if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    ]
    if not functions:
        return Answer(code, f"the answer defines no function `{name}`")
    return Answer(code, f"the answer defines `{'`, `'.join(functions[:4])}` and not `{name}`")


def _ended(code: str) -> str:
    return code.rstrip() + "\n"


def _newlines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")
