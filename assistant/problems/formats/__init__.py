"""One module for each data set: how its records are recognised and how a record becomes a problem.

Imported by: `problems.format_registry`. A new format is a new module here and one entry in the registry.
Start reading at `native_jsonl.py` (the simplest), then `humaneval.py`.
"""
