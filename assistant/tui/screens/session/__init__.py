"""The session screen: the program, its verdicts, and the box for feedback.

`screen.py` acts on the session and `layout.py` shows it. What they tie together owns its own state and knows neither:
`live_session.py` (the thread, the state, the effort clock), `programs.py` (timeline, code, diff, verdicts),
`feedback.py`, `editing.py` and `status.py`.

Imported by: `tui.navigation`. Imports: widgets, `tui.view_model`, `tui.session_worker`, `tui.context`.
Threads: the screen's thread. The session runs on a thread of its own (`tui/session_worker.py`), which posts messages.
Start reading at `screen.py`.
"""
