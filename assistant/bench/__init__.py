"""The experiments of the paper as resumable batch runs: synthesis, execution, feedback.

`benchmark_run.py` runs the missing jobs of a run folder and writes its summary; `runner.py` generates and judges in
parallel; `metrics.py` and `aggregates.py` compute the figures; `compare.py` compares two runs of the same tasks.
Each experiment is a sub-package with a plan (its jobs) and a report.

Imported by: `cli`. Imports: `session`, `sandbox`, `problems`, `journal`, `reporting` and below; the engine is
passed in.
Threads: generating threads take batches of jobs; a pool of judging threads runs their tests in the sandbox.
Start reading at `benchmark_run.py`, then `jobs.py` and `synthesis/synthesis_config.py`.
"""
