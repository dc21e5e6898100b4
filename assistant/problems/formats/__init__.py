"""One module for each data set: how its records are recognised and how a record becomes a problem.

A module has `NAME`, `FIELDS` (what a record must hold), `recognise(record)` and `convert(record, where)`; it may
have `ORDER` (lower is tried first) and `left_out(record)`. A bad record raises `BadRecord`: it is skipped
by name, and the others are kept.

Imported by: `problems.format_registry`, by entry point (`assistant.problem_formats` in pyproject.toml), so another
package can bring a format. Imports: `problems` and `core`.
Threads and processes: pure functions of a record; none.
Start reading at `native_jsonl.py` (the simplest), then `humaneval.py`.
"""
