"""The command line's own parts: options and how they reach the commands."""
