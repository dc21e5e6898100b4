"""What journals show: solve rates, control arms, effort, agreement, figures, and a report.

`journal/load.py` reads journals into records; `results.py` computes every number once, for the terminal
(`text_report.py`), the report (`report.py`), the tables and the figures. Results depend on the
journals only: the same journals give the same bytes.

Imported by: `cli`. Imports: `journal`, `reporting`, `core`.
Threads: runs on the main thread of `assistant analyze`; DuckDB, which writes the tables, uses threads of its own.
Start reading at `analyze.py` (the order of the steps) and `results.py`; `journal/records.py` says what a session is.
"""
