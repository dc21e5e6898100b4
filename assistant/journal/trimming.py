"""Takes out of a journal's line, by its bytes, what no figure needs: there is half as much to parse then.

Quotes inside JSON texts are escaped, so what is looked for with its quotes is never part of one. A line in which
something is not found where the app writes it stays whole.
"""

from __future__ import annotations

_Cut = tuple[bytes, bytes]
"""What begins the part to be left out, and what comes right behind it."""
_CUTS: dict[bytes, tuple[_Cut, ...]] = {
    b"generation_started": ((b',"messages":[', b',"sampling":{'),),
    b"generation_finished": ((b',"text":"', b',"reason":"'), (b',"output_ids":', b',"notes":[')),
}
_REPORTS = {b"tests_finished": b',"visible":{"outcome":"', b"hidden_scored": b',"hidden":{"outcome":"'}

_SEALS = (b'"sealed":true,', b'"sealed":false,')


def trimmed(kind: bytes, line: bytes) -> bytes:
    """`line`, an event of type `kind`, without prompts, tokens, raw answers and cases."""
    if kind in _REPORTS:
        return _report_in_short(line, _REPORTS[kind])
    for start, behind in _CUTS.get(kind, ()):
        at = line.find(start)
        end = line.find(behind, at) if at >= 0 else -1
        if end > at:
            line = line[:at] + line[end:]
    return line


def _report_in_short(line: bytes, start: bytes) -> bytes:
    """The report is the line's last field, and its outcome and seal are the report's first."""
    at = line.find(start)
    end = line.find(b'",', at + len(start)) if at >= 0 else -1
    if end < 0 or not line.endswith(b"}}"):
        return line
    seal = next((seal for seal in _SEALS if line.startswith(seal, end + 2)), b"")
    return line[: end + 2] + seal[:-1] + b"}}" if seal else line
