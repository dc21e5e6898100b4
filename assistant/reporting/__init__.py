"""Shared presentation of results: the plot style. Imports `core` only."""
