"""Recorded human feedback as a benchmark: answers to the person's feedback and to controls from the same state.

Start reading at `feedback_states.py` (what is taken from the journals), then `feedback_jobs.py` and `report.py`.
"""
