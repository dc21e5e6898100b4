"""Where problems come from: the starter set, data sets in known formats, and problems that the user writes.

`load.py` turns a name or a path into problems; `format_registry.py` recognises the format of a file;
`formats/` holds one module for each data set; `comparison_rule.py` and `expected_values.py` decide how a
reference's results become tests. Expected values come from running reference code in a sandbox that the caller
passes in.

Imported by: `session`, `bench`, `datasets`, `cli`, `tui`. Imports: `core`, `storage`.
Threads: loading blocks; the app does it on a worker thread. No processes of its own.
Start reading at `load.py`, then `formats/native_jsonl.py` (the project's own format).
"""
