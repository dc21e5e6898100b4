"""One file for each format: its columns, and the rows that a session gives."""
