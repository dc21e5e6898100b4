"""The paper's execution experiment: the model predicts what a program returns for an input.

Start reading at `plan.py` (the jobs), then `call_questions.py` and `report.py`.
"""
