"""Figures: each function draws one figure from results and reads no journal. The same results give the same bytes.

Imported by: `analysis.figure_list`. Imports matplotlib through `core.optional_deps`.
"""
