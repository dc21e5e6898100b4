"""What users and scripts read, byte for byte: help texts, tables, report, dataset card and exported rows.

`ASSISTANT_UPDATE_GOLDEN=1 pytest -n 0 tests/golden` writes the files again; `git diff` then shows what a change means
for whoever reads the output.
"""
