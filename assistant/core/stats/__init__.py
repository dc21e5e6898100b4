"""Statistics as small pure functions; tests compare each with scipy or statsmodels and with data of known answer.

Proportions (Wilson), exact tests, bootstrap intervals, agreement between annotators, random effects, pass@k.
Imports the standard library only. Start reading at `proportion.py`.
"""
