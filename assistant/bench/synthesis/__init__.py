"""The paper's synthesis experiment: programs from task descriptions, sampled and judged by hidden tests.

Start reading at `synthesis_config.py` (the options), then `plan.py` and `report.py`.
"""
