"""The paper's synthesis experiment: programs from task descriptions, sampled and judged by hidden tests.

`synthesis_config.py` holds the options, plans the jobs and writes the prompts (`few_shot.py`: the examples in them);
`variants.py` crosses options; `summary.py`, `report.py` and `figure.py` give pass@k with its intervals.

Imported by: `cli`. Imports: `bench`, `problems`, `core`.
Threads: jobs run on the runner's threads (`bench.runner`); the modules here hold no state between jobs.
Start reading at `synthesis_config.py`, then `variants.py` and `report.py`.
"""
