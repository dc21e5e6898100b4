"""Columns of the datasets: one small language for Arrow's schema and for the card's features."""

from __future__ import annotations

from typing import Any

from assistant.datasets.extras import need

MESSAGES = "messages"
"""A list of `{role, content}`."""
CHAT = "chat"
"""A list of `{role, content, weight}`."""
JSON = "json"
"""Any value, in Arrow as a text: of formats that are written as files of their own."""
Columns = dict[str, str]

PROVENANCE: Columns = {
    "session": "string", "program": "string", "round": "int64", "arm": "string", "edited": "bool",
    "annotator": "string", "origin": "string", "speaker": "string", "study": "string", "model": "string",
    "model_revision": "string",
    "weights_sha256": "string", "precision": "string", "template_sha256": "string", "schema": "int64",
    "journal_sha256": "string", "code_sha256": "string", "visible_passed": "bool", "hidden_passed": "bool",
    "visible_sealed": "bool", "hidden_sealed": "bool", "leaky": "bool", "redacted": "bool", "problem": "string",
    "problem_sha256": "string", "content_sha256": "string", "source": "string", "licence": "string",
    "group": "string", "overlaps": "strings",
}  # fmt: skip
"""In every row: who made it, with what, how it was judged, and on which problem."""

PROVENANCE_WORDS = {
    "session": "the journal's session",
    "program": "the program that is learned from, as named in the journal",
    "round": "feedbacks before it",
    "arm": "how it was asked for: `human` by a person's feedback, `simulated` by a model's, `unknown` by an unknown "
    "speaker's, `draw` a further draw, or a control",
    "edited": "a person wrote it by editing the model's program",
    "annotator": "pseudonym of the person",
    "origin": "`people`, `simulated`, `unknown`, or the dataset that the session was imported from",
    "speaker": "whose feedback: `people`, `model NAME`, `simulated` (a model without a name), or `unknown speaker`",
    "study": "the study's name, if any",
    "model, model_revision, weights_sha256, precision": "what generated it",
    "template_sha256": "the prompt template",
    "schema": "of the journal",
    "journal_sha256": "hash of the journal's last line: names its exact content",
    "code_sha256": "of the program as it was tested",
    "visible_passed, hidden_passed": "verdicts; null where no such test ran",
    "visible_sealed, hidden_sealed": "whether the program could not have forged the verdict",
    "leaky": "feedback on the way to it gave away the solution",
    "redacted": "personal data was replaced in this row",
    "problem, problem_sha256, content_sha256, source, licence": "the problem and whose it is",
    "group": "smallest content hash among its near-duplicates: splits never part a group",
    "overlaps": "MBPP or HumanEval test problems that it is a near-duplicate of",
}

REJECTED: Columns = {
    f"rejected_{name}": PROVENANCE[name]
    for name in (
        "session", "program", "round", "arm", "edited", "annotator", "model", "model_revision", "weights_sha256",
        "visible_passed", "hidden_passed", "visible_sealed", "hidden_sealed",
    )
}  # fmt: skip
"""The same of a pair's other program."""


def arrow_schema(columns: Columns) -> Any:
    """The columns as Arrow's schema."""
    pa = need("pyarrow")
    return pa.schema([pa.field(name, _arrow(pa, kind)) for name, kind in columns.items()])


def _arrow(pa: Any, kind: str) -> Any:
    if kind in (MESSAGES, CHAT):
        weight = [("weight", pa.int64())] if kind == CHAT else []
        return pa.list_(pa.struct([("role", pa.string()), ("content", pa.string()), *weight]))
    if kind in ("strings", "bools", "ints"):
        return pa.list_({"strings": pa.string(), "bools": pa.bool_(), "ints": pa.int64()}[kind])
    return {
        "string": pa.string(),
        JSON: pa.string(),
        "bool": pa.bool_(),
        "int64": pa.int64(),
        "float64": pa.float64(),
    }[kind]


def feature(name: str, kind: str) -> dict[str, Any]:
    """The column in the card's header, as `datasets` writes its features."""
    if kind in (MESSAGES, CHAT):
        fields = {"role": "string", "content": "string", **({"weight": "int64"} if kind == CHAT else {})}
        return {"name": name, "list": [{"name": field, "dtype": dtype} for field, dtype in fields.items()]}
    if kind in ("strings", "bools", "ints"):
        return {"name": name, "list": {"strings": "string", "bools": "bool", "ints": "int64"}[kind]}
    return {"name": name, "dtype": kind}
