"""The paper's execution experiment: the model predicts what a program returns for an input.

`call_questions.py` chooses calls and records what the reference returns; `plan.py` makes the jobs; `values.py` reads
the predicted value as a literal and compares it; `report.py` gives the rates.

Imported by: `cli`. Imports: `bench`, `problems`, `core`. Nothing that a model wrote is run here: predicted values are
parsed, never evaluated.
Threads: jobs run on the runner's threads (`bench.runner`); the modules here hold no state between jobs.
Start reading at `plan.py`, then `call_questions.py` and `report.py`.
"""
