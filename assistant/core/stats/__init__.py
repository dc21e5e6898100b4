"""Statistics as small pure functions; tests compare each with scipy or statsmodels and with data of known answer.

Proportions (Wilson, cluster-robust intervals), exact tests (McNemar, sign), bootstrap intervals, agreement between
annotators, random effects over annotators, pass@k. Each docstring names its paper.

Imported by: `analysis`, `bench`, `datasets`, `session`. Imports: the standard library; scipy and numpy inside
functions (the extra `analysis`), with an error that says what to install.
Threads and processes: pure functions; random numbers come from a generator that the caller seeds.
Start reading at `proportion.py`.
"""
