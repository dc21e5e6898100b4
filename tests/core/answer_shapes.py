"""The shapes in which models answer: each takes a program (and its entry point) and gives an answer around it."""

from __future__ import annotations

import textwrap
from collections.abc import Callable

Shape = Callable[[str, str], str]
"""From a program (which ends with a newline) and its entry point to an answer."""

DRAFT = "def {name}(*args):\n    return 'draft'\n"


def _indent(code: str, by: str) -> str:
    return textwrap.indent(code, by)


def _quoted(code: str) -> str:
    return "".join(f"> {line}" if line.strip() else ">\n" for line in code.splitlines(keepends=True))


def _prompted(code: str) -> str:
    """As a session at the interpreter's prompt shows it."""
    first, *rest = code.rstrip("\n").split("\n")
    return "\n".join([f">>> {first}", *(f"... {line}".rstrip() for line in rest), "... "]) + "\n"


def _numbered(code: str) -> str:
    return "".join(f"{n:3} | {line}" for n, line in enumerate(code.splitlines(keepends=True), start=1))


def _draft(name: str) -> str:
    return f"```python\n{DRAFT.format(name=name)}```\n"


FENCED: dict[str, Shape] = {
    "fence": lambda p, n: f"```python\n{p}```\n",
    "fence with prose": lambda p, n: f"Sure!\n\n```python\n{p}```\n\nThis isn't hard: it returns `x`.\n",
    "bare fence": lambda p, n: f"```\n{p}```\n",
    "tildes": lambda p, n: f"~~~python\n{p}~~~\n",
    "long fence": lambda p, n: f"`````py\n{p}`````\n",
    "closing fence longer": lambda p, n: f"```python\n{p}`````\n",
    "language in capitals": lambda p, n: f"```Python3\n{p}```\n",
    "attributes": lambda p, n: f'```{{.python .numberLines}}\n{p}```\nOr:\n```python title="a.py"\n{p}```\n',
    "file name": lambda p, n: f"```python:solution.py\n{p}```\n",
    "language apart": lambda p, n: f"``` python\n{p}```\n",
    "indented": lambda p, n: f"Try this:\n\n  ```python\n{_indent(p, '  ')}  ```\n",
    "in a list": lambda p, n: f"1. First:\n   ```python\n{_indent(p, '   ')}   ```\n2. Then run it.\n",
    "list mark before the fence": lambda p, n: f"- ```python\n{_indent(p, '  ')}  ```\n",
    "block quote": lambda p, n: f"As you said:\n\n> ```python\n{_quoted(p)}> ```\n\nDone.\n",
    "words before the fence": lambda p, n: f"Here is the code: ```python\n{p}```\nIt's done.\n",
    "code on the opening line": lambda p, n: f"```python {p}```\n",
    "closing fence behind code": lambda p, n: f"```python\n{p.rstrip()}```\nDone.\n",
    "never closed": lambda p, n: f"```python\n{p}",
    "never closed, prose": lambda p, n: f"```python\n{p}\nThis doesn't use a loop: it's fast.\n",
    "carriage returns": lambda p, n: f"Sure:\n\n```python\n{p}```\n\nDone.\n".replace("\n", "\r\n"),
    "language line": lambda p, n: f"```\npython\n{p}```\n",
    "shell first": lambda p, n: f"```bash\npip install numpy\n```\n\n```python\n{p}```\n",
    "shell inside": lambda p, n: f"```python\n!pip install numpy\n{p}```\n",
    "prose inside, after": lambda p, n: f"```python\n{p}\nThis function doesn't loop.\n```\n",
    "prose inside, before": lambda p, n: f"```python\nHere's the function you want:\n\n{p}```\n",
    "output after": lambda p, n: f"```python\n{p}```\n\nOutput:\n\n```\nTrue\n4 items\n```\n",
    "usage after": lambda p, n: f"```python\n{p}```\n\n```python\nresult = {n}(3)\nprint(result)\n```\n",
    "usage imports it": lambda p, n: (
        f"```python\n{p}```\n\n```python\nfrom your_module import {n}\n{n}(3)\n```\n"
    ),
    "usage rebinds it": lambda p, n: f"```python\n{p}```\n\n```python\n{n} = {n}(3)\n```\n",
    "tests after": lambda p, n: f"```python\n{p}```\n\n```python\nassert {n}(1) == {n}(1)\n```\n",
    "unittest after": lambda p, n: (
        f"```python\n{p}```\nTests:\n```python\nimport unittest\nfrom solution import {n}\n\n"
        f"class TestIt(unittest.TestCase):\n    def test_{n}(self):\n        self.assertTrue({n})\n```\n"
    ),
    "stub before": lambda p, n: (
        f"The stub:\n```python\ndef {n}(x):\n    pass\n```\nFilled in:\n```python\n{p}```\n"
    ),
    "stub after": lambda p, n: f"```python\n{p}```\nFrom this stub:\n```python\ndef {n}(x):\n    ...\n```\n",
    "zero width": lambda p, n: f"```python\n\u200b{p}\ufeff```\n",
    "no-break indentation": lambda p, n: f"```python\n{_no_break(p)}```\n",
    "prompts": lambda p, n: f"```python\n{_prompted(p)}```\n",
    "numbered lines": lambda p, n: f"```python\n{_numbered(p)}```\n",
    "a difference": lambda p, n: f"```diff\n{_indent_all(p, '+')}```\n",
    "markdown document": lambda p, n: f"````markdown\n# Answer\n```python\n{p}```\n````\n",
    "bare outer fence": lambda p, n: f"````\n```python\n{p}```\n````\n",
    "next turn, ChatML": lambda p, n: (
        f"```python\n{p}```<|im_end|>\n<|im_start|>user\nMore<|im_end|>\n<|im_start|>assistant\n{_draft(n)}"
    ),
    "next turn, Gemma": lambda p, n: f"```python\n{p}```\n<end_of_turn>\n<start_of_turn>model\n{_draft(n)}",
    "next turn, Mistral": lambda p, n: f"```python\n{p}```\n</s>[INST] More [/INST] {_draft(n)}",
    "first fence never closed": lambda p, n: f"```text\nAn idea.\n\n```python\n{p}```\n",
    "other language tag": lambda p, n: f"```text\n{p}```\n",
}
BARE: dict[str, Shape] = {
    "nothing around": lambda p, n: p,
    "prose around": lambda p, n: f"Here's what you need:\n\n{p}\nThis doesn't loop; it's quick.\n",
    "no opening fence": lambda p, n: f"{p}```\nThis solves it, doesn't it?\n",
    "closing fence behind code, no opening": lambda p, n: f"{p.rstrip()}```\nThis solves it.\n",
    "four spaces": lambda p, n: f"Here it is:\n\n{_indent(p, '    ')}\nIt solves the task.\n",
    "begin and done": lambda p, n: f"[BEGIN]\n{p}[DONE]\n",
    "tags": lambda p, n: f"<code>\n{p}</code>\n",
    "next example": lambda p, n: (
        f"[BEGIN]\n{p}[DONE]\n\nAnother task.\n[BEGIN]\n{DRAFT.format(name=n)}[DONE]\n"
    ),
    "next turn, Alpaca": lambda p, n: f"{p}\n### Instruction:\nAgain.\n### Response:\n{DRAFT.format(name=n)}",
    "next turn, Llama": lambda p, n: (
        f"{p}<|eot_id|><|start_header_id|>user<|end_header_id|>\n\nMore<|eot_id|>\n{_draft(n)}"
    ),
    "answer tags": lambda p, n: f"<answer>\n```python\n{p}```\n</answer>\n",
}
THINKING: dict[str, Shape] = {
    "think": lambda p, n: f"<think>\nMaybe:\n{_draft(n)}No.\n</think>\n\n```python\n{p}```\n",
    "thinking": lambda p, n: f"<thinking>{_draft(n)}</thinking>\n```python\n{p}```\n",
    "capitals and attributes": lambda p, n: f'<Think step="1">\n{_draft(n)}</THINK >\n```python\n{p}```\n',
    "closing tag alone": lambda p, n: f"Maybe:\n{_draft(n)}No, so:\n</think>\n\n```python\n{p}```\n",
    "unclosed fence in it": lambda p, n: f"<think>\n```python\ndef {n}(x:\n\n</think>\n\n```python\n{p}```\n",
    "unclosed bare fence": lambda p, n: f"<reasoning>\n```\ndef {n}(x:\n</reasoning>\n```\n{p}```\n",
    "mentions": lambda p, n: (
        f"<think>I close `</think>` when done.\n{_draft(n)}</think>\n```python\n{p}```\n"
    ),
    "nested": lambda p, n: f"<think>\na\n<think>\nb\n</think>\n{_draft(n)}\n</think>\n```python\n{p}```\n",
    "twice": lambda p, n: f"<think>a</think>\nWell.\n<think>\n{_draft(n)}</think>\n```python\n{p}```\n",
    "after it, too": lambda p, n: f"```python\n{p}```\n<think>\n{_draft(n)}\n</think>\nDone.\n",
    "Magistral": lambda p, n: f"[THINK]{_draft(n)}[/THINK]```python\n{p}```\n",
    "Seed": lambda p, n: f"<seed:think>\n{_draft(n)}</seed:think>```python\n{p}```\n",
    "Cohere": lambda p, n: f"<|START_THINKING|>{_draft(n)}<|END_THINKING|>\n```python\n{p}```\n",
    "Granite": lambda p, n: (
        f"Here is my thought process:\n{_draft(n)}Here is my response:\n```python\n{p}```\n"
    ),
    "inner monologue": lambda p, n: f"<inner_monologue>\n{_draft(n)}</inner_monologue>\n```python\n{p}```\n",
    "Harmony": lambda p, n: (
        f"<|channel|>analysis<|message|>Maybe\n{_draft(n)}<|end|><|start|>assistant<|channel|>final<|message|>"
        f"Here:\n```python\n{p}```<|return|>\n"
    ),
    "Harmony, analysis not ended": lambda p, n: (
        f"<|channel|>analysis<|message|>\n{_draft(n)}<|channel|>final<|message|>\n```python\n{p}```\n"
    ),
    "Harmony without its tokens": lambda p, n: (
        f"analysisWe need\n{_draft(n)}assistantfinal```python\n{p}```\n"
    ),
    "empty": lambda p, n: f"<think>\n\n</think>\n\n```python\n{p}```\n",
}
SHAPES = FENCED | BARE | THINKING


def _no_break(code: str) -> str:
    lines = code.split("\n")
    return "\n".join("\u00a0" * (len(line) - len(line.lstrip(" "))) + line.lstrip(" ") for line in lines)


def _indent_all(code: str, by: str) -> str:
    return "".join(by + line for line in code.splitlines(keepends=True))
