"""The experiments of the paper as batch runs."""
