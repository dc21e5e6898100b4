"""The paper's protocol on a whole set of problems: real sessions in which words stand in for a person's.

`protocol_config.py` says what is asked and takes the problems; `stand_in.py` speaks, from recorded words or through a
server; `hold.py` holds the sessions, many at once; `outcomes.py` and `summary.py` count them, `report.py` shows them.

Imported by: `cli`. Imports: `bench`, `session`, `journal`, `problems` and below; curves are passed in by `cli`.
Threads: each session runs in a thread of `hold.py`'s pool; the engine steps their requests together.
Start reading at `hold.py`, then `stand_in.py`.
"""
