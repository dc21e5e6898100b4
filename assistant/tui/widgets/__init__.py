"""Widgets: each shows one value that its screen assigns, and posts messages; none knows the session or the app.

Lists and code are drawn line by line (`virtual_list.py`), so that ten thousand lines cost what a screenful does.

Imported by: `tui.screens`. Imports: textual, `tui.text`, `core`.
Threads: the screen's thread only; another thread posts a message in place of calling a widget.
Start reading at `virtual_list.py` (a list that renders only visible lines) and `code_view.py`.
"""
