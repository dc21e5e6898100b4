"""Journals made into datasets that others can use."""
