"""Text for widgets: styled spans, syntax colours, and the differences of two programs.

`spans.py` defines a line as styled pieces, `highlight.py` colours code with pygments, `diff.py` compares two texts
line by line and side by side.

Imported by: `tui` only. Imports: `core`, pygments; no widget and no textual.
Threads: pure functions of their arguments, so any thread may call them.
Start reading at `spans.py`.
"""
