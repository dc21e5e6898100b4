"""Widgets: each shows one value that its screen assigns, and posts messages; none knows the session or the app.

Start reading at `virtual_list.py` (a list that renders only visible lines) and `code_view.py`.
"""
