"""Control arms: answers made from the same states without the person's feedback, for comparison.

`build.py` makes an arm's events; `background.py` makes them while the person reads or types, and pauses for the
person's own requests; `backfill.py` makes them afterwards; `shuffled.py` chooses feedback about another problem.
Start reading at `build.py`.
"""
