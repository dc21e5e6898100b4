"""Session journals: append-only, hash-chained JSON Lines files, and what is derived from them.

A journal is the only record of a session. `writer.py` appends an event and syncs it before anything is shown;
`reader.py` reads a journal back and migrates older schemas; `validation.py` is `assistant verify`;
`consistency.py` and `contradictions.py` check references and times across events; `session_index.py` and
`session_summary.py` serve lists of sessions; `load.py` makes records (`records.py`, `record_parts.py`) of many
journals; `consent.py` records consent that is given or withdrawn later.

Imported by: `session`, `analysis`, `datasets`, `bench`, `cli`, `tui`. Imports: `settings`, `storage`, `core`.
Threads: the session's thread writes, under a lock on the file that keeps other processes out; any thread may read.
Processes: scans of large folders run in a process pool (`process_map.py`).
Start reading at `codec.py` (one event as one line), then `writer.py`, `reader.py` and `records.py`.
"""
