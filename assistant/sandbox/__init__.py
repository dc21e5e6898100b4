"""Runs untrusted programs behind walls and gives verdicts that the program under test cannot forge."""
