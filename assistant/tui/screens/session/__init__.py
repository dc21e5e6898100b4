"""The session screen: the program, its verdicts, and the box for feedback.

`screen.py` composes it and has its keys, `display.py` shows a state, `feedback.py` sends what was typed.

Imported by: `tui.screens` and `tui.navigation`. Imports: widgets, `tui.view_model`, `tui.session_worker`.
Threads: the screen's thread. The session runs on a thread of its own (`tui/session_worker.py`), which posts messages.
Start reading at `screen.py`.
"""
