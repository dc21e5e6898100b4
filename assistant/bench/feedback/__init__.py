"""Recorded human feedback as a benchmark: answers to the person's feedback and to controls from the same state.

`feedback_states.py` takes the states from journals; `feedback_jobs.py` makes a job for each state and arm;
`simulated_feedback.py` lets a model speak in the person's place; `summary.py` and `report.py` compare the arms.

Imported by: `cli`. Imports: `bench`, `session`, `core`.
Threads: jobs run on the runner's threads (`bench.runner`); the modules here hold no state between jobs.
Start reading at `feedback_states.py`, then `feedback_jobs.py` and `report.py`.
"""
