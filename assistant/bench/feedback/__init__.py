"""Recorded human feedback as a benchmark: the person's words against controls from the same state."""
