"""Control arms: answers made from the same states without the person's feedback, for comparison.

`build.py` makes an arm's events; `background.py` makes them (and, before them, further draws) while the person
reads or types, and pauses for the person's own requests; `backfill.py` makes them afterwards; `shuffled.py` chooses
feedback about another problem.
What an arm is stands in `core/control_arms.py`; a plugin may bring another one.

Imported by: `session`, `bench`, `cli` (`assistant arms`), `tui`. Imports: `session.prompting`, `core`, `journal`.
Threads: `background.py` has one thread of its own, which the session's thread pauses and resumes.
Start reading at `build.py`.
"""
