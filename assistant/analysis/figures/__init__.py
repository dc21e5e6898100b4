"""Figures: each function draws one figure from results and reads no journal. The same results give the same bytes.

One module for each subject: `solve_rate.py`, `lift.py`, `cost.py`, `feedback.py`. The style is
`reporting.plot_style`: colours that stay distinct without colour vision, one font, and fixed sizes.

Imported by: `analysis.figure_list`, which says which figures a report has. Imports: matplotlib through
`core.optional_deps`, `analysis.results`.
Threads: matplotlib's state is process-wide; used from the main thread of the command only.
Start reading at `solve_rate.py`.
"""
