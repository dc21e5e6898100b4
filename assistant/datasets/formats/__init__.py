"""One module for each export format: its columns, and the rows that a session gives.

A format is a `Format` value (`base.py`): a name, columns with their types and descriptions, and a function from all
sessions of one problem to rows. Columns follow TRL's names, so that its trainers take the files as they are.

Imported by: `datasets.build_rows`, by entry point (`assistant.export_formats` in pyproject.toml), so another package
can bring a format. Imports: `datasets.session_view`, `core`.
Threads and processes: pure functions; rows of many sessions may be built in several processes.
Start reading at `base.py`, then `sft.py`.
"""
